import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import * as operations from '../support/operations.ts';
import { refusal as refusedStream } from '../support/stream.ts';
import type { ErrorView, ScheduleView } from '../support/views.ts';

/** What is refused instead of being kept as something else than was sent, and how that is said. */

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const schedule = await api.scheduleOf(task);
const run = await api.trigger(schedule);

const payload = (query: string, variables: Record<string, unknown>) =>
  api.ask<{ userErrors: ErrorView[]; changes?: { userErrors: ErrorView[] }[] }>(query, variables);
const told = ({ userErrors, changes = [] }: Awaited<ReturnType<typeof payload>>) =>
  [...userErrors, ...changes.flatMap((change) => change.userErrors)].map(({ code, path, message, constraint }) => ({
    code,
    path: path?.join('.'),
    message,
    constraint,
  }));
/** The message of the only top-level error. */
async function refusal(query: string, variables: Record<string, unknown> = {}): Promise<string> {
  const { errors = [] } = await carillon.ask(query, variables);
  assert.deepEqual(
    errors.map(({ extensions }) => extensions.code === 'BAD_USER_INPUT' || extensions.code === 'GRAPHQL_VALIDATION_FAILED'),
    [true],
    JSON.stringify(errors),
  );
  return errors[0]?.message ?? '';
}

const spec = (given: object) => ({ name: fresh('refused'), task: { key: task.key }, trigger: YEARLY, ...given });
const http = { url: 'https://example.com/' };
const ALLOWED = '1 to 200 characters, no control characters';

const CREATE_TOKEN =
  'mutation ($input: CreateApiTokenInput!) { createApiToken(input: $input) { userErrors { code path message ... on InvalidInputError { constraint } } } }';
const names: [what: string, at: string, send: (name: string) => Promise<ReturnType<typeof told>>][] = [
  [
    'a schedule',
    'input.spec.name',
    async (name) => told(await payload(operations.CREATE_SCHEDULE, { input: { spec: spec({ name }) } })),
  ],
  [
    'a schedule by another name',
    'input.patch.name',
    async (name) => told(await payload(operations.UPDATE_SCHEDULE, { input: { ref: { id: schedule.id }, patch: { name } } })),
  ],
  [
    'a schedule of a document',
    'input.schedules.0.name',
    async (name) =>
      told(await payload(operations.APPLY_SCHEDULES, { input: { managedBy: 'refused', schedules: [spec({ name })] } })).slice(
        0,
        1,
      ),
  ],
  [
    'a document',
    'input.managedBy',
    async (managedBy) => told(await payload(operations.APPLY_SCHEDULES, { input: { managedBy, schedules: [] } })),
  ],
  [
    'a task',
    'input.name',
    async (name) => told(await payload(operations.CREATE_TASK, { input: { key: fresh('k'), name, http } })),
  ],
  [
    'a group of tasks',
    'input.group',
    async (group) => told(await payload(operations.CREATE_TASK, { input: { key: fresh('k'), name: 'x', group, http } })),
  ],
  ['a calendar', 'input.name', async (name) => told(await payload(operations.PUT_CALENDAR, { input: { name, dates: [] } }))],
  ['a token', 'input.name', async (name) => told(await payload(CREATE_TOKEN, { input: { name, role: 'VIEWER' } }))],
];
for (const [what, at, send] of names) {
  test(`the name of ${what} is one line that can be seen`, async () => {
    const field = at.split('.').at(-1);
    for (const [name, character] of [
      ['a\tb\nc', String.raw`\t`],
      ['end\n', String.raw`\n`],
      ['del\u007f', String.raw`\u007f`],
      ['\u0085c1', String.raw`\u0085`],
    ] as const) {
      const [error, ...more] = await send(name);
      assert.deepEqual([error?.code, error?.path, more], ['INVALID', at, []]);
      assert.equal(error?.message.startsWith(`${field} "`), true);
      assert.ok(error.message.includes(` contains "${character}", a control character`), error.message);
      assert.doesNotMatch(error.message, /[\p{Cc}]/u);
      assert.match(error.constraint ?? '', /^1 to [12]00 characters, no control characters$/);
    }
    for (const name of ['\u200b\u2060', ' \u3164'])
      assert.match((await send(name))[0]?.message ?? '', new RegExp(`^${field} is blank`));
  });
}

