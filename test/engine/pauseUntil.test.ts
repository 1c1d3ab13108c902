import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSchedule, addTask, at, editSchedule, openParts, pause, pauseUntil, startTestEngine, time } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

const EACH = { overlapPolicy: 'ALLOW_ALL' } as const;
const stateOf = async ({ store }: Parts, id: string) => {
  const { state, pause: own, resumeAt, nextFireAt } = await store.prisma.schedule.findUniqueOrThrow({ where: { id } });
  return { state, paused: own !== null, resumeAt: time(resumeAt), nextFireAt: time(nextFireAt) };
};
const GOES_ON = { state: 'ACTIVE', paused: false, resumeAt: null };
/** Of what the server did by itself. */
const auditOf = async ({ store }: Parts, targetId: string) => {
  const entries = await store.prisma.auditEntry.findMany({ where: { targetId, source: 'engine' }, orderBy: { at: 'asc' } });
  return entries.map(({ at: when, action, actor, reason }) => [time(when), action, (actor as { kind: string }).kind, reason]);
};
const eventsOf = async ({ store }: Parts, subjectId: string) => {
  const rows = await store.sql.query<{ change: string }>(
    `SELECT (before->>'state') || ' to ' || (after->>'state') AS change FROM event WHERE subject_id = $1 AND kind = 'UPDATED' ORDER BY xid, seq`,
    [subjectId],
  );
  return rows.map(({ change }) => change);
};

test('a pause with an end ends by itself: what it held back is PAUSED, what is due at its end fires; event and audit entry by SYSTEM', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, EACH);
  const engine = await startTestEngine(parts);
  await pauseUntil(parts, at('00:00:40'), id);
  await engine.settle();
  assert.equal(parts.clock.nextTimer(), at('00:00:30'), 'never asleep for longer than 30 s');
  for (const moment of ['00:00:30', '00:00:39.999']) {
    parts.clock.advanceTo(at(moment));
    await engine.settle();
    assert.equal((await stateOf(parts, id)).state, 'PAUSED');
    assert.deepEqual([...(await runsOf(parts, id)), ...(await skipsOf(parts, id))], [], 'a running pause is not written yet');
  }
  assert.equal(parts.clock.nextTimer(), at('00:00:40'));
  parts.clock.advanceTo(at('00:00:40'));
  await engine.settle();
  await engine.settle();
  assert.deepEqual(await stateOf(parts, id), { ...GOES_ON, nextFireAt: '00:00:50' });
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 PAUSED 3']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:40 SCHEDULE QUEUED']);
  assert.deepEqual(await eventsOf(parts, id), ['ACTIVE to PAUSED', 'PAUSED to ACTIVE']);
  assert.deepEqual(await auditOf(parts, id), [
    ['00:00:40', 'schedule.resume', 'SYSTEM', 'it was paused until 2026-03-02T00:00:40.000Z'],
  ]);
});

test('a pause whose end passed while no server ran ends at the start; what passed since is for the misfire policy', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { ...EACH, misfire: { mode: 'FIRE_ONCE', graceTime: 'PT0S' } });
  await pauseUntil(parts, at('00:00:40'), id);
  parts.clock.advanceTo(at('00:01:25'));
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('00:01:25.002'));
  await engine.settle();
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 PAUSED 3', '00:00:40 to 00:01:10 COALESCED 4']);
  assert.deepEqual(await runsOf(parts, id), ['00:01:20 CATCH_UP QUEUED']);
});

test('two engines end many pauses at the same moment: each once', async (t) => {
  const one = await openParts(t);
  const two = await one.another();
  await addTask(one);
  const ids: string[] = [];
  for (let n = 0; n < 40; n += 1) ids.push((await addSchedule(one, { ...EACH, name: `schedule ${n}` })).id);
  await pauseUntil(one, at('00:00:35'), ...ids);
  const engines = [await startTestEngine(one), await startTestEngine(two)];
  for (const moment of ['00:00:35', '00:00:35.002', '00:00:40', '00:00:40.002']) {
    one.clock.advanceTo(at(moment));
    await Promise.all(engines.map((engine) => engine.settle()));
  }
  for (const id of ids) {
    assert.deepEqual(await skipsOf(one, id), ['00:00:10 to 00:00:30 PAUSED 3']);
    assert.deepEqual(await runsOf(one, id), ['00:00:40 SCHEDULE QUEUED']);
    assert.equal((await auditOf(one, id)).length, 1);
    assert.deepEqual(await eventsOf(one, id), ['ACTIVE to PAUSED', 'PAUSED to ACTIVE']);
  }
  assert.deepEqual([...one.logged, ...two.logged], []);
});

test('another end counts instead of the first, and none means for good', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const [later, never] = [
    await addSchedule(parts, { ...EACH, name: 'later' }),
    await addSchedule(parts, { ...EACH, name: 'never' }),
  ];
  const engine = await startTestEngine(parts);
  await pauseUntil(parts, at('00:00:15'), later.id, never.id);
  await pauseUntil(parts, at('00:00:25'), later.id);
  await pause(parts, never.id);
  for (const moment of ['00:00:15', '00:00:20', '00:00:25', '00:00:30', '00:00:30.002']) {
    parts.clock.advanceTo(at(moment));
    await engine.settle();
  }
  assert.deepEqual(await runsOf(parts, later.id), ['00:00:30 SCHEDULE QUEUED']);
  assert.deepEqual(await runsOf(parts, never.id), []);
  assert.equal((await stateOf(parts, never.id)).state, 'PAUSED');
});

test('an edit keeps the end of a pause; one that comes just after the end, before any engine, finds the schedule active', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, EACH);
  await pauseUntil(parts, at('00:00:35'), id);
  parts.clock.advanceTo(at('00:00:12'));
  await editSchedule(parts, id, { description: 'during' });
  assert.deepEqual(await stateOf(parts, id), { state: 'PAUSED', paused: true, resumeAt: '00:00:35', nextFireAt: '00:00:20' });
  parts.clock.advanceTo(at('00:00:51'));
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT1H' } } });
  assert.deepEqual(await stateOf(parts, id), { ...GOES_ON, nextFireAt: '01:00:00' });
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 PAUSED 1', '00:00:20 to 00:00:30 PAUSED 2']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:40 SCHEDULE QUEUED', '00:00:50 SCHEDULE QUEUED']);
});

test('a schedule whose times end within its pause is COMPLETED by the end of the pause', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { ...EACH, endAt: new Date(at('00:00:25')) });
  await pauseUntil(parts, at('00:00:30'), id);
  parts.clock.advanceTo(at('00:00:30'));
  await startTestEngine(parts);
  assert.deepEqual(await stateOf(parts, id), { ...GOES_ON, state: 'COMPLETED', nextFireAt: null });
  assert.deepEqual(await eventsOf(parts, id), ['ACTIVE to PAUSED', 'PAUSED to COMPLETED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 PAUSED 2']);
});
