import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { connect } from '../support/outage.ts';
import * as operations from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import { until } from '../support/until.ts';
import type { ErrorView } from '../support/views.ts';

interface BackfillView {
  id: string;
  state: string;
  total: number;
  finished: number;
  failed: number;
  progress: { done: number; total: number; percent: number; message: null };
  runs: { nodes: { id: string; scheduledFor: string }[]; totalCount: number };
}
interface Payload {
  backfill: BackfillView | null;
  fireTimes: { at: string }[];
  userErrors: ErrorView[];
}
const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const target = await startTarget({ after });
const DAY = { from: '2026-03-01T00:00:00Z', until: '2026-03-02T00:00:00Z' };
const HOURLY = { cron: { expression: '0 * * * *' } };

const backfill = (input: object) => api.ask<Payload>(operations.BACKFILL_SCHEDULE, { input });
const read = (id: string) => api.ask<BackfillView | null>(operations.BACKFILL, { id });
const task = await api.taskOn(target.url);
const hourly = await api.scheduleOf(task, { trigger: HOURLY });
const ref = { id: hourly.id };

const later = () => new Date(Date.now() + 3_600_000).toISOString();
const REFUSED: { rule: string; input: () => object; error: Partial<ErrorView> & { said: RegExp } }[] = [
  {
    rule: 'until later than now',
    input: () => ({ range: { ...DAY, until: later() } }),
    error: { code: 'INVALID', path: ['input', 'range', 'until'], said: /later than now, 20.*: what is planned runs by itself/ },
  },
  {
    rule: 'a range that is empty',
    input: () => ({ range: { from: DAY.from, until: DAY.from } }),
    error: { code: 'INVALID', path: ['input', 'range', 'until'], said: /not later than from, 2026-03-01T00:00:00.000Z/ },
  },
  ...[0, 101].map((concurrency) => ({
    rule: `concurrency ${concurrency}`,
    input: () => ({ concurrency }),
    error: { code: 'INVALID', path: ['input', 'concurrency'], said: /allowed is 1 to 100/ },
  })),
  ...[0, 100_001].map((maxRuns) => ({
    rule: `maxRuns ${maxRuns}`,
    input: () => ({ maxRuns }),
    error: { code: 'INVALID', path: ['input', 'maxRuns'], said: /allowed is 1 to 100000/ },
  })),
  {
    rule: 'more than maxRuns',
    input: () => ({ maxRuns: 23 }),
    error: { code: 'LIMIT_EXCEEDED', path: ['input', 'maxRuns'], limit: 23, said: /would have 24 runs; maxRuns is 23. Nothing/ },
  },
  {
    rule: 'ALL of more than maxRuns',
    input: () => ({ only: 'ALL', range: { ...DAY, from: '1900-01-01T00:00:00Z' } }),
    error: { code: 'LIMIT_EXCEEDED', path: ['input', 'maxRuns'], limit: 1_000, said: /would have 1105944 runs/ },
  },
  {
    rule: 'a range with more occurrences than one looks at',
    input: () => ({ range: { ...DAY, from: '1900-01-01T00:00:00Z' } }),
    error: { code: 'LIMIT_EXCEEDED', path: ['input', 'range'], limit: 200_000, said: /range holds 1105944 occurrences/ },
  },
  {
    rule: 'a schedule that is not there',
    input: () => ({ ref: { name: 'nowhere' } }),
    error: { code: 'NOT_FOUND', path: ['input', 'ref'], said: /no schedule with the name "nowhere"/ },
  },
];
for (const { rule, input, error } of REFUSED) {
  test(`refused, and nothing is written: ${rule}`, async () => {
    const { said, ...expected } = error;
    const answer = await backfill({ ref, range: DAY, ...input() });
    assert.deepEqual([answer.backfill, answer.fireTimes, answer.userErrors.length], [null, [], 1]);
    const [found] = answer.userErrors as [ErrorView & Record<string, unknown>];
    assert.match(found.message, said);
    for (const [key, value] of Object.entries(expected)) assert.deepEqual(found[key], value);
    const dry = await backfill({ ref, range: DAY, dryRun: true, ...input() });
    assert.match(dry.userErrors[0]?.message ?? '', said, 'a dry run says the same');
  });
}

test('a dry run answers what would run, in its order, and writes nothing', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const rows = async () =>
    (await database.query('SELECT (SELECT count(*) FROM backfill) + (SELECT count(*) FROM audit_entry) AS n')).rows;
  const before = await rows();
  const { backfill: none, fireTimes } = await backfill({ ref, range: DAY, dryRun: true, newestFirst: true });
  assert.equal(none, null);
  assert.deepEqual(
    [fireTimes.length, fireTimes[0]?.at, fireTimes.at(-1)?.at],
    [24, '2026-03-01T23:00:00.000Z', '2026-03-01T00:00:00.000Z'],
  );
  assert.deepEqual(await rows(), before);
});

