import {
  getNamedType,
  getNullableType,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isListType,
  isNonNullType,
  isObjectType,
  isUnionType,
  OperationTypeNode,
} from 'graphql';
import type {
  GraphQLArgument,
  GraphQLField,
  GraphQLInputType,
  GraphQLNamedType,
  GraphQLObjectType,
  GraphQLSchema,
} from 'graphql';

type Random = (below: number) => number;

/** An operation that fits the schema, with values that mostly fit their types and are mostly strange. */
export interface FuzzOperation {
  kind: `${OperationTypeNode}`;
  query: string;
  variables: Record<string, unknown>;
}

/** Texts that have broken something somewhere: quoting, lengths, encodings, prototypes, formats, other languages. */
export const STRANGE_TEXTS: readonly string[] = [
  '',
  ' ',
  'a',
  "'; DROP TABLE run; --",
  '" OR 1=1',
  '\\',
  '%_%',
  '$1',
  '{}',
  '__proto__',
  'constructor',
  'toString',
  'null',
  'undefined',
  'NaN',
  '-0',
  '1e999',
  '\u202e',
  '\ufeff',
  '😀'.repeat(50),
  'é'.normalize('NFD'),
  'x'.repeat(2_001),
  'x'.repeat(70_000),
  '../../etc/passwd',
  'file:///etc/passwd',
  'http://127.0.0.1:9/',
  'http://[::1]:9/',
  'https://user:pass@example.invalid/',
  'javascript:1',
  '<script>',
  '${7*7}',
  '\r\nX-Injected: 1',
  '2026-02-30T00:00:00Z',
  '2026-03-29T02:30:00',
  '0001-01-01T00:00:00Z',
  '9999-12-31T23:59:59.999Z',
  '+275760-09-13T00:00:00Z',
  '-000001-01-01T00:00:00Z',
  '2026-11-21T00:00:00+99:99',
  '2027-01-01T00:00:00.123456789Z',
  '24:00:00',
  'PT0S',
  'PT1H',
  'P1D',
  '-PT1H',
  'P99999Y',
  'PT0.0000001S',
  'P1Y2M3DT4H5M6.789S',
  'Europe/Berlin',
  'europe/berlin',
  'Mars/Olympus',
  '+25:00',
  '0 0 * * *',
  '* * * * * *',
  '0 0 31 2 *',
  'H H * * *',
  '@reboot',
  '99 99 99 99 99',
  'FREQ=DAILY;COUNT=0',
  'FREQ=SECONDLY;INTERVAL=0',
  'FREQ=YEARLY;BYEASTER=1',
  'DTSTART:19970902T090000\nRRULE:FREQ=DAILY',
  'BEGIN:VCALENDAR\nBEGIN:VEVENT\nEND:VCALENDAR',
  'eyJ2IjoxfQ',
  'AAAAAAAAAAAAAAAAAAAAAA==',
  '9223372036854775808',
];
/** No database takes these, so no request may bring them. */
const UNSTORABLE: readonly string[] = ['\u0000', '\ud800', 'a\u0000b', '\udc00\ud800'];
const STRANGE_NUMBERS: readonly number[] = [
  0,
  -0,
  -1,
  1,
  2,
  5,
  100,
  101,
  2_147_483_647,
  -2_147_483_648,
  2_147_483_648,
  2 ** 53,
  2 ** 63,
  1e308,
  -1e308,
  0.1,
  1e-320,
];

const MAX_DEPTH = 4;

/**
 * Makes operations of a schema.
 * @param known  ids, names, keys and cursors that stand for something: without them nothing would get far
 */