test('a description and a reason may have lines', async () => {
  const description = 'first\n\tsecond';
  const { description: kept } = await api.scheduleOf(task, { description });
  assert.equal(kept, description);
  const { userErrors } = await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: description });
  assert.deepEqual(userErrors, []);
  await api.resumeSchedules({ select: { ids: [schedule.id] } });
});

test('a text has as many characters as a reader counts', async () => {
  const long = '🔔'.repeat(200);
  assert.equal((await api.scheduleOf(task, { name: long })).name, long);
  const [error] = told(await payload(operations.CREATE_SCHEDULE, { input: { spec: spec({ name: `${long}🔔` }) } }));
  assert.deepEqual([error?.message, error?.constraint], ['name has 201 characters; allowed are 1 to 200.', ALLOWED]);
});

/** As text: JSON.stringify would print neither. */
const ALTERED = '{"a": [{"n": 12345678901234567890}], "__proto__": {"x": 1}, "ok": 9007199254740991, "far": 1e21, "part": 0.1}';
const inputs: [what: string, query: string, at: string, input: (json: unknown) => object][] = [
  ['createSchedule', operations.CREATE_SCHEDULE, 'input.spec.input', (input) => ({ spec: spec({ input }) })],
  [
    'updateSchedule',
    operations.UPDATE_SCHEDULE,
    'input.patch.input',
    (input) => ({ ref: { id: schedule.id }, patch: { input } }),
  ],
  ['triggerSchedule', operations.TRIGGER_SCHEDULE, 'input.input', (input) => ({ ref: { id: schedule.id }, input })],
  ['triggerTask', operations.TRIGGER_TASK, 'input.input', (input) => ({ task: { id: task.id }, input })],
  ['retryRun', operations.RETRY_RUN, 'input.input', (input) => ({ id: run.id, input })],
  [
    'applySchedules',
    operations.APPLY_SCHEDULES,
    'input.schedules.0.input',
    (input) => ({ managedBy: 'refused', errorPolicy: 'REJECT_FAILED', schedules: [spec({ input })] }),
  ],
  [
    'createHttpTask',
    operations.CREATE_TASK,
    'input.http.body',
    (body) => ({ key: fresh('k'), name: 'x', http: { ...http, body } }),
  ],
];
for (const [what, query, at, inputOf] of inputs) {
  test(`${what} refuses JSON that would be kept as something else`, async () => {
    const errors = told(await payload(query, { input: inputOf(JSON.parse(ALTERED)) }));
    assert.deepEqual(errors, [
      {
        code: 'INVALID',
        path: `${at}.a.0.n`,
        message: 'n is a whole number that was read as 12345678901234567000, and may have lost digits: send it as text.',
        constraint: 'whole numbers from -9007199254740991 to 9007199254740991; larger ones as text',
      },
      {
        code: 'INVALID',
        path: `${at}.__proto__`,
        message: '__proto__ is a name that is not kept: choose another.',
        constraint: 'any name but __proto__',
      },
    ]);
  });
}

test('headers refuse the name that is not kept, and say no value', async () => {
  const headers: unknown = JSON.parse('{"__proto__": "hunter2-hunter2"}');
  const { userErrors } = await api.createHttpTask({
    key: fresh('k'),
    name: 'x',
    http: { ...http, headers, secretHeaders: { X: 1e17 } },
  });
  assert.deepEqual(
    userErrors.map(({ path }) => path?.join('.')),
    ['input.http.headers.__proto__', 'input.http.secretHeaders.X'],
  );
  assert.doesNotMatch(JSON.stringify(userErrors), /hunter2|100000000000000000/);
});

const nested = (levels: number): object => (levels === 1 ? {} : { in: nested(levels - 1) });
const literal = (levels: number): string => '{in:'.repeat(levels - 1) + '{}' + '}'.repeat(levels - 1);

