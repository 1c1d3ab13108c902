import assert from 'node:assert/strict';
import { Writable } from 'node:stream';
import { test } from 'node:test';
import { buildSchema, graphql, GraphQLError } from 'graphql';
import { pino } from 'pino';
import { can, Forbidden } from '../../src/auth/can.ts';
import { apiError, maskError } from '../../src/graphql/errors.ts';
import type { ErrorCode } from '../../src/graphql/errors.ts';

const SECRET = 'SELECT password FROM app_user';

function maskWithLog(error: unknown) {
  const lines: { level: number; requestId: string; err: { message: string; stack: string } }[] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const shown = maskError(error, pino(sink), 'req-1');
  return { shown, lines, text: JSON.stringify(shown) };
}

const PASSING: Exclude<ErrorCode, 'INTERNAL_SERVER_ERROR'>[] = [
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'BAD_USER_INPUT',
  'GRAPHQL_PARSE_FAILED',
  'GRAPHQL_VALIDATION_FAILED',
  'OPERATION_TOO_COMPLEX',
  'RATE_LIMITED',
  'CURSOR_EXPIRED',
  'UNAVAILABLE',
];
for (const code of PASSING) {
  test(`${code} passes with its message and facts, and is not logged`, () => {
    const { shown, lines } = maskWithLog(apiError(code, 'why', { fact: 1 }));
    assert.deepEqual(shown, { message: 'why', extensions: { code, fact: 1 } });
    assert.deepEqual(lines, []);
  });
}

test('a message that repeats a long value is cut in the middle', () => {
  const { shown } = maskWithLog(apiError('BAD_USER_INPUT', `Value "${'x'.repeat(500_000)}" is no date`));
  assert.ok(shown.message.length < 2_100);
  assert.match(shown.message, /^Value "x+ … x+" is no date$/);
});

test("a command's Forbidden is answered as FORBIDDEN", () => {
  const viewer = { actor: { kind: 'USER' as const, id: 'u', name: null }, role: 'VIEWER' as const };
  assert.equal(can(viewer, 'schedule.create'), false);
  const forbidden = new Forbidden(viewer, 'schedule.create');
  const { shown, lines } = maskWithLog(new GraphQLError('x', { path: ['createSchedule'], originalError: forbidden }));
  assert.deepEqual(shown, { message: forbidden.message, path: ['createSchedule'], extensions: { code: 'FORBIDDEN' } });
  assert.deepEqual(lines, []);
});

const hidden: [string, unknown][] = [
  ['an Error', new Error(SECRET)],
  ['a GraphQLError without a code', new GraphQLError(SECRET)],
  ['a GraphQLError with an unknown code', new GraphQLError(SECRET, { extensions: { code: 'MINE' } })],
  ['a GraphQLError that says internal', apiError('INTERNAL_SERVER_ERROR', SECRET)],
  ['an Error wrapped by graphql-js', new GraphQLError(SECRET, { path: ['a'], originalError: new Error(SECRET) })],
  ['an Error whose code is on the prototype of objects', new GraphQLError(SECRET, { extensions: { code: 'constructor' } })],
];
for (const [rule, error] of hidden) {
  test(`${rule} is hidden behind the request id and logged once with its stack`, () => {
    const { shown, lines, text } = maskWithLog(error);
    assert.equal(shown.message, 'Internal server error (request req-1)');
    assert.deepEqual(shown.extensions, { code: 'INTERNAL_SERVER_ERROR', requestId: 'req-1' });
    assert.ok(!text.includes(SECRET) && !text.includes('errors.test.ts'));
    assert.equal(lines.length, 1);
    assert.equal(lines[0]?.requestId, 'req-1');
    assert.equal(lines[0]?.err.message, SECRET);
    assert.match(lines[0]?.err.stack ?? '', /errors\.test\.ts/);
  });
}

for (const thrown of ['a string', null, undefined, 7]) {
  test(`${String(thrown)} thrown is an internal error too`, () => {
    assert.equal(maskWithLog(thrown).shown.extensions?.['code'], 'INTERNAL_SERVER_ERROR');
  });
}

const coded = (code: string, more: object = {}) => Object.assign(new Error(SECRET), { code, ...more });
const cyclic = new Error(SECRET);
cyclic.cause = cyclic;

