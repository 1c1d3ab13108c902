import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import { recheckZones } from '../../src/commands/recheckZones.ts';
import type { SchedulePatch } from '../../src/commands/definition.ts';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { timingOf } from '../../src/domain/timing.ts';
import type { Timing } from '../../src/domain/timing.ts';
import { ZONE_DATA } from '../../src/zoneData.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import { addSchedule, addTask, at, editSchedule, openParts, pause, resume, startTestEngine, time } from '../support/parts.ts';
import { play } from '../support/play.ts';

const CALLER = { viewer: { actor: { kind: 'SYSTEM', id: 'test', name: null }, role: 'ADMIN' }, requestId: 'request' } as const;
const MINUTE = 60_000;

/** A schedule every ten minutes that runs beside itself, an engine, and a clock that stands at midnight. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']>) {
  const played = await play(t, { trigger: { interval: { every: 'PT10M' } }, ...spec });
  const { parts, id } = played;
  const stored = () => parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
  return {
    ...played,
    stored,
    /** When its occurrences are due, by its definition of this moment. */
    async timing(): Promise<Timing> {
      const row = (await stored()) as never;
      return timingOf(row, parts.triggerOf({ ...(row as object), calendars: null } as never));
    },
    async runs(): Promise<[scheduledFor: number, effectiveAt: number][]> {
      const rows = await parts.store.prisma.run.findMany({ where: { scheduleId: id }, orderBy: { scheduledFor: 'asc' } });
      return rows.map((run) => [run.scheduledFor.getTime(), run.effectiveAt.getTime()]);
    },
  };
}
type Playing = Awaited<ReturnType<typeof playing>>;
/** The stretch by which this occurrence is due later; never 0, so that the tests can tell. */
async function offsetAt({ timing, id }: Playing, instant: number): Promise<number> {
  const offset = (await timing()).effective(instant) - instant;
  assert.ok(offset > 2, `the offset of ${id} at ${time(instant)} is ${offset} ms: one in 100,000 has so small a one`);
  return offset;
}

for (const setting of ['spread', 'jitter'] as const) {
  test(`${setting}: an occurrence keeps its nominal instant and fires at its effective one, not a millisecond before`, async (t) => {
    const it = await playing(t, { [setting]: 'PT9M' });
    const timing = await it.timing();
    for (const nominal of ['00:10:00', '00:20:00', '00:30:00'].map(at)) {
      const { nextScheduledFor, nextFireAt } = await it.stored();
      const effective = nominal + (await offsetAt(it, nominal));
      assert.deepEqual([nextScheduledFor, nextFireAt], [new Date(nominal), new Date(effective)]);
      const before = (await it.runs()).length;
      await it.step(nominal, effective - 1);
      assert.equal((await it.runs()).length, before);
      await it.step(effective);
      assert.deepEqual((await it.runs()).at(-1), [nominal, effective]);
    }
    const offsets = new Set((await it.runs()).map(([nominal, effective]) => effective - nominal));
    assert.equal(offsets.size, setting === 'spread' ? 1 : 3);
    assert.deepEqual(await skipsOf(it.parts, it.id), []);
    assert.equal((await it.runs()).at(-1)?.[1], timing.effective(at('00:30:00')));
  });
}

test('a spread longer than the time between two occurrences delays all of them alike', async (t) => {
  const it = await playing(t, { spread: 'P1D' });
  const offset = await offsetAt(it, at('00:10:00'));
  const due = [1, 2, 3].map((n) => at('00:00:00') + n * 10 * MINUTE + offset);
  await it.step(...due);
  assert.deepEqual(
    (await it.runs()).map(([, effective]) => effective),
    due,
  );
});

test('lateness is measured from the effective instant, by the run as by the misfire policy', async (t) => {
  const it = await playing(t, { spread: 'PT5M', misfire: { mode: 'SKIP', graceTime: 'PT1M' } });
  const worker = await startTestWorker(it.parts);
  const offset = await offsetAt(it, at('00:10:00'));
  await it.step(at('00:10:00') + offset + MINUTE);
  (await worker.next()).succeed();
  await whenEvents(it.parts, async () => (await runsOf(it.parts, it.id)).includes('00:10:00 SCHEDULE SUCCEEDED'));
  const run = await it.parts.store.prisma.run.findFirstOrThrow();
  assert.equal(run.latenessMs, MINUTE);
  await it.step(at('00:20:00') + offset + MINUTE + 1);
  assert.deepEqual(await skipsOf(it.parts, it.id), ['00:20:00 to 00:20:00 MISSED 1']);
});

