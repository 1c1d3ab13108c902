import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSchedule, addTask, at, editSchedule, openParts, startTestEngine, trigger } from '../support/parts.ts';

test('a run has the labels of its task and over them those of its schedule, as they were when it was written', async (t) => {
  const parts = await openParts(t);
  const label = (key: string, value: string) => ({ key, value });
  await addTask(parts, { labels: [label('team', 'ops'), label('tier', '1')] });
  const { id } = await addSchedule(parts, {
    labels: [label('tier', '2'), label('city', 'Rome')],
    overlapPolicy: 'ALLOW_ALL',
    misfire: { mode: 'FIRE_ALL' },
  });
  const engine = await startTestEngine(parts);
  const runs = () => parts.store.prisma.run.findMany({ where: { scheduleId: id }, orderBy: { scheduledFor: 'asc' } });
  const before = { team: 'ops', tier: '2', city: 'Rome' };

  await trigger(parts, id);
  parts.clock.advanceTo(at('00:00:10'));
  await engine.settle();
  await editSchedule(parts, id, { labels: null });
  parts.clock.advanceTo(at('00:02:00'));
  await engine.settle();
  const [manual, fired, ...late] = await runs();
  assert.deepEqual([manual?.origin, manual?.labels], ['MANUAL', before]);
  assert.deepEqual([fired?.origin, fired?.labels], ['SCHEDULE', before]);
  assert.deepEqual([...new Set(late.map((run) => run.origin))].sort(), ['CATCH_UP', 'SCHEDULE']);
  for (const run of late) assert.deepEqual(run.labels, { team: 'ops', tier: '1' });
});
