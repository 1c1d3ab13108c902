import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import type { Hooks } from '../support/database.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const DAY_MS = 86_400_000;
const beside = { overlapPolicy: 'ALLOW_ALL' };

/** One run under way, two that wait for days to come, and one that has ended; the oldest first, by what they are for. */
async function openRuns(t: Hooks) {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const start = async (more: object) => (await api.triggerTask({ task: { id: task.id }, ...beside, ...more })).run!.id;
  const ended = await start({});
  await api.runIn(ended, 'SUCCEEDED');
  target.hold();
  t.after(() => target.release());
  const running = await start({});
  await api.runIn(running, 'RUNNING');
  const later = await start({ runAt: new Date(Date.now() + 2 * DAY_MS).toISOString() });
  const soon = await start({ runAt: new Date(Date.now() + DAY_MS).toISOString() });
  return { task, ended, running, soon, later };
}
const states = (...ids: string[]) => Promise.all(ids.map(async (id) => (await api.run(id)).state));
async function auditsOf(t: Hooks, ids: string[]) {
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query<{ target_id: string; changes: { state: { before: string } } }>(
    `SELECT target_id, changes FROM audit_entry WHERE action = 'run.cancel' AND reason = 'all of it' AND target_id = ANY($1)`,
    [ids],
  );
  return rows.map((row) => [row.target_id, row.changes.state.before]).toSorted();
}

test('all that a filter matches and that has not ended, the oldest first; what has ended stays', async (t) => {
  const { task, ended, running, soon, later } = await openRuns(t);
  const { runs, userErrors } = await api.cancelRuns({ filter: { taskKeys: [task.key] }, reason: 'all of it' });
  assert.deepEqual(userErrors, []);
  assert.deepEqual(
    runs.map(({ id, state, error }) => [id, state, error?.message]),
    [
      [running, 'CANCELING', 'canceled by admin: all of it'],
      [soon, 'CANCELED', 'canceled by admin: all of it'],
      [later, 'CANCELED', 'canceled by admin: all of it'],
    ],
  );
  await api.runIn(running, 'CANCELED');
  assert.deepEqual(await states(ended, running, soon, later), ['SUCCEEDED', 'CANCELED', 'CANCELED', 'CANCELED']);
  const audited = [
    [later, 'SCHEDULED'],
    [running, 'RUNNING'],
    [soon, 'SCHEDULED'],
  ].toSorted();
  assert.deepEqual(await auditsOf(t, [ended, running, soon, later]), audited);
  const nothing = await api.cancelRuns({ filter: { taskKeys: [task.key] }, reason: 'all of it' });
  assert.deepEqual(nothing, { runs: [], userErrors: [] });
  assert.deepEqual(await auditsOf(t, [ended, running, soon, later]), audited);
});

test('only what the filter matches', async (t) => {
  const { task, running, soon, later } = await openRuns(t);
  const until = new Date(Date.now() + 1.5 * DAY_MS).toISOString();
  const filter = { taskKeys: [task.key], states: ['SCHEDULED', 'SUCCEEDED'], scheduledFor: { until } };
  const { runs } = await api.cancelRuns({ filter, reason: 'all of it' });
  assert.deepEqual(
    runs.map((run) => run.id),
    [soon],
  );
  assert.deepEqual(await states(running, soon, later), ['RUNNING', 'CANCELED', 'SCHEDULED']);
});

test('more than max: INVALID with the number, and nothing is canceled; as many as max go', async (t) => {
  const { task, running, soon, later } = await openRuns(t);
  const filter = { taskKeys: [task.key] };
  const refused = await api.cancelRuns({ filter, max: 2, reason: 'all of it' });
  assert.deepEqual(refused, {
    runs: [],
    userErrors: [
      {
        __typename: 'InvalidInputError',
        code: 'INVALID',
        path: ['input', 'max'],
        message: 'filter matches 3 runs that have not ended; max is 2. Nothing is canceled.',
        constraint: 'at least 3',
      },
    ],
  });
  assert.deepEqual(await states(running, soon, later), ['RUNNING', 'SCHEDULED', 'SCHEDULED']);
  assert.equal((await api.cancelRuns({ filter, max: 3, reason: 'all of it' })).runs.length, 3);
});

const refusals: { rule: string; input: Record<string, unknown>; faults: string[] }[] = [
  { rule: 'an empty filter would match every run', input: { filter: {} }, faults: ['INVALID input.filter'] },
  { rule: 'so would one of nulls', input: { filter: { states: null } }, faults: ['INVALID input.filter'] },
  {
    rule: 'so would one of conditions that say nothing',
    input: { filter: { labels: [], scheduledFor: {} } },
    faults: ['INVALID input.filter'],
  },
  { rule: 'max is at least 1', input: { max: 0 }, faults: ['INVALID input.max'] },
  { rule: 'max is at most 1000', input: { max: 1_001 }, faults: ['INVALID input.max'] },
  { rule: 'a reason must be given', input: { reason: ' ' }, faults: ['INVALID input.reason'] },
  {
    rule: 'what is wrong inside the filter is named by its path',
    input: { filter: { labels: [{ key: 'a', in: ['b'], exists: false }] } },
    faults: ['INVALID input.filter.labels.0'],
  },
];
for (const { rule, input, faults } of refusals) {
  test(`refused: ${rule}`, async () => {
    const { runs, userErrors } = await api.cancelRuns({ filter: { scheduleIds: ['sch_0'] }, reason: 'because', ...input });
    assert.deepEqual(runs, []);
    assert.deepEqual(
      userErrors.map(({ code, path }) => `${code} ${path?.join('.')}`),
      faults,
    );
  });
}

test('a list without values matches nothing, and so nothing is canceled', async () => {
  assert.deepEqual(await api.cancelRuns({ filter: { states: [] }, reason: 'because' }), { runs: [], userErrors: [] });
});
