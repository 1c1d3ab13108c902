import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildSchema, getIntrospectionQuery, parse, validate } from 'graphql';
import { checkLimits, LIMITS, measure } from '../../src/graphql/limits.ts';
import type { Measurement } from '../../src/graphql/limits.ts';

const schema = buildSchema(`
  type Query {
    hello: String
    me: Item
    nodes(ids: [ID!]!): [Item]!
    items(first: Int = 25, last: Int, after: String): Connection!
    open(first: Int): Connection!
    times(first: Int = 5): [String!]!
    fires(first: Int = 5): [Item!]!
    many(first: Int = 300): [Item!]!
    thing: Thing
    apply(input: Document!): Applied!
  }
  input Document { schedules: [Int!]! prune: Boolean = false }
  type Applied { changes: [Item!]! }
  interface Thing { id: ID }
  type Item implements Thing { id: ID name: String self: Item parts: [Item!]! items(first: Int = 10, last: Int): Connection! }
  type Connection { nodes: [Item!]! edges: [Edge!]! pageInfo: PageInfo! }
  type Edge { node: Item! }
  type PageInfo { hasNextPage: Boolean }
`);

function figures(source: string, variables: Record<string, unknown> = {}): Measurement {
  const document = parse(source);
  assert.deepEqual(validate(schema, document), []);
  return measure(schema, document, null, variables);
}

const cases: { rule: string; source: string; variables?: Record<string, unknown>; want: Partial<Measurement> }[] = [
  { rule: 'a leaf at the root is one deep', source: '{ hello }', want: { depth: 1, nodes: 0, fields: 1, rootFields: 1 } },
  { rule: 'a plain object counts one', source: '{ me { id self { id } } }', want: { depth: 3, nodes: 2, fields: 4 } },
  { rule: 'a plain list counts one per parent', source: '{ me { parts { parts { id } } } }', want: { nodes: 3 } },
  { rule: 'a page: the connection and its nodes', source: '{ items(first: 100) { nodes { id } } }', want: { nodes: 101 } },
  { rule: 'pageInfo is not paged', source: '{ items(first: 100) { pageInfo { hasNextPage } } }', want: { nodes: 2 } },
  { rule: 'edges: the edge and its node', source: '{ items(first: 10) { edges { node { id } } } }', want: { nodes: 21 } },
  {
    rule: 'pages multiply down the tree',
    source: '{ items(first: 10) { nodes { items(first: 20) { nodes { id } } } } }',
    want: { nodes: 221 },
  },
  { rule: "the argument's default counts", source: '{ items { nodes { id } } }', want: { nodes: 26 } },
  {
    rule: 'variables count',
    source: 'query ($n: Int) { items(first: $n) { nodes { id } } }',
    variables: { n: 100_000 },
    want: { nodes: 100_001 },
  },
  {
    rule: 'a variable that is not sent leaves the default',
    source: 'query ($n: Int) { items(first: $n) { nodes { id } } }',
    want: { nodes: 26 },
  },
  { rule: 'last counts as first does', source: '{ items(last: 30) { nodes { id } } }', want: { nodes: 31 } },
  { rule: "first's default does not count beside last", source: '{ items(last: 5) { nodes { id } } }', want: { nodes: 6 } },
  {
    rule: 'nor does a variable for it that is not sent',
    source: 'query ($n: Int, $m: Int) { items(first: $n, last: $m) { nodes { id } } }',
    variables: { m: 5 },
    want: { nodes: 6 },
  },
  {
    rule: 'of both that are stated the larger counts',
    source: '{ items(first: 40, last: 5) { nodes { id } } }',
    want: { nodes: 41 },
  },
  { rule: 'last: null is no last', source: '{ items(last: null) { nodes { id } } }', want: { nodes: 26 } },
  { rule: 'no size stated: the largest page', source: '{ open { nodes { id } } }', want: { nodes: 101 } },
  { rule: 'null is no size', source: '{ items(first: null) { nodes { id } } }', want: { nodes: 101 } },
  {
    rule: 'null counts as the default where that is more than a page',
    source: '{ many(first: null) { id } }',
    want: { nodes: 300 },
  },
  { rule: 'zero and less count one', source: '{ items(first: -5) { nodes { id } } }', want: { nodes: 2 } },
  { rule: 'a list of ids has its length', source: '{ nodes(ids: ["a", "b", "c"]) { id } }', want: { nodes: 3, fields: 4 } },
  { rule: 'a paged list without a connection', source: '{ fires(first: 50) { id } }', want: { nodes: 50, fields: 51 } },
  { rule: 'a paged list of leaves', source: '{ times(first: 70) }', want: { nodes: 0, fields: 70 } },
  { rule: 'an alias is a field of its own', source: '{ a: me { id } b: me { id } c: hello }', want: { nodes: 2, rootFields: 3 } },
  {
    rule: 'a fragment costs what it costs where it is spread',
    source: '{ a: items(first: 100) { ...C } b: items(first: 1) { ...C } } fragment C on Connection { nodes { id } }',
    want: { nodes: 103 },
  },
  {
    rule: 'fragments hide neither depth nor pages nor root fields',
    source: `{ ...R } fragment R on Query { hello ...S } fragment S on Query { ... { items(first: 10) { ...C } } }
      fragment C on Connection { nodes { ... on Thing { id } ... on Item { self { id } } } }`,
    want: { depth: 4, nodes: 21, rootFields: 2 },
  },
  {
    rule: 'what @skip and @include leave out does not count',
    source: 'query ($yes: Boolean!) { me @skip(if: $yes) { id } hello @include(if: false) }',
    variables: { yes: true },
    want: { nodes: 0, fields: 0, rootFields: 0 },
  },
  {
    rule: 'what they keep counts',
    source: 'query ($yes: Boolean!) { me @include(if: $yes) { id } }',
    variables: { yes: true },
    want: { nodes: 1 },
  },
  {
    rule: 'a document counts a node for every ten of its entries, for each object that is asked of them',
    source: 'query ($all: [Int!]!) { apply(input: { schedules: $all }) { changes { id self { id } } } }',
    variables: { all: Array.from({ length: 1_000 }, () => 1) },
    want: { nodes: 201, fields: 302 },
  },
  {
    rule: 'one that prunes counts as the largest: what it deletes is not known before',
    source: '{ apply(input: { schedules: [], prune: true }) { changes { id } } }',
    want: { nodes: 501 },
  },
  { rule: 'an empty document counts one', source: '{ apply(input: { schedules: [] }) { changes { id } } }', want: { nodes: 2 } },
  { rule: '__typename is a field', source: '{ __typename me { __typename } }', want: { depth: 2, fields: 3, rootFields: 2 } },
];
for (const { rule, source, variables, want } of cases) {
  test(rule, () => {
    const measured = figures(source, variables);
    for (const [figure, value] of Object.entries(want)) assert.equal(measured[figure as keyof Measurement], value, figure);
  });
}