test('what a pause holds back is what is due in it', async (t) => {
  const it = await playing(t, { spread: 'PT5M' });
  const offset = await offsetAt(it, at('00:10:00'));
  await pause(it.parts, it.id);
  it.parts.clock.advanceTo(at('00:20:00') + offset - 1);
  await resume(it.parts, it.id);
  assert.deepEqual(await skipsOf(it.parts, it.id), ['00:10:00 to 00:10:00 PAUSED 1']);
  await it.step(at('00:20:00') + offset);
  assert.deepEqual(await runsOf(it.parts, it.id), ['00:20:00 SCHEDULE QUEUED']);
});

const edits: { rule: string; from: SchedulePatch; to: SchedulePatch[] }[] = [
  { rule: 'a spread that shrinks', from: { spread: 'PT1H' }, to: [{ spread: 'PT1S' }] },
  { rule: 'a spread that grows', from: { spread: 'PT1S' }, to: [{ spread: 'PT1H' }] },
  { rule: 'a spread that goes and comes back', from: { spread: 'PT30M' }, to: [{ spread: null }, { spread: 'PT30M' }] },
  { rule: 'a jitter that comes, grows and goes', from: {}, to: [{ jitter: 'PT5M' }, { jitter: 'PT9M' }, { jitter: null }] },
  {
    rule: 'jitter in place of spread and back',
    from: { spread: 'PT20M' },
    to: [
      { spread: null, jitter: 'PT9M' },
      { spread: 'PT20M', jitter: null },
    ],
  },
];
for (const { rule, from, to } of edits) {
  test(`${rule}: nothing fires twice, nothing is lost, each edit is a version`, async (t) => {
    const it = await playing(t, { ...(from as object), misfire: { mode: 'FIRE_ALL', graceTime: 'PT2H' } });
    let now = at('00:03:00');
    for (const patch of to) {
      for (let steps = 0; steps < 6; steps += 1) await it.step((now += 7 * MINUTE));
      await editSchedule(it.parts, it.id, patch);
      await it.step((now += 1_000));
    }
    await it.step((now += 3 * 60 * MINUTE));
    const last = (await it.stored()).nextScheduledFor?.getTime() as number;
    const all = Array.from({ length: (last - at('00:10:00')) / (10 * MINUTE) }, (_, n) => at('00:10:00') + n * 10 * MINUTE);
    assert.deepEqual(
      (await it.runs()).map(([nominal]) => nominal),
      all,
    );
    assert.deepEqual(await skipsOf(it.parts, it.id), []);
    assert.ok((await it.timing()).effective(last) > now);
    assert.equal((await it.stored()).version, 1 + to.length);
  });
}

const waiting: { rule: string; patch: SchedulePatch; runs: string[] }[] = [
  {
    rule: 'an edit of the trigger takes away what waits for its effective instant and is no time of the new one',
    patch: { trigger: { cron: { expression: '15,25 * * * *' } } },
    runs: ['00:15:00 SCHEDULE QUEUED'],
  },
  {
    rule: 'an edit of the trigger keeps what waits for its effective instant when the new one has it, too',
    patch: { trigger: { cron: { expression: '10,25 * * * *' } } },
    runs: ['00:10:00 SCHEDULE QUEUED'],
  },
  { rule: 'an edit of another field keeps what waits', patch: { description: 'edited' }, runs: ['00:10:00 SCHEDULE QUEUED'] },
];
for (const { rule, patch, runs } of waiting) {
  test(rule, async (t) => {
    const it = await playing(t, { spread: 'PT5M' });
    const offset = await offsetAt(it, at('00:10:00'));
    await it.step(at('00:10:00') + offset - 1);
    await editSchedule(it.parts, it.id, patch);
    await it.step(at('00:10:00') + offset, at('00:15:00') + offset);
    assert.deepEqual(await runsOf(it.parts, it.id), runs);
    assert.deepEqual(await skipsOf(it.parts, it.id), []);
  });
}

