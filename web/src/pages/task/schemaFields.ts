/** What a JSON Schema says of an input, in words. */

export interface SchemaField {
  /** options.region */
  path: string;
  /** text, whole number, one of "a", "b" */
  type: string;
  required: boolean;
  description: string | null;
  /** As JSON; null: there is none. */
  fallback: string | null;
  /** 2 to 5 characters; null: none that is known here. */
  limits: string | null;
}

type Schema = Readonly<Record<string, unknown>>;

/** Deeper ones stand in the schema itself, which is shown as well. */
const MAX_LEVELS = 4;

/** The fields of an object, those of objects in it as well; none of what is no object. */
export function schemaFields(schema: Schema, prefix = '', levels = MAX_LEVELS): SchemaField[] {
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).flatMap(([name, value]) => {
    if (!isObject(value)) return [];
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const field: SchemaField = {
      path,
      type: typeWords(value),
      required: required.includes(name) && value['default'] === undefined,
      description: typeof value['description'] === 'string' ? value['description'] : null,
      fallback: value['default'] === undefined ? null : JSON.stringify(value['default']),
      limits: limitWords(value),
    };
    return [field, ...(levels > 1 ? schemaFields(value, path, levels - 1) : [])];
  });
}

function typeWords(schema: Schema): string {
  const { type, enum: values, items } = schema as { type?: unknown; enum?: unknown; items?: unknown };
  if (schema['const'] !== undefined) return `always ${JSON.stringify(schema['const'])}`;
  if (Array.isArray(values)) return `one of ${values.map((each) => JSON.stringify(each)).join(', ')}`;
  const choices = [schema['anyOf'], schema['oneOf']].find(Array.isArray) as unknown[] | undefined;
  if (choices) return [...new Set(choices.filter(isObject).map(typeWords))].join(' or ');
  if (Array.isArray(type)) return type.map((each) => typeWords({ ...schema, type: each as unknown })).join(' or ');
  switch (type) {
    case 'string':
      return typeof schema['format'] === 'string' ? `text (${schema['format']})` : 'text';
    case 'integer':
      return 'whole number';
    case 'number':
      return 'number';
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'array':
      return isObject(items) ? `list of ${typeWords(items)}` : 'list';
    case 'object':
      return 'object';
    default:
      return 'anything';
  }
}

const LIMITS: readonly (readonly [least: string, most: string, of: string])[] = [
  ['minimum', 'maximum', ''],
  ['minLength', 'maxLength', ' characters'],
  ['minItems', 'maxItems', ' items'],
];

function limitWords(schema: Schema): string | null {
  const words = LIMITS.flatMap(([least, most, of]) => {
    const from = boundOf(schema[least], -1);
    const to = boundOf(schema[most], 1);
    if (from === null && to === null) return [];
    if (from === to) return [`exactly ${from}${of}`];
    return [to === null ? `at least ${from}${of}` : from === null ? `at most ${to}${of}` : `${from} to ${to}${of}`];
  });
  if (typeof schema['pattern'] === 'string') words.push(`matches ${schema['pattern']}`);
  return words.length === 0 ? null : words.join(', ');
}

/** What code generators write for "any integer" says nothing to people. */
function boundOf(value: unknown, sign: 1 | -1): number | null {
  return typeof value !== 'number' || value * sign >= Number.MAX_SAFE_INTEGER ? null : value;
}

/** An input to begin with: what is required, with its defaults or something of its type. */
export function sketchOf(schema: Schema, levels = MAX_LEVELS): Record<string, unknown> {
  const required = Array.isArray(schema['required']) ? (schema['required'] as unknown[]) : [];
  return Object.fromEntries(
    Object.entries(isObject(schema['properties']) ? schema['properties'] : {}).flatMap(([name, value]) =>
      isObject(value) && (required.includes(name) || value['default'] !== undefined) ? [[name, sample(value, levels - 1)]] : [],
    ),
  );
}

function sample(schema: Schema, levels: number): unknown {
  if (schema['default'] !== undefined) return schema['default'];
  if (schema['const'] !== undefined) return schema['const'];
  if (Array.isArray(schema['enum'])) return schema['enum'][0] as unknown;
  const choice = ([schema['anyOf'], schema['oneOf']].find(Array.isArray) as unknown[] | undefined)?.find(isObject);
  if (choice && levels > 0) return sample(choice, levels - 1);
  const type: unknown = Array.isArray(schema['type']) ? schema['type'][0] : schema['type'];
  switch (type) {
    case 'string':
      return '';
    case 'integer':
    case 'number':
      return typeof schema['minimum'] === 'number' && schema['minimum'] > 0 ? schema['minimum'] : 0;
    case 'boolean':
      return false;
    case 'array':
      return [];
    case 'object':
      return levels > 0 ? sketchOf(schema, levels) : {};
    default:
      return null;
  }
}

const isObject = (value: unknown): value is Schema => typeof value === 'object' && value !== null && !Array.isArray(value);