const nested = (levels: number) => `{ me ${'{ self '.repeat(levels)}{ id }${' }'.repeat(levels)} }`;
const over = [
  { rule: 'depth', source: nested(LIMITS.maxDepth - 1), figure: 'depth', value: 16 },
  { rule: 'objects', source: '{ items(first: 5000) { nodes { id } } }', figure: 'nodes', value: 5001 },
  {
    rule: 'root fields',
    source: `{ ${Array.from({ length: 21 }, (_, n) => `a${n}: hello`).join(' ')} }`,
    figure: 'rootFields',
    value: 21,
  },
  {
    rule: 'values, multiplied by aliases of leaves',
    source: `{ items(first: 4000) { nodes { ${Array.from({ length: 20 }, (_, n) => `a${n}: id`).join(' ')} } } }`,
    figure: 'fields',
    value: 80_002,
  },
];
for (const { rule, source, figure, value } of over) {
  test(`too many ${rule}: the message names the figure and the limit`, () => {
    const error = checkLimits(figures(source));
    assert.equal(error?.extensions['code'], 'OPERATION_TOO_COMPLEX');
    assert.match(error.message, new RegExp(`${figure} ${value}, limit \\d+`));
  });
}

test('every limit may be reached exactly', () => {
  assert.equal(checkLimits({ depth: 15, nodes: 5000, fields: 50_000, rootFields: 20 }), null);
});

test('a page of 100 with its nested pages of five fits', () => {
  const source =
    '{ items(first: 100) { nodes { id name items(first: 5) { nodes { id name self { id } } } } pageInfo { hasNextPage } } }';
  assert.equal(checkLimits(figures(source)), null);
});

test('the introspection query of the tools fits', () => {
  const document = parse(getIntrospectionQuery({ oneOf: true }), { maxLexicalTokens: LIMITS.maxTokens });
  assert.equal(checkLimits(measure(schema, document, null, {})), null);
});

test('fragments that spread each other twice are measured in linear time', () => {
  const levels = 60;
  const fragments = Array.from(
    { length: levels },
    (_, n) => `fragment F${n} on Item { a: self { ...F${n + 1} } b: self { ...F${n + 1} } }`,
  );
  const document = parse(`{ me { ...F0 } } ${fragments.join(' ')} fragment F${levels} on Item { id }`);
  const measured = measure(schema, document, null, {});
  assert.equal(measured.depth, levels + 2);
  assert.equal(measured.nodes, 2 ** (levels + 1) - 1);
});