test('what an edit makes overdue follows the misfire policy, as after an outage', async (t) => {
  const it = await playing(t, { spread: 'P1D', misfire: { mode: 'FIRE_ONCE' } });
  // Until the first one is due, all that is nominal by then waits.
  const due = (await it.timing()).effective(at('00:10:00'));
  await it.step(due - 1);
  await editSchedule(it.parts, it.id, { spread: null });
  await it.step(due);
  const [runs, skips] = [await it.runs(), await skipsOf(it.parts, it.id)];
  const passed = Math.floor((due - 1 - at('00:00:00')) / (10 * MINUTE));
  assert.deepEqual(runs.length + skips.reduce((sum, row) => sum + Number(row.split(' ').at(-1)), 0), passed);
  assert.equal(runs.length, Math.min(passed, 1));
});

/** Its next occurrence and when the engine waits for it, as they should be by its definition. */
async function stands(it: Playing): Promise<void> {
  const { nextScheduledFor, nextFireAt } = await it.stored();
  const timing = await it.timing();
  assert.ok(nextScheduledFor !== null);
  assert.equal(nextFireAt?.getTime(), timing.effective(nextScheduledFor.getTime()));
}

test('zone data that moves an instant moves its effective one', async (t) => {
  const daily = { cron: { expression: '0 7 * * *' } };
  const it = await playing(t, { trigger: daily, timeZone: 'America/New_York', jitter: 'PT2H' });
  const { horizon } = await it.stored();
  const elsewhere = (horizon as number[]).map((instant) => instant + 60 * MINUTE);
  const next = new Date(elsewhere[0] as number);
  await it.parts.store.prisma.schedule.update({
    where: { id: it.id },
    data: { horizon: elsewhere, zoneData: '1970a', nextScheduledFor: next, nextFireAt: next },
  });
  assert.equal(await recheckZones(it.parts, CALLER, it.parts.log, ZONE_DATA), 1);
  assert.equal((await it.stored()).nextScheduledFor?.getTime(), at('12:00:00'));
  await stands(it);
});

test('a calendar moves what is still ahead, and what waits for its effective instant on a day that is free by now does not fire', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const put = async (...dates: string[]) => {
    const result = await putCalendar(parts, CALLER, { name: 'holidays', dates });
    assert.ok(result.ok);
    return result.value.movedSchedules.length;
  };
  await put();
  const trigger = { except: { base: { cron: { expression: '0 9 * * *' } }, excluding: [{ calendar: 'holidays' }] } };
  const { id, nextFireAt } = await addSchedule(parts, { trigger, spread: 'PT6H' });
  const offset = (nextFireAt as Date).getTime() - at('09:00:00');
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('09:00:00') + offset - 1);
  await engine.settle();
  const placeOf = async () => {
    const row = await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
    return [row.nextScheduledFor, row.nextFireAt].map((instant) => instant?.getTime());
  };
  const [today, tomorrow] = [at('09:00:00'), at('09:00:00') + 24 * 60 * MINUTE];
  assert.equal(await put('2026-03-02'), 1);
  assert.deepEqual(await placeOf(), [tomorrow, tomorrow + offset]);
  assert.equal(await put(), 1);
  assert.deepEqual(await placeOf(), [today, today + offset]);
  parts.clock.advanceTo(today + offset);
  await engine.settle();
  assert.deepEqual(await runsOf(parts, id), ['09:00:00 SCHEDULE QUEUED']);
  assert.equal(await put('2026-03-02'), 0, 'what has run is not looked at again');
  assert.deepEqual(await placeOf(), [tomorrow, tomorrow + offset]);
});

test('the database has no schedule with spread and jitter', async (t) => {
  const it = await playing(t, { spread: 'PT5M' });
  await assert.rejects(
    it.parts.store.sql.query(`UPDATE schedule SET jitter_ms = 1 WHERE id = $1`, [it.id]),
    /schedule_offsets_check/,
  );
});
