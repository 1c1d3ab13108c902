import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { SCHEDULE_AS_OF } from '../support/operations.ts';
import type { ScheduleView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const rowsOf = (sql: string, values: unknown[] = []) => query<Record<string, unknown>>(carillon.databaseUrl, sql, values);
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const other = await api.taskOn('http://127.0.0.1:9/other');
const asOf = (ref: object, at: string | null) => api.ask<ScheduleView | null>(SCHEDULE_AS_OF, { ref, asOf: at });

const FULL = {
  trigger: { cron: { expression: '0 3 * * MON' } },
  description: 'Before',
  timeZone: 'Europe/Berlin',
  startAt: '2026-01-01T00:00:00.000Z',
  endAt: '2095-01-01T00:00:00.000Z',
  spread: 'PT5M',
  maxRuns: 3,
  execution: { timeout: 'PT7S' },
  input: { a: 1 },
  labels: [{ key: 'team', value: 'x' }],
};
/** A schedule of three versions, which began at 00:00, 01:00 and 02:00 of a day long past. */
async function withHistory() {
  const first = await api.scheduleOf(task, FULL);
  const patch = {
    trigger: { interval: { every: 'PT1H' } },
    task: { key: other.key },
    startAt: null,
    spread: null,
    maxRuns: null,
  };
  const { schedule: second } = await api.updateSchedule({ ref: { id: first.id }, patch });
  const { schedule: third } = await api.updateSchedule({ ref: { id: first.id }, patch: { name: fresh('renamed') } });
  await rowsOf(
    `UPDATE schedule_version SET valid_from = '2026-01-01T00:00:00Z'::timestamptz + (version - 1) * interval '1 hour' WHERE schedule_id = $1`,
    [first.id],
  );
  return { id: first.id, first, second: second as ScheduleView, third: third as ScheduleView };
}
const DEFINITION = (
  'name description version triggerSpec spec timeZone dst startAt endAt spread jitter maxRuns input overlapPolicy bufferLimit misfire ' +
  'execution labels pauseAfterFailures task trigger'
).split(' ') as (keyof ScheduleView)[];

test('the definition is the one that stood at that instant, from the instant of its edit on', async () => {
  const { id, first, second, third } = await withHistory();
  const cases = [
    { at: '2025-12-31T23:59:59.999Z', stood: null },
    { at: '2026-01-01T00:00:00Z', stood: first },
    { at: '2026-01-01T00:59:59.999Z', stood: first },
    { at: '2026-01-01T01:00:00Z', stood: second },
    { at: '2026-01-01T02:00:00Z', stood: third },
    { at: '2999-01-01T00:00:00Z', stood: third },
    { at: null, stood: third },
  ];
  for (const { at, stood } of cases) {
    const shown = await asOf({ id }, at);
    assert.equal(shown === null, stood === null, `${at}`);
    for (const field of DEFINITION) assert.deepEqual(shown?.[field], stood?.[field], `${at} ${field}`);
  }
});

test('all else is as it stands now, and follows from the definition in force', async () => {
  const { id, first } = await withHistory();
  await api.pauseSchedules({ select: { ids: [id] }, reason: 'now' });
  await api.resumeSchedules({ select: { ids: [id] } });
  const present = (await asOf({ id }, null)) as ScheduleView;
  const shown = (await asOf({ id }, '2026-01-01T00:30:00Z')) as ScheduleView;
  for (const field of Object.keys(present) as (keyof ScheduleView)[])
    assert.deepEqual(shown[field], (DEFINITION.includes(field) ? first : present)[field], field);
  assert.equal(present.nextFireTimes.length, 3);
});

test('a name is the one it has now', async () => {
  const { id, first, third } = await withHistory();
  assert.equal((await asOf({ name: third.name }, '2026-01-01T00:30:00Z'))?.id, id);
  assert.equal(await asOf({ name: first.name }, '2026-01-01T00:30:00Z'), null);
});

test('what is deleted is found by its id as of any instant before that, and by nothing afterwards', async () => {
  const { id, second, third } = await withHistory();
  await api.deleteSchedule({ ref: { id } });
  const shown = await asOf({ id }, '2026-01-01T01:30:00Z');
  assert.deepEqual([shown?.name, shown?.version, shown?.nextFireAt, shown?.viewerCanEdit], [second.name, 2, null, false]);
  for (const [ref, at] of [
    [{ id }, new Date().toISOString()],
    [{ name: third.name }, '2026-01-01T02:30:00Z'],
    [{ id }, null],
    [{ id: 'sch_0' }, '2026-01-01T02:30:00Z'],
  ] as const)
    assert.equal(await asOf(ref, at), null, JSON.stringify([ref, at]));
});

test('a version that was written before a field was there has the default of it', async () => {
  const { id } = await api.scheduleOf(task);
  await rowsOf(
    `UPDATE schedule_version SET spec = spec - 'spreadMs' - 'labels' - 'bufferLimit' - 'maxRuns' WHERE schedule_id = $1`,
    [id],
  );
  const shown = await asOf({ id }, new Date(Date.now() + 1_000).toISOString());
  assert.deepEqual([shown?.spread, shown?.labels, shown?.bufferLimit, shown?.maxRuns], ['PT0S', [], 100, null]);
});
