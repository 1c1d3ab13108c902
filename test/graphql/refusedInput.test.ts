import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import * as operations from '../support/operations.ts';
import type { ErrorView } from '../support/views.ts';

/** What is refused instead of being kept as something else than was sent, and how that is said. */

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const schedule = await api.scheduleOf(task);

const payload = (query: string, variables: Record<string, unknown>) =>
  api.ask<{ userErrors: ErrorView[]; changes?: { userErrors: ErrorView[] }[] }>(query, variables);
const told = ({ userErrors, changes = [] }: Awaited<ReturnType<typeof payload>>) =>
  [...userErrors, ...changes.flatMap((change) => change.userErrors)].map(({ code, path, message, constraint }) => ({
    code,
    path: path?.join('.'),
    message,
    constraint,
  }));
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