const causes: { rule: string; error: unknown; away: boolean }[] = [
  ...['08000', '08006', '08P01', '25006', '25P03', '53300', '57P01', '57P02', '57P03'].map((code) => ({
    rule: `pg ${code}`,
    error: coded(code),
    away: true,
  })),
  ...['ECONNREFUSED', 'ECONNRESET', 'EPIPE'].map((code) => ({ rule: `socket ${code}`, error: coded(code), away: true })),
  ...['P1001', 'P1002', 'P1008', 'P1017', 'P2024', 'P2028', 'P2037'].map((code) => ({
    rule: `Prisma ${code}`,
    error: coded(code),
    away: true,
  })),
  ...[
    'Connection terminated unexpectedly',
    'timeout expired',
    'timeout exceeded when trying to connect',
    'Query read timeout',
  ].map((message) => ({
    rule: `the driver saying without a code: ${message}`,
    error: new Error(message),
    away: true,
  })),
  { rule: 'pg 23505, a unique violation', error: coded('23505'), away: false },
  { rule: 'pg 57014, a canceled statement', error: coded('57014'), away: false },
  { rule: 'Prisma P2002, a unique violation', error: coded('P2002'), away: false },
  { rule: 'a cause of a cause', error: new Error('a', { cause: new Error('b', { cause: coded('08006') }) }), away: true },
  {
    rule: 'an original error with a cause',
    error: new GraphQLError('a', { originalError: new Error('b', { cause: coded('57P03') }) }),
    away: true,
  },
  {
    rule: 'both addresses of localhost refused',
    error: new AggregateError([coded('ECONNREFUSED'), coded('ECONNREFUSED')]),
    away: true,
  },
  {
    rule: "the driver's error that Prisma keeps in meta",
    error: coded('P2010', { meta: { driverAdapterError: { cause: { originalCode: '57P01' } } } }),
    away: true,
  },
  { rule: 'causes in a circle', error: cyclic, away: false },
];
for (const { rule, error, away } of causes) {
  test(`${rule} ${away ? 'says that the database is away' : 'is an internal error'}`, () => {
    const { shown, lines, text } = maskWithLog(error);
    assert.equal(shown.extensions?.['code'], away ? 'UNAVAILABLE' : 'INTERNAL_SERVER_ERROR');
    if (away) assert.equal(shown.message, 'The database cannot be reached right now; try again.');
    assert.equal(lines.length, 1);
    assert.ok(!text.includes(SECRET));
  });
}

const schema = buildSchema(`
  input Ref @oneOf { id: ID name: String }
  type Query { a(n: Int): Int b(ref: Ref!): Int broken: Int }`);
const uncoded = [
  { rule: 'a variable of the wrong type', source: 'query ($n: Int) { a(n: $n) }', variables: { n: 'x' }, code: 'BAD_USER_INPUT' },
  {
    rule: 'a null variable in a @oneOf field, which graphql-js reports without a code',
    source: 'query ($id: ID) { b(ref: { id: $id }) }',
    variables: { id: null },
    code: 'BAD_USER_INPUT',
  },
  {
    rule: 'a value that a resolver answers and the type cannot hold',
    source: '{ broken }',
    variables: {},
    code: 'INTERNAL_SERVER_ERROR',
  },
];
for (const { rule, source, variables, code } of uncoded) {
  test(`${rule}: ${code}`, async () => {
    const { errors } = await graphql({ schema, source, variableValues: variables, rootValue: { broken: 'text' } });
    assert.equal(errors?.length, 1);
    assert.equal(maskWithLog(errors[0]).shown.extensions?.['code'], code);
  });
}

test('a masked error keeps its place in the answer, and the HTTP head meant for Apollo is dropped', () => {
  const masked = maskWithLog(new GraphQLError(SECRET, { path: ['a', 0] })).shown;
  assert.deepEqual(masked.path, ['a', 0]);
  const passed = maskWithLog(apiError('FORBIDDEN', 'no', { http: { status: 403 }, stacktrace: ['at …'] })).shown;
  assert.deepEqual(passed.extensions, { code: 'FORBIDDEN' });
});
