import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { findFreezesById } from '../../src/store/freezes.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';
import {
  addSchedule,
  addTask,
  at,
  editSchedule,
  freeze,
  openParts,
  pause,
  removeSchedule,
  resume,
  resumeWith,
  skip,
  thaw,
  time,
  trigger,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';

let parts: Parts;
const stops: (() => Promise<void> | void)[] = [];
before(async () => {
  parts = await openParts({ after: (stop) => void stops.push(stop) });
  await addTask(parts);
});
after(async () => {
  assert.deepEqual(parts.logged, []);
  for (const stop of stops.toReversed()) await stop();
});

let played = 0;
/** Midnight again, with an engine and a schedule every 10 s; both go with the test. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}) {
  parts.clock.advanceTo(at('00:00:00'));
  const { id } = await addSchedule(parts, { name: `schedule-${(played += 1)}`, overlapPolicy: 'ALLOW_ALL', ...spec });
  const engine = startEngine(parts);
  t.after(async () => {
    await engine.stop();
    await removeSchedule(parts, id).catch(() => undefined);
  });
  const step = async (...moments: string[]) => {
    for (const moment of moments) {
      parts.clock.advanceTo(at(moment));
      await engine.settle();
    }
  };
  const stateOf = async () => {
    const { state, nextScheduledFor, nextFireAt, freezes } = (await findSchedulesById(parts.store.prisma, [id]))[0]!;
    return { state, place: time(nextScheduledFor), nextFireAt: time(nextFireAt), freezes: freezes.length };
  };
  return { id, engine, step, stateOf };
}
const fired = async (id: string) => (await runsOf(parts, id)).map((run) => run.replace(' SCHEDULE QUEUED', ''));
const suppressed = async (id: string) => (await findFreezesById(parts.store.prisma, [id]))[0]?.suppressed;

test('nothing fires between from and until; it ends by itself, and what it held back is one row: FROZEN, with the reason', async (t) => {
  const { id, step, stateOf } = await playing(t);
  await step('00:00:10');
  const { freeze: made, suppressedPreview } = await freeze(parts, at('00:01:00'), { from: new Date(at('00:00:30')) }, id);
  assert.equal(suppressedPreview, 3);
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:20', nextFireAt: '00:00:20', freezes: 1 });
  await step('00:00:20');
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:30', nextFireAt: '00:01:00', freezes: 1 });
  await step('00:00:30', '00:00:40', '00:00:50', '00:00:59.999');
  assert.deepEqual(await fired(id), ['00:00:10', '00:00:20'], 'what is due at its start is held back');
  assert.deepEqual(await skipsOf(parts, id), [], 'nothing is written while it lasts');
  await step('00:01:00', '00:01:10');
  assert.deepEqual(await fired(id), ['00:00:10', '00:00:20', '00:01:00', '00:01:10'], 'what is due at its end fires');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:50 FROZEN 3']);
  const [row] = await parts.store.prisma.occurrence.findMany({ where: { scheduleId: id } });
  assert.equal(row?.reason, 'frozen: deploy');
  assert.equal(await suppressed(made.id), 3);
  assert.equal((await stateOf()).freezes, 0, 'it has no say any more');
});

const exits = [
  { exit: 'SKIP', fires: [], skips: ['00:00:20 to 00:00:50 FROZEN 4'] },
  { exit: 'FIRE_ONCE', fires: ['00:00:50 CATCH_UP QUEUED'], skips: ['00:00:20 to 00:00:40 COALESCED 3'] },
  {
    exit: 'FIRE_ALL',
    fires: ['00:00:30 CATCH_UP QUEUED', '00:00:40 CATCH_UP QUEUED', '00:00:50 CATCH_UP QUEUED'],
    skips: ['00:00:20 to 00:00:20 MISSED 1'],
  },
] as const;
for (const { exit, fires, skips } of exits)
  test(`exit ${exit} decides what becomes of what was held back, whatever the schedule's own misfire policy`, async (t) => {
    const { id, step, stateOf } = await playing(t, { misfire: { mode: 'SKIP', graceTime: 'PT0S', maxCatchupRuns: 3 } });
    await step('00:00:10');
    const { freeze: made } = await freeze(parts, at('00:01:00'), { exit }, id);
    assert.equal((await stateOf()).nextFireAt, '00:01:00');
    await step('00:00:59.999');
    assert.deepEqual(await fired(id), ['00:00:10']);
    await step('00:01:00');
    assert.deepEqual(await fired(id), ['00:00:10', ...fires, '00:01:00']);
    assert.deepEqual(await skipsOf(parts, id), skips);
    assert.equal(await suppressed(made.id), 4);
  });

test('endFreeze is as if that were its until: what comes fires, what was held back goes by the exit', async (t) => {
  for (const { exit, fires } of [
    { exit: 'SKIP', fires: ['00:00:40'] },
    { exit: 'FIRE_ALL', fires: ['00:00:20 CATCH_UP QUEUED', '00:00:30 CATCH_UP QUEUED', '00:00:40'] },
  ] as const) {
    const { id, step, stateOf } = await playing(t);
    await step('00:00:10');
    const { freeze: made } = await freeze(parts, at('10:00:00'), { exit }, id);
    assert.equal((await stateOf()).nextFireAt, '10:00:00');
    await step('00:00:35');
    const ended = await thaw(parts, made.id);
    assert.equal(time(ended.until), '00:00:35');
    await step('00:00:35.001', '00:00:40');
    assert.deepEqual(await fired(id), ['00:00:10', ...fires]);
    assert.deepEqual(await skipsOf(parts, id), exit === 'SKIP' ? ['00:00:20 to 00:00:30 FROZEN 2'] : []);
    assert.equal(await suppressed(made.id), 2);
    await assert.rejects(thaw(parts, made.id), /INVALID_STATE The freeze ended at 2026-03-02T00:00:35.000Z already/);
  }
});

test('a freeze that is ended before it begins never holds anything back', async (t) => {
  const { id, step, stateOf } = await playing(t);
  const { freeze: made } = await freeze(parts, at('00:01:00'), { from: new Date(at('00:00:10')) }, id);
  assert.equal((await stateOf()).nextFireAt, '00:01:00');
  await thaw(parts, made.id);
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:10', nextFireAt: '00:00:10', freezes: 0 });
  await step('00:00:10');
  assert.deepEqual(await fired(id), ['00:00:10']);
});

test('where freezes overlap or touch, nothing fires until the last ends; each occurrence goes by the one over it that ends last', async (t) => {
  const { id, step } = await playing(t);
  const from = (moment: string) => ({ from: new Date(at(moment)) });
  const first = await freeze(parts, at('00:00:40'), { ...from('00:00:10'), exit: 'FIRE_ALL', reason: 'first' }, id);
  const second = await freeze(parts, at('00:01:00'), { ...from('00:00:30'), reason: 'second' }, id);
  const third = await freeze(parts, at('00:01:20'), { ...from('00:01:00'), exit: 'FIRE_ONCE', reason: 'third' }, id);
  await step('00:00:10', '00:00:40', '00:01:00', '00:01:10');
  assert.deepEqual(await fired(id), []);
  await step('00:01:20');
  assert.deepEqual(await fired(id), [
    '00:00:10 CATCH_UP QUEUED',
    '00:00:20 CATCH_UP QUEUED',
    '00:01:10 CATCH_UP QUEUED',
    '00:01:20',
  ]);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:50 FROZEN 3', '00:01:00 to 00:01:00 COALESCED 1']);
  assert.deepEqual(await Promise.all([first, second, third].map(({ freeze: { id: of } }) => suppressed(of))), [2, 3, 2]);
});

test('what is skipped within a freeze is SKIPPED_BY_USER, whatever the exit', async (t) => {
  for (const { exit, skips } of [
    {
      exit: 'SKIP',
      skips: ['00:00:10 to 00:00:10 FROZEN 1', '00:00:20 to 00:00:20 SKIPPED_BY_USER 1', '00:00:30 to 00:00:30 FROZEN 1'],
    },
    { exit: 'FIRE_ALL', skips: ['00:00:20 to 00:00:20 SKIPPED_BY_USER 1'] },
  ] as const) {
    const { id, step } = await playing(t);
    await skip(parts, id, '00:00:20');
    const { freeze: made } = await freeze(parts, at('00:00:40'), { exit }, id);
    await step('00:00:30', '00:00:40');
    assert.deepEqual(await skipsOf(parts, id), skips);
    assert.equal(await suppressed(made.id), 2);
  }
});

test('a pause wins for what lies in both; what a freeze held back before it is FROZEN', async (t) => {
  const { id, step } = await playing(t);
  await freeze(parts, at('00:01:00'), { exit: 'FIRE_ALL' }, id);
  await step('00:00:25');
  await pause(parts, id);
  await step('00:00:45');
  await assert.rejects(resumeWith(parts, 'FIRE_ALL', id), /INVALID_STATE The schedule "schedule-\d+" is in a freeze until/);
  await resume(parts, id);
  await step('00:00:50', '00:01:00');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 FROZEN 2', '00:00:30 to 00:00:40 PAUSED 2']);
  assert.deepEqual(await fired(id), ['00:00:50 CATCH_UP QUEUED', '00:01:00']);
});

test('an edit keeps the freeze, a deletion writes what it held back, and whatever is triggered by hand runs', async (t) => {
  const { id, step, stateOf } = await playing(t);
  await freeze(parts, at('00:01:00'), {}, id);
  await step('00:00:15');
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT7S' } } });
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:21', nextFireAt: '00:01:03', freezes: 1 });
  await trigger(parts, id);
  await step('00:00:30');
  await removeSchedule(parts, id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 FROZEN 1', '00:00:21 to 00:00:28 FROZEN 2']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:15 MANUAL CANCELED']);
});

test('a filter goes by what definitions say: who comes to match is held back, and who does not any more is let go', async (t) => {
  const { id, stateOf } = await playing(t, { labels: [{ key: 'tier', value: 'low' }] });
  const filter = { labels: [{ key: 'tier', in: ['high'] }] };
  const { suppressedPreview } = await freeze(parts, at('00:01:00'), { select: { filter } });
  assert.equal(suppressedPreview, 0);
  assert.equal((await stateOf()).nextFireAt, '00:00:10');
  await editSchedule(parts, id, { labels: [{ key: 'tier', value: 'high' }] });
  assert.equal((await stateOf()).nextFireAt, '00:01:00');
  await editSchedule(parts, id, { description: 'the same' });
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:10', nextFireAt: '00:01:00', freezes: 1 });
  await editSchedule(parts, id, { labels: [] });
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:10', nextFireAt: '00:00:10', freezes: 0 });
  const late = await addSchedule(parts, { name: `late-${(played += 1)}`, labels: [{ key: 'tier', value: 'high' }] });
  assert.equal(time(late.nextFireAt), '00:01:00');
  await removeSchedule(parts, late.id);
});

test('a schedule whose last times are frozen gets their verdicts as they come, and is COMPLETED with the last', async (t) => {
  const { id, step, stateOf } = await playing(t, { endAt: new Date(at('00:00:35')) });
  await freeze(parts, at('00:01:00'), {}, id);
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:00:10', nextFireAt: null, freezes: 1 });
  await step('00:00:10', '00:00:20', '00:00:30');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:30 FROZEN 3']);
  assert.equal((await stateOf()).state, 'COMPLETED');
});

test('a freeze that passed while no server ran is found in the ledger all the same, and misfires are made up for around it', async (t) => {
  const { id, engine } = await playing(t, { misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' } });
  await freeze(parts, at('00:00:40'), { from: new Date(at('00:00:20')) }, id);
  await engine.stop();
  parts.clock.advanceTo(at('00:01:00'));
  const again = startEngine(parts);
  t.after(() => again.stop());
  await again.settle();
  assert.deepEqual(await fired(id), [
    '00:00:10 CATCH_UP QUEUED',
    '00:00:40 CATCH_UP QUEUED',
    '00:00:50 CATCH_UP QUEUED',
    '00:01:00',
  ]);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:30 FROZEN 2']);
});

test('a schedule every second costs one row for a freeze of an hour, however it is spread', async (t) => {
  for (const spread of ['PT0S', 'PT30S']) {
    const { id, step } = await playing(t, { trigger: { interval: { every: 'PT1S' } }, spread, overlapPolicy: 'SKIP' });
    await freeze(parts, at('01:00:00'), {}, id);
    await step('00:10:00', '00:59:59', '01:00:00', '01:00:30');
    assert.deepEqual((await skipsOf(parts, id))[0], '00:00:01 to 00:59:59 FROZEN 3599');
  }
});
