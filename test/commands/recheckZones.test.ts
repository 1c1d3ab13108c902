import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { recheckZones } from '../../src/commands/recheckZones.ts';
import { ZONE_DATA } from '../../src/zoneData.ts';
import { addSchedule, addTask, at, editSchedule, holdTask, openParts, pause, startTestEngine } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

const SERVER = {
  viewer: { actor: { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' }, role: 'ADMIN' },
  requestId: 'start',
} as const;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** 07:00 in New York, while it is five hours behind. */
const NOON = { trigger: { cron: { expression: '0 7 * * *' } }, timeZone: 'America/New_York' };
const iso = (instant: number) => new Date(instant).toISOString();

async function openSchedule(t: TestContext, spec: object = NOON) {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, spec);
  return { parts, id };
}
/** As an older version of the zone data would have left it: every instant lies `byMs` elsewhere. */
async function computedElsewhere({ store }: Parts, id: string, byMs: number, from = 0) {
  const row = await store.prisma.schedule.findUniqueOrThrow({ where: { id } });
  const horizon = (row.horizon as number[]).map((instant, index) => (index >= from ? instant + byMs : instant));
  const next = new Date(horizon[0] as number);
  await store.prisma.schedule.update({
    where: { id },
    data: { horizon, zoneData: '1970a', nextScheduledFor: next, nextFireAt: next },
  });
}
const recheck = (parts: Parts) => recheckZones(parts, SERVER, parts.log, ZONE_DATA);
const rowOf = ({ store }: Parts, id: string) => store.prisma.schedule.findUniqueOrThrow({ where: { id } });
const eventsOf = async ({ store }: Parts, id: string) =>
  (await store.sql.query<{ kind: string }>(`SELECT kind FROM event WHERE subject_id = $1 ORDER BY xid, seq`, [id])).map(
    ({ kind }) => kind,
  );

test('a schedule remembers its next instants, and by which zone data', async (t) => {
  const { parts, id } = await openSchedule(t);
  const { horizon, zoneData } = await rowOf(parts, id);
  assert.deepEqual(horizon, [at('12:00:00'), at('12:00:00') + DAY, at('12:00:00') + 2 * DAY]);
  assert.equal(zoneData, ZONE_DATA);
  await editSchedule(parts, id, { trigger: { cron: { expression: '0 8 * * *' } } });
  assert.equal(((await rowOf(parts, id)).horizon as number[])[0], at('13:00:00'));
});

test('what no zone plays a part in remembers nothing', async (t) => {
  const { parts, id } = await openSchedule(t, {});
  assert.equal((await rowOf(parts, id)).horizon, null);
});

test('a fire that uses up what is remembered remembers anew', async (t) => {
  const { parts, id } = await openSchedule(t, { ...NOON, overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  for (let day = 0; day < 3; day += 1) {
    parts.clock.advanceTo(at('12:00:00') + day * DAY);
    await engine.settle();
    const { horizon } = await rowOf(parts, id);
    assert.equal((horizon as number[])[0], at('12:00:00') + (day < 2 ? 0 : 3 * DAY), `after fire ${day + 1}`);
  }
});

for (const [rule, byMs] of [
  ['later', -HOUR],
  ['earlier', HOUR],
] as const) {
  test(`an instant that today's data puts ${rule} is where it belongs before anything fires, with event, audit entry and warning`, async (t) => {
    const { parts, id } = await openSchedule(t);
    await computedElsewhere(parts, id, byMs);
    assert.equal(await recheck(parts), 1);
    const row = await rowOf(parts, id);
    assert.deepEqual([row.nextScheduledFor, row.nextFireAt], [new Date(at('12:00:00')), new Date(at('12:00:00'))]);
    assert.deepEqual([row.zoneData, row.version, row.state], [ZONE_DATA, 1, 'ACTIVE']);
    assert.deepEqual(await eventsOf(parts, id), ['CREATED', 'UPDATED']);
    const audit = await parts.store.prisma.auditEntry.findFirstOrThrow({ where: { action: 'schedule.move' } });
    const instants = (by: number) => [0, 1, 2].map((day) => iso(at('12:00:00') + day * DAY + by));
    assert.deepEqual(audit.changes, { nextScheduledFor: { before: instants(byMs), after: instants(0) } });
    const [warning] = parts.logged as unknown as { schedule: string; instants: { before: string; now: string }[]; msg: string }[];
    assert.deepEqual(
      [warning?.schedule, warning?.instants[0]],
      ['schedule', { before: iso(at('12:00:00') + byMs), now: iso(at('12:00:00')) }],
    );
    assert.equal(await recheck(parts), 0);
  });
}

test('an earlier instant that is past by now is late, and follows the misfire policy', async (t) => {
  const { parts, id } = await openSchedule(t, { ...NOON, misfire: { mode: 'FIRE_ONCE' } });
  await computedElsewhere(parts, id, HOUR);
  parts.clock.advanceTo(at('12:30:00'));
  await recheck(parts);
  await startTestEngine(parts);
  assert.deepEqual(await runsOf(parts, id), ['12:00:00 CATCH_UP QUEUED']);
});

test('what ran already is not run again', async (t) => {
  const { parts, id } = await openSchedule(t, { ...NOON, overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('12:00:00'));
  await engine.settle();
  await computedElsewhere(parts, id, -HOUR);
  await recheck(parts);
  await engine.settle();
  assert.deepEqual(await runsOf(parts, id), ['12:00:00 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), []);
  assert.equal((await rowOf(parts, id)).nextScheduledFor?.getTime(), at('12:00:00') + DAY);
});

test('instants that lie where they lay are noted as looked at, without an event', async (t) => {
  const { parts, id } = await openSchedule(t);
  await computedElsewhere(parts, id, 0);
  assert.equal(await recheck(parts), 0);
  assert.equal((await rowOf(parts, id)).zoneData, ZONE_DATA);
  assert.deepEqual(await eventsOf(parts, id), ['CREATED']);
  assert.deepEqual(parts.logged, []);
});

test('a later instant that moves is told as well, and the next one stays', async (t) => {
  const { parts, id } = await openSchedule(t);
  await computedElsewhere(parts, id, HOUR, 2);
  assert.equal(await recheck(parts), 1);
  const [warning] = parts.logged as unknown as { instants: { before: string; now: string }[] }[];
  assert.deepEqual(warning?.instants, [{ before: iso(at('13:00:00') + 2 * DAY), now: iso(at('12:00:00') + 2 * DAY) }]);
  assert.equal((await rowOf(parts, id)).nextScheduledFor?.getTime(), at('12:00:00'));
});

test('a paused schedule moves, too, and stays paused', async (t) => {
  const { parts, id } = await openSchedule(t);
  await pause(parts, id);
  await computedElsewhere(parts, id, HOUR);
  assert.equal(await recheck(parts), 1);
  const { state, nextScheduledFor } = await rowOf(parts, id);
  assert.deepEqual([state, nextScheduledFor?.getTime()], ['PAUSED', at('12:00:00')]);
});

test('instances that start at the same moment move it once', async (t) => {
  const { parts, id } = await openSchedule(t);
  const others = await Promise.all([parts.another(), parts.another()]);
  await computedElsewhere(parts, id, HOUR);
  const moved = await Promise.all([parts, ...others].map(recheck));
  assert.equal(
    moved.reduce((sum, count) => sum + count, 0),
    1,
  );
  assert.deepEqual(await eventsOf(parts, id), ['CREATED', 'UPDATED']);
});

test('a schedule whose task is paused is moved, and stays held back', async (t) => {
  const { parts, id } = await openSchedule(t);
  await computedElsewhere(parts, id, HOUR);
  await holdTask(parts, 'task');
  assert.equal(await recheck(parts), 1);
  const { nextScheduledFor, nextFireAt } = await rowOf(parts, id);
  assert.deepEqual([nextScheduledFor, nextFireAt], [new Date(at('12:00:00')), null]);
});
