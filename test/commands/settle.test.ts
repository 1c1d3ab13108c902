import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  addSchedule,
  addTask,
  at,
  editSchedule,
  openParts,
  pause,
  removeSchedule,
  resume,
  startTestEngine,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startSteps } from '../support/play.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

const changes = [
  {
    change: 'an edit',
    make: (parts: Parts, id: string) => editSchedule(parts, id, { trigger: { interval: { every: 'PT1H' } } }),
  },
  { change: 'a pause', make: pause },
  { change: 'deleting', make: removeSchedule },
];
for (const { change, make } of changes) {
  test(`${change} swallows nothing of what was due, though it is more than one plan may hold`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const everySecond = {
      trigger: { interval: { every: 'PT1S' } },
      overlapPolicy: 'ALLOW_ALL',
      misfire: { graceTime: 'PT2H' },
    } as const;
    const { id } = await addSchedule(parts, everySecond);
    parts.clock.advanceTo(at('01:00:00'));
    await make(parts, id);
    const [runs] = await parts.store.sql.query(
      `SELECT count(*)::int AS runs, count(DISTINCT scheduled_for)::int AS instants, min(scheduled_for) AS first, max(scheduled_for) AS last
         FROM run WHERE schedule_id = $1`,
      [id],
    );
    assert.deepEqual(runs, { runs: 3_600, instants: 3_600, first: new Date(at('00:00:01')), last: new Date(at('01:00:00')) });
    assert.deepEqual(await skipsOf(parts, id), []);
  });
}

test('a pause that ends under a clock that stepped back gives no occurrence a second verdict', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:20');
  await pause(parts, id);
  parts.clock.advanceTo(at('00:00:09'));
  await resume(parts, id);
  await step('00:00:10', '00:00:20');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 OVERLAP_SKIPPED 1']);
  await step('00:00:30');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:30 OVERLAP_SKIPPED 2']);
});

test('a schedule that was paused because its trigger is broken can be mended, and deleted', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  await parts.store.sql.query(`UPDATE schedule SET trigger_spec = '{"cron":{"expression":"broken"}}' WHERE id = $1`, [id]);
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:00:25'));
  await engine.settle();
  const mended = await editSchedule(parts, id, { trigger: { interval: { every: 'PT10S' } } });
  assert.equal(mended.state, 'PAUSED');
  assert.deepEqual(mended.nextScheduledFor, new Date(at('00:00:30')));
  await resume(parts, id);
  parts.clock.advanceTo(at('00:00:30'));
  await engine.settle();
  assert.deepEqual(await runsOf(parts, id), ['00:00:30 SCHEDULE QUEUED']);

  await parts.store.sql.query(
    `UPDATE schedule SET trigger_spec = '{"cron":{"expression":"broken"}}', version = version + 1 WHERE id = $1`,
    [id],
  );
  parts.clock.advanceTo(at('00:00:40'));
  await engine.settle();
  await removeSchedule(parts, id);
  assert.deepEqual(await runsOf(parts, id), ['00:00:30 SCHEDULE CANCELED']);
});