test('of 1,500 the first 1,000 are shown', async () => {
  const minutely = await api.scheduleOf(task, { trigger: { cron: { expression: '* * * * *' } } });
  const range = { from: '2026-03-01T00:00:00Z', until: '2026-03-02T01:00:00Z' };
  const { fireTimes } = await backfill({ ref: { id: minutely.id }, range, maxRuns: 1_500, dryRun: true });
  assert.deepEqual([fireTimes.length, fireTimes.at(-1)?.at], [1_000, '2026-03-01T16:39:00.000Z']);
});

interface Progressing {
  state: string;
  run: { backfill: { state: string; finished: number; progress: { percent: number } } };
}
const FOLLOW = `subscription ($after: Cursor, $filter: RunFilter) {
  runChanged(after: $after, filter: $filter) { state run { backfill { state finished progress { percent } } } }
}`;

test('its progress is followed over runChanged, with its id as filter; the last event finds it COMPLETED', async (t) => {
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  const key = fresh('beside');
  await api.trigger(await api.scheduleOf(task, { name: key, overlapPolicy: 'ALLOW_ALL' }));
  const cursor = (await carillon.ask<{ eventCursor: string }>('{ eventCursor }')).data.eventCursor;
  const made = await backfill({ ref: { id: schedule.id }, range: DAY, concurrency: 4, reason: 'outage' });
  assert.deepEqual(made.userErrors, []);
  const { id } = made.backfill as BackfillView;
  const stream = await watch<Progressing>(t, carillon, {
    query: FOLLOW,
    variables: { filter: { backfillId: id }, after: cursor },
  });
  const events = await stream.take(24 * 3);
  assert.deepEqual(
    Object.entries(Object.groupBy(events, ({ state }) => state)).map(([state, of]) => [state, of?.length]),
    ['QUEUED', 'RUNNING', 'SUCCEEDED'].map((state) => [state, 24]),
  );
  const finished = events.map(({ run }) => run.backfill.finished);
  assert.deepEqual(
    finished,
    finished.toSorted((a, b) => a - b),
  );
  assert.deepEqual(events.at(-1)?.run.backfill, { state: 'COMPLETED', finished: 24, progress: { percent: 100 } });
  const { runs, ...rest } = (await read(id)) as BackfillView;
  assert.deepEqual(
    [rest.state, rest.failed, rest.progress],
    ['COMPLETED', 0, { done: 24, total: 24, percent: 100, message: null }],
  );
  assert.deepEqual([runs.totalCount, runs.nodes[0]?.scheduledFor], [24, '2026-03-01T00:00:00.000Z']);
  const { data } = await carillon.ask<{ runs: { totalCount: number } }>(
    `query ($id: ID!) { runs(filter: { backfillId: $id, origins: [BACKFILL] }) { totalCount } }`,
    { id },
  );
  assert.equal(data.runs.totalCount, 24);
  const canceled = await api.ask<Payload>(operations.CANCEL_BACKFILL, { id });
  assert.deepEqual([canceled.userErrors[0]?.code, canceled.userErrors[0]?.path], ['INVALID_STATE', ['id']]);
  assert.match(canceled.userErrors[0]?.message ?? '', /is COMPLETED since 20.*cannot be canceled/);
  assert.equal((await backfill({ ref: { id: schedule.id }, range: DAY })).backfill?.total, 0, 'nothing is missing any more');
});

test('each change by hand is in the audit trail, with who and why', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  target.hold();
  const schedule = await api.scheduleOf(task, { trigger: HOURLY });
  const { backfill: made } = await backfill({ ref: { id: schedule.id }, range: DAY, reason: 'outage' });
  const { id } = made as BackfillView;
  const stopped = await api.ask<Payload>(operations.CANCEL_BACKFILL, { id });
  assert.deepEqual([stopped.userErrors, stopped.backfill?.state, stopped.backfill?.total], [[], 'CANCELED', 24]);
  target.release();
  await until(async () => (await read(id))?.finished === 1);
  const { rows } = await database.query(
    'SELECT action, target_id, reason FROM audit_entry WHERE target_id = ANY($1) ORDER BY id',
    [[schedule.id, id]],
  );
  assert.deepEqual(rows.slice(-2), [
    { action: 'schedule.backfill', target_id: schedule.id, reason: 'outage' },
    { action: 'backfill.cancel', target_id: id, reason: null },
  ]);
});

test('a backfill that is not there: NOT_FOUND, and null', async () => {
  const { userErrors } = await api.ask<Payload>(operations.CANCEL_BACKFILL, { id: 'bfl_0' });
  assert.deepEqual([userErrors[0]?.code, userErrors[0]?.message], ['NOT_FOUND', 'There is no backfill with the id "bfl_0".']);
  assert.equal(await read('bfl_0'), null);
});