test('JSON is as deep in a document as in a variable, and what is exported can be applied', async () => {
  const inDocument = (levels: number) =>
    `mutation { createSchedule(input: { spec: { name: "${fresh('deep')}", task: { key: "${task.key}" }, trigger: { manual: true }, input: ${literal(levels)} } })
      { schedule { id name spec } userErrors { message } } }`;
  const { schedule: made } = await api.ask<{ schedule: ScheduleView }>(inDocument(24));
  const { spec: exported } = made as unknown as { spec: object };
  assert.deepEqual(exported, { name: made.name, task: { key: task.key }, trigger: { manual: true }, input: nested(24) });
  const copy = { ...exported, name: fresh('applied') };
  assert.deepEqual(told(await payload(operations.APPLY_SCHEDULES, { input: { managedBy: 'deep', schedules: [copy] } })), []);
  const says = /JSONObject is nested deeper than is allowed: at most 24 levels\.$/;
  assert.match(await refusal(inDocument(25)), says);
  const atVariable = await refusal(operations.CREATE_SCHEDULE, { input: { spec: spec({ input: nested(25) }) } });
  assert.match(atVariable, /^Variable "\$input" got invalid value .* at "input\.spec\.input"; /);
  assert.match(atVariable, says);
});

test('JSON in a document has no enum values, which would be left out', async () => {
  const message = await refusal(
    `mutation { triggerTask(input: { task: { key: "${task.key}" }, input: { a: [FOO] } }) { userErrors { message } } }`,
  );
  assert.equal(message, 'JSON has no value FOO: write it as text, in quotes.');
});

test('an instant that is none is answered with what is one', async () => {
  const says =
    'DateTime "2026-01-01" is not allowed: send an RFC 3339 instant with Z or an offset, such as 2026-01-01T00:00:00Z.';
  assert.equal(await refusal('{ runs(filter: { finished: { from: "2026-01-01" } }) { totalCount } }'), says);
  const atVariable = await refusal(operations.RUNS, { filter: { finished: { from: '2026-01-01' } } });
  assert.equal(atVariable, `Variable "$filter" got invalid value "2026-01-01" at "filter.finished.from"; ${says}`);
});

test('text that cannot be stored is found where it stands', async () => {
  const what = 'The request holds text with U+0000 or an unpaired surrogate, which cannot be stored, in';
  const input = {
    spec: spec({
      labels: [
        { key: 'a', value: 'b' },
        { key: 'c', value: '\0' },
      ],
    }),
  };
  assert.equal(await refusal(operations.CREATE_SCHEDULE, { input }), `${what} the variable $input.spec.labels[1].value.`);
  assert.equal(
    await refusal(operations.CREATE_SCHEDULE, { input: { spec: spec({ input: { 'a\0': 1 } }) } }),
    `${what} the variable $input.spec.input.`,
  );
  assert.equal(
    await refusal(String.raw`mutation { deleteSchedule(input: { ref: { name: "a\u0000" } }) { deletedId } }`),
    `${what} the argument input.ref.name.`,
  );
});

test('a range that ends before it begins is refused in every filter', async () => {
  const range = { from: '2026-02-01T00:00:00Z', until: '2026-01-01T00:00:00Z' };
  const says = (name: string) =>
    `${name} is 2026-02-01T00:00:00.000Z to 2026-01-01T00:00:00.000Z: until must be later than from.`;
  for (const name of ['scheduledFor', 'finished']) {
    assert.equal(await refusal(operations.RUNS, { filter: { [name]: range } }), `filter: ${says(name)}`);
    const stream = await refusedStream(carillon, { query: operations.RUN_CHANGED, variables: { filter: { [name]: range } } });
    assert.equal(stream.errors?.[0]?.message, `filter: ${says(name)}`);
    const { userErrors } = await api.cancelRuns({ filter: { [name]: range }, reason: 'x' });
    assert.deepEqual(
      userErrors.map(({ message, path }) => [message, path?.at(-2)]),
      [[says(name), name]],
    );
  }
  assert.equal(await refusal(operations.SCHEDULES, { filter: { nextFire: range } }), `filter: ${says('nextFire')}`);
  assert.equal(await refusal('query ($at: TimeRange) { audit(first: 1, at: $at) { nodes { id } } }', { at: range }), says('at'));
  const open = await carillon.ask(operations.RUNS, { filter: { finished: { from: range.from } } });
  assert.equal(open.errors, undefined);
});

test('a freeze of nothing is refused', async () => {
  for (const name of ['ids', 'names']) {
    const until = new Date(Date.now() + 3_600_000).toISOString();
    const { freeze, userErrors } = await api.createFreeze({ reason: 'x', until, select: { [name]: [] } });
    assert.equal(freeze, null);
    assert.deepEqual(
      userErrors.map(({ path, constraint }) => [path?.join('.'), constraint]),
      [[`input.select.${name}`, 'at least one']],
    );
  }
});