export function createFuzzer(schema: GraphQLSchema, random: Random, known: () => readonly string[]) {
  const pick = <T>(list: readonly T[]): T => list[random(list.length)] as T;
  const chance = (percent: number) => random(100) < percent;
  let variables: Record<string, unknown> = {};
  let declared: string[] = [];

  const text = (): string => (random(400) === 0 ? pick(UNSTORABLE) : storable());
  const storable = (): string => (chance(55) && known().length > 0 ? pick(known()) : pick(STRANGE_TEXTS));

  function json(depth: number): unknown {
    if (depth > 0 && chance(40)) {
      if (chance(50)) return Array.from({ length: random(4) }, () => json(depth - 1));
      return Object.fromEntries(Array.from({ length: random(4) }, () => [text().slice(0, 100), json(depth - 1)]));
    }
    return pick<() => unknown>([text, () => pick(STRANGE_NUMBERS), () => chance(50), () => null])();
  }

  /** A value of a variable, in JSON. */
  function value(type: GraphQLInputType, depth: number): unknown {
    if (random(300) === 0) return json(2);
    if (!isNonNullType(type) && chance(15)) return null;
    const inner = getNullableType(type);
    if (isListType(inner)) {
      if (chance(1)) return Array.from({ length: 1_500 }, () => pick(known().length > 0 ? known() : STRANGE_TEXTS));
      return Array.from({ length: random(4) }, () => value(inner.ofType, depth - 1));
    }
    if (isEnumType(inner)) return random(300) === 0 ? text() : pick(inner.getValues()).name;
    if (isInputObjectType(inner)) {
      const fields = Object.values(inner.getFields());
      if (inner.isOneOf) {
        const leaves = fields.filter((field) => depth > 0 || !isInputObjectType(getNamedType(field.type)));
        const chosen = random(200) > 0 ? [pick(leaves.length > 0 ? leaves : fields)] : fields.slice(0, 2);
        return Object.fromEntries(chosen.map((field) => [field.name, value(field.type, depth - 1) ?? '']));
      }
      const wanted = fields.filter((field) => random(200) > 0 && (isNonNullType(field.type) || (depth > 0 && chance(30))));
      return Object.fromEntries(wanted.map((field) => [field.name, value(field.type, depth - 1)]));
    }
    switch (inner.name) {
      case 'Int':
      case 'Float':
        return chance(90) ? random(20) : chance(95) ? pick(STRANGE_NUMBERS) : text();
      case 'Boolean':
        return random(300) > 0 ? chance(50) : text();
      case 'JSON':
        return json(3);
      case 'JSONObject':
        return { [text().slice(0, 50)]: json(3) };
      case 'DateTime':
        return chance(92) ? new Date(Date.UTC(2026, 11, 1 + random(60))).toISOString() : text();
      default:
        return text();
    }
  }

  function argument({ name, type }: GraphQLArgument): string {
    const variable = `v${declared.length}`;
    const page = ['first', 'last', 'batchSize'].includes(name);
    declared.push(`$${variable}: ${String(type)}`);
    variables[variable] = page && chance(80) ? 1 + random(5) : value(type, 4);
    return `${name}: $${variable}`;
  }

  function field(node: GraphQLField<unknown, unknown>, depth: number): string {
    const wanted = node.args.filter((arg) => (isNonNullType(arg.type) && arg.defaultValue === undefined) || chance(25));
    const given = wanted.length === 0 ? '' : `(${wanted.map(argument).join(', ')})`;
    const inner = getNamedType(node.type);
    const alias = chance(5) ? `a${random(10_000)}: ` : '';
    const directive =
      random(500) === 0 ? pick([' @unknown', ' @skip']) : chance(3) ? pick([' @skip(if: false)', ' @include(if: true)']) : '';
    return `${alias}${node.name}${given}${directive}${selections(inner, depth - 1)}`;
  }

  function selections(type: GraphQLNamedType, depth: number): string {
    if (isUnionType(type)) return '{ __typename }';
    if (!isObjectType(type) && !isInterfaceType(type)) return '';
    const all = Object.values(type.getFields());
    const leaves = all.filter((node) => selectable(getNamedType(node.type)) === false);
    const chosen = all.filter((node) => chance(depth > 0 ? 25 : 0) || (leaves.includes(node) && chance(30)));
    const parts = ['__typename', ...chosen.map((node) => field(node, depth))];
    if (isInterfaceType(type) && depth > 0) {
      const { name } = pick(schema.getPossibleTypes(type));
      parts.push(`... on ${name} ${selections(schema.getType(name) as GraphQLObjectType, depth - 1)}`);
    }
    return ` { ${parts.join(' ')} }`;
  }

  const selectable = (type: GraphQLNamedType) => isObjectType(type) || isInterfaceType(type) || isUnionType(type);

  return {
    operation(kinds: readonly OperationTypeNode[]): FuzzOperation {
      variables = {};
      declared = [];
      const kind = pick(kinds);
      const root = schema.getRootType(kind) as GraphQLObjectType;
      const count = kind === OperationTypeNode.SUBSCRIPTION ? 1 : 1 + random(3);
      const fields = Array.from({ length: count }, (_, index) => {
        const text_ = field(pick(Object.values(root.getFields())), MAX_DEPTH);
        return count === 1 || text_.includes(': ', 0) ? `r${index}: ${text_.replace(/^a\d: /, '')}` : text_;
      });
      const head = declared.length === 0 ? '' : `(${declared.join(', ')})`;
      return { kind, query: `${kind} Fuzz${head} { ${fields.join(' ')} }`, variables };
    },
    /** The same text with a few characters taken out, doubled or replaced. */
    damaged(source: string): string {
      let damaged = source;
      for (let times = 1 + random(3); times > 0; times -= 1) {
        const at = random(damaged.length + 1);
        const end = at + random(8);
        damaged =
          damaged.slice(0, at) +
          pick(['', pick(STRANGE_TEXTS).slice(0, 50), damaged.slice(at, end).repeat(2)]) +
          damaged.slice(end);
      }
      return damaged;
    },
    json,
    text,
    pick,
    chance,
  };
}
