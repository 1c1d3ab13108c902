import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { isObjectType, isNonNullType } from 'graphql';
import { createSchema } from '../../src/graphql/schema.ts';
import { createApi } from '../support/api.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import { refusal } from '../support/stream.ts';

/** Guard rails held against the whole schema: a field that is added later stands under them as well. */

const schema = createSchema();
const carillon = await startTestCarillon({ after }, { NODE_ENV: 'production' });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/');
const schedule = await api.scheduleOf(task);
const run = await api.trigger(schedule);
await carillon.ask('mutation { putCalendar(input: { name: "closed", dates: ["2026-12-25"] }) { calendar { id } } }');
const { backfill } = await api.ask<{ backfill: { id: string } }>(
  `mutation ($ref: ScheduleRef!) { backfillSchedule(input: {
     ref: $ref, only: ALL, range: { from: "2025-12-01T00:00:00Z", until: "2026-02-01T00:00:00Z" } }) { backfill { id } } }`,
  { ref: { id: schedule.id } },
);

/** How to come to an object of each type that has pages. */
const WAYS: Record<string, string> = {
  Query: '{ FIELD }',
  Subscription: 'subscription { FIELD }',
  Task: `{ task(ref: { key: "${task.key}" }) { FIELD } }`,
  Schedule: `{ schedule(ref: { id: "${schedule.id}" }) { FIELD } }`,
  Run: `{ run(id: "${run.id}") { FIELD } }`,
  Calendar: '{ calendars { FIELD } }',
  Backfill: `{ backfill(id: "${backfill.id}") { FIELD } }`,
};
/** Arguments that must be there, by field. */
const NEEDED: Record<string, string> = {
  'Query.previewTrigger': 'trigger: { interval: { every: "PT1H" } }',
  'Query.plannedFires': 'range: { from: "2026-01-01T00:00:00Z", until: "2026-01-01T01:00:00Z" }',
  'Schedule.occurrences': 'range: { from: "2026-01-01T00:00:00Z", until: "2026-02-01T00:00:00Z" }',
  'Subscription.runLogs': `runId: "${run.id}"`,
};
/** What is drawn and not read has more: its objects hold little, and its cost counts. */
const LARGER: Record<string, number> = { 'Query.plannedFires': 1000 };
const SIZES = ['first', 'last', 'batchSize'];
const pages = Object.values(schema.getTypeMap())
  .filter((type) => isObjectType(type))
  .flatMap((type) =>
    Object.values(type.getFields()).flatMap((field) =>
      field.args.filter(({ name }) => SIZES.includes(name)).map(({ name }) => ({ type: type.name, field, size: name })),
    ),
  );
for (const { type, field, size } of pages) {
  const coordinate = `${type}.${field.name}`;
  const most = LARGER[coordinate] ?? 100;
  test(`${coordinate}: ${size} is 1 to ${most}, and more is refused, not cut`, async () => {
    const [way, needed] = [WAYS[type], NEEDED[coordinate]];
    assert.ok(way !== undefined, `say in WAYS how to come to an object of ${type}`);
    const isComplete = needed !== undefined || field.args.every((arg) => !isNonNullType(arg.type));
    assert.ok(isComplete, `say in NEEDED what ${coordinate} cannot do without`);
    for (const given of [0, -1, most + 1, 2_147_483_647]) {
      const args = [needed, `${size}: ${given}`].filter(Boolean).join(', ');
      const query: string = way.replace('FIELD', `${field.name}(${args}) { __typename }`);
      const { errors } = type === 'Subscription' ? await refusal(carillon, { query }) : await carillon.ask<unknown>(query);
      const code = errors?.[0]?.extensions.code ?? '';
      assert.ok(['BAD_USER_INPUT', 'OPERATION_TOO_COMPLEX'].includes(code), `${query}: ${JSON.stringify(errors)}`);
      if (given < 1) assert.equal(code, 'BAD_USER_INPUT', 'nothing is no cost');
      if (code === 'BAD_USER_INPUT')
        assert.match(errors?.[0]?.message ?? '', new RegExp(`${size} is ${given}; allowed is 1 to ${most}`));
    }
  });
}

