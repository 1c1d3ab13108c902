import { Ajv2020 } from 'ajv/dist/2020.js';
import type { ErrorObject, ValidateFunction } from 'ajv/dist/2020.js';

/** A JSON Schema (draft 2020-12) that a code task declares for its input. */
export type InputSchema = Record<string, unknown>;

/** Something about an input that its schema does not allow. `path` leads into the input. */
export interface InputFault {
  path: string[];
  message: string;
}

/** Schemas are texts of code, so there are as many as there are versions of tasks. */
const CACHE = 500;
const MAX_SHOWN_CHARS = 60;
const compiled = new Map<string, ValidateFunction>();

/**
 * Checks an input where it is written. The task's own code checks again when it is fired, and knows more (refinements that JSON
 * Schema has no words for).
 * @param input  null stands for an empty object
 * @throws Error when the schema itself cannot be compiled: it was checked when the task was registered
 */
export function inputFaults(schema: InputSchema, input: Record<string, unknown> | null): InputFault[] {
  const validate = compileSchema(schema);
  if (validate(input ?? {})) return [];
  return (validate.errors ?? []).filter((error) => error.keyword !== 'if').map((error) => describe(error, input ?? {}));
}

/** @throws Error when it is no JSON Schema */
export function compileSchema(schema: InputSchema): ValidateFunction {
  const key = JSON.stringify(schema);
  const validate = compiled.get(key) ?? newAjv().compile(schema);
  compiled.delete(key);
  compiled.set(key, validate);
  if (compiled.size > CACHE) compiled.delete(compiled.keys().next().value as string);
  return validate;
}

/** A compiler for each schema: two that carry the same $id must not meet. Formats are the business of the code's own check. */
function newAjv(): Ajv2020 {
  return new Ajv2020({ allErrors: true, strict: false, validateFormats: false, verbose: true });
}

function describe(error: ErrorObject, input: Record<string, unknown>): InputFault {
  const path = error.instancePath.split('/').slice(1).map(unescape);
  if (error.keyword === 'required') {
    const missing = String(error.params['missingProperty']);
    return { path: [...path, missing], message: `${missing} is missing.` };
  }
  if (error.keyword === 'additionalProperties') {
    const extra = String(error.params['additionalProperty']);
    return { path: [...path, extra], message: `${extra} is not known here.` };
  }
  const allowed = error.keyword === 'enum' ? `: ${JSON.stringify(error.params['allowedValues'])}` : '';
  const name = path.at(-1) ?? 'input';
  return { path, message: `${name} ${error.message}${allowed}; it is ${shown(path.length === 0 ? input : error.data)}.` };
}

function unescape(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'undefined';
  return text.length > MAX_SHOWN_CHARS ? `${text.slice(0, MAX_SHOWN_CHARS)}…` : text;
}
