import { isRecord } from '../parts/path.ts';

/** How one part of a task's input is asked for. */
export interface InputField {
  /** In what holds it. */
  name: string;
  label: string;
  description?: string;
  required: boolean;
  /** What the task takes when nothing is given, as its schema says. */
  usual?: unknown;
  ask: Ask;
}

type Ask =
  | { as: 'TEXT'; long: boolean; minLength?: number; maxLength?: number }
  | { as: 'NUMBER'; whole: boolean; min?: number; max?: number }
  | { as: 'YES_NO' }
  | { as: 'CHOICE'; options: readonly unknown[] }
  | { as: 'OBJECT'; fields: readonly InputField[] }
  | { as: 'LIST'; item: InputField }
  /** What cannot be drawn is written as JSON. */
  | { as: 'JSON' };

/** Deeper objects than this are written as JSON. */
const MAX_DEPTH = 6;

/** The fields of an input form; null when the schema of a task does not say which there are. */
export function inputFieldsOf(schema: unknown): readonly InputField[] | null {
  if (!isRecord(schema)) return null;
  const resolved = resolve(schema, schema);
  const ask = askFor(resolved, schema, 0);
  return ask.as === 'OBJECT' && ask.fields.length > 0 ? ask.fields : null;
}

function askFor(schema: Record<string, unknown>, root: Record<string, unknown>, depth: number): Ask {
  const json: Ask = { as: 'JSON' };
  // What several schemas say together, or one of several, has no form of its own.
  if (
    ['anyOf', 'oneOf', 'allOf', 'not', 'if', 'patternProperties', 'prefixItems', 'dependentSchemas'].some(
      (name) => name in schema,
    )
  )
    return json;
  const options = 'const' in schema ? [schema['const']] : schema['enum'];
  if (Array.isArray(options))
    return options.every((option) => !isRecord(option) && !Array.isArray(option)) ? { as: 'CHOICE', options } : json;
  const limit = <Name extends string>(name: string, as: Name) =>
    (typeof schema[name] === 'number' ? { [as]: schema[name] } : {}) as { [Key in Name]?: number };
  switch (schema['type']) {
    case 'string': {
      const max = limit('maxLength', 'maxLength');
      return { as: 'TEXT', long: (max.maxLength ?? 0) > 200, ...limit('minLength', 'minLength'), ...max };
    }
    case 'integer':
    case 'number':
      return { as: 'NUMBER', whole: schema['type'] === 'integer', ...limit('minimum', 'min'), ...limit('maximum', 'max') };
    case 'boolean':
      return { as: 'YES_NO' };
    case 'array':
      if (!isRecord(schema['items']) || depth >= MAX_DEPTH) return json;
      return { as: 'LIST', item: fieldOf('', schema['items'], root, true, depth + 1) };
    case 'object': {
      const properties = schema['properties'];
      // Fields of any name are not to be drawn: the form would hide them.
      if (!isRecord(properties) || isRecord(schema['additionalProperties']) || depth >= MAX_DEPTH) return json;
      const required = Array.isArray(schema['required']) ? schema['required'] : [];
      const fields = Object.entries(properties).map(([name, inner]) =>
        fieldOf(name, isRecord(inner) ? inner : {}, root, required.includes(name), depth + 1),
      );
      // A schema that was stored has lost the order of its fields: what must be given comes first.
      return {
        as: 'OBJECT',
        fields: [...fields.filter((field) => field.required), ...fields.filter((field) => !field.required)],
      };
    }
    default:
      return json;
  }
}

function fieldOf(
  name: string,
  given: Record<string, unknown>,
  root: Record<string, unknown>,
  required: boolean,
  depth: number,
): InputField {
  const schema = resolve(given, root);
  const { title, description } = schema;
  return {
    name,
    label: typeof title === 'string' && title !== '' ? title : name,
    ...(typeof description === 'string' && description !== '' && { description }),
    required,
    ...('default' in schema && { usual: schema['default'] }),
    ask: askFor(schema, root, depth),
  };
}

/** Follows $ref within the schema; what stands beside it is kept. What leads nowhere, or round, is drawn as JSON. */
function resolve(schema: Record<string, unknown>, root: Record<string, unknown>): Record<string, unknown> {
  let here = withoutNull(schema);
  for (let hops = 0; typeof here['$ref'] === 'string'; hops += 1) {
    const { $ref: reference, ...beside } = here;
    const target = hops < 10 ? pointed(root, reference as string) : undefined;
    here = withoutNull({ ...(isRecord(target) ? target : {}), ...beside });
  }
  return here;
}

/** What may also be null is asked for as what else it may be: an empty field is left out. */
function withoutNull(schema: Record<string, unknown>): Record<string, unknown> {
  const { anyOf, type, ...beside } = schema;
  if (Array.isArray(anyOf) && anyOf.length === 2) {
    const other = anyOf.filter((each) => !(isRecord(each) && each['type'] === 'null'));
    if (other.length === 1 && isRecord(other[0])) return { ...other[0], ...beside };
  }
  if (!Array.isArray(type)) return schema;
  const types = type.filter((each) => each !== 'null');
  return { ...schema, type: types.length === 1 ? types[0] : type };
}

function pointed(root: Record<string, unknown>, reference: string): unknown {
  if (!reference.startsWith('#')) return undefined;
  const parts = reference
    .slice(1)
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  return parts.reduce<unknown>((here, part) => (isRecord(here) && Object.hasOwn(here, part) ? here[part] : undefined), root);
}