test('@oneOf inputs say so in words: introspection does unless it is asked in a certain way', () => {
  for (const type of Object.values(schema.getTypeMap())) {
    if ('isOneOf' in type && type.isOneOf) assert.match(type.description ?? '', /exactly one/i, type.name);
  }
});

test('variables are looked at each time, also of a document that has passed before', async () => {
  const query = 'query ($n: Int) { runs(first: $n) { nodes { id } } }';
  assert.equal((await carillon.ask(query, { n: 5 })).errors, undefined);
  assert.equal((await carillon.ask(query, { n: 100_000 })).errors?.[0]?.extensions.code, 'OPERATION_TOO_COMPLEX');
  assert.equal((await carillon.ask(query, { n: 5 })).errors, undefined);
});

const instants: { given: unknown; taken: boolean }[] = [
  { given: '2026-03-01T00:00:00Z', taken: true },
  { given: '2026-03-01T01:00:00+01:00', taken: true },
  { given: '2026-03-01T00:00:00.123Z', taken: true },
  { given: '2026-03-01T00:00:00', taken: false },
  { given: '2026-03-01', taken: false },
  { given: '2026-02-30T00:00:00Z', taken: false },
  { given: '2026-03-01 00:00:00Z', taken: false },
  { given: '2026-03-01T25:00:00Z', taken: false },
  { given: '2026-03-01T00:00:00+99:00', taken: false },
  { given: '+275760-09-13T00:00:00Z', taken: false },
  { given: '0000-01-01T00:00:00Z', taken: false },
  { given: 1_772_323_200_000, taken: false },
  { given: '1772323200', taken: false },
  { given: 'now', taken: false },
  { given: '', taken: false },
  { given: true, taken: false },
];
for (const { given, taken } of instants) {
  test(`${JSON.stringify(given)} ${taken ? 'is' : 'is not'} a DateTime, in a variable and in the document`, async () => {
    const ask = 'previewTrigger(first: 1, trigger: { interval: { every: "PT1H" } }, after: AFTER) { fireTimes { at } }';
    const answers = [
      await carillon.ask(`query ($after: DateTime) { ${ask.replace('AFTER', '$after')} }`, { after: given }),
      await carillon.ask(`{ ${ask.replace('AFTER', JSON.stringify(given))} }`),
    ];
    for (const [index, { errors }] of answers.entries()) {
      const code = ['BAD_USER_INPUT', 'GRAPHQL_VALIDATION_FAILED'][index];
      assert.equal(errors?.[0]?.extensions.code, taken ? undefined : code, JSON.stringify(errors));
    }
  });
}

const near: { rule: string; query: string; variables?: Record<string, unknown> }[] = [
  { rule: 'a field', query: '{ schedulez { totalCount } }' },
  { rule: 'an argument', query: '{ schedules(frist: 1) { totalCount } }' },
  { rule: 'a type', query: 'query ($f: ScheduleFiltr) { schedules(filter: $f) { totalCount } }' },
  { rule: 'an enum value', query: '{ runs(filter: { states: [RUNING] }) { totalCount } }' },
  { rule: 'an input field', query: '{ runs(filter: { state: [RUNNING] }) { totalCount } }' },
  {
    rule: 'an enum value in a variable',
    query: 'query ($f: RunFilter) { runs(filter: $f) { totalCount } }',
    variables: { f: { states: ['RUNING'] } },
  },
  {
    rule: 'an input field in a variable',
    query: 'query ($f: RunFilter) { runs(filter: $f) { totalCount } }',
    variables: { f: { state: ['RUNNING'] } },
  },
];
for (const { rule, query, variables } of near) {
  test(`in production nobody is helped to find ${rule} that is nearly right`, async () => {
    const post = await carillon.ask(query, variables);
    const stream = await refusal(carillon, { query: query.replace(/^(query)?/, 'query '), variables: variables ?? {} });
    const search = new URLSearchParams({ query, variables: JSON.stringify(variables ?? {}) });
    const get = await fetch(`${carillon.url}/graphql?${search}`, { headers: { authorization: `Bearer ${ADMIN_TOKEN}` } });
    const told = [JSON.stringify(post), JSON.stringify(stream), await get.text()];
    for (const text of told) {
      assert.match(text, /"errors"/);
      assert.doesNotMatch(text, /did you mean/i);
    }
  });
}
