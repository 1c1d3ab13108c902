import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { countPending } from '../../src/domain/pending.ts';
import { startEngine } from '../../src/engine/engine.ts';
import { explainAt } from '../../src/graphql/explainSchedule.ts';
import { findFreezesById } from '../../src/store/freezes.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import { untilBlocked } from '../support/database.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';
import { allOccurrences, tellOccurrence } from '../support/occurrences.ts';
import {
  addSchedule,
  addTask,
  at,
  editSchedule,
  freeze,
  holdTask,
  openParts,
  pause,
  pauseUntil,
  releaseTask,
  removeSchedule,
  resume,
  resumeWith,
  skip,
  thaw,
  time,
  trigger,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { stepsOf } from '../support/play.ts';

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
let stopEngine = (): Promise<void> => Promise.resolve();
/** Midnight again, with an engine and a schedule every 10 s; both go with the test. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}) {
  // What another one holds, this one would pass over.
  await stopEngine();
  parts.clock.advanceTo(at('00:00:00'));
  const { id } = await addSchedule(parts, { name: `schedule-${(played += 1)}`, overlapPolicy: 'ALLOW_ALL', ...spec });
  const engine = startEngine(parts);
  stopEngine = () => engine.stop();
  t.after(async () => {
    await engine.stop();
    await removeSchedule(parts, id).catch(() => undefined);
  });
  const stateOf = async () => {
    const { state, nextScheduledFor, nextFireAt, freezes } = (await findSchedulesById(parts.store.prisma, [id]))[0]!;
    return { state, place: time(nextScheduledFor), nextFireAt: time(nextFireAt), freezes: freezes.length };
  };
  return { id, engine, step: stepsOf(parts, engine), stateOf };
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

test('while it lasts, lists and explain say of the past what the ledger will, and of the future that it is frozen', async (t) => {
  const { id, step } = await playing(t);
  await step('00:00:10');
  await freeze(parts, at('00:01:00'), { exit: 'FIRE_ONCE' }, id);
  await skip(parts, id, '00:00:30');
  await step('00:00:45');
  const told = await allOccurrences(parts, id, at('00:00:00'), at('00:01:10'));
  assert.deepEqual(told.map(tellOccurrence), [
    '00:00:10 FIRED',
    '00:00:20 FROZEN',
    '00:00:30 SKIPPED_BY_USER',
    '00:00:40 FROZEN',
    '00:00:50 FROZEN',
    '00:01:00 PLANNED',
  ]);
  const [schedule] = await findSchedulesById(parts.store.prisma, [id]);
  assert.equal(countPending({ ...schedule!, calendars: null }, parts.clock.now()), 3);
  const words =
    'freeze: FROZEN from 2026-03-02T00:00:10.000Z until 2026-03-02T00:01:00.000Z, by test: deploy; at its end the latest one runs';
  for (const moment of ['00:00:20', '00:00:50']) {
    const { fires, causes } = await explainAt({ ...schedule!, calendars: null, skips: [] }, at(moment), parts);
    assert.deepEqual([fires, `${causes.at(-1)?.subject}: ${causes.at(-1)?.message}`], [false, words]);
  }
});

test('a pause that ends by itself, or of the task, within a freeze: what lies in both is PAUSED, the rest goes by the freeze', async (t) => {
  const { id, step, stateOf } = await playing(t);
  await freeze(parts, at('00:01:30'), { exit: 'FIRE_ALL' }, id);
  await step('00:00:15');
  await pauseUntil(parts, at('00:00:40'), id);
  await step('00:00:40', '00:00:55');
  await holdTask(parts, 'task');
  await step('00:01:05');
  await releaseTask(parts, 'task');
  assert.deepEqual(await stateOf(), { state: 'ACTIVE', place: '00:01:10', nextFireAt: '00:01:30', freezes: 1 });
  await step('00:01:30');
  assert.deepEqual(await fired(id), ['00:01:10 CATCH_UP QUEUED', '00:01:20 CATCH_UP QUEUED', '00:01:30']);
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:10 to 00:00:10 FROZEN 1',
    '00:00:20 to 00:00:30 PAUSED 2',
    '00:00:40 to 00:00:50 FROZEN 2',
    '00:01:00 to 00:01:00 PAUSED 1',
  ]);
});

test('two instances: what a freeze lets run at its end runs once', async (t) => {
  const { id, step } = await playing(t);
  const other = startEngine(await parts.another());
  t.after(() => other.stop());
  const { freeze: made } = await freeze(parts, at('00:01:00'), { exit: 'FIRE_ALL' }, id);
  await Promise.all([step('00:01:00'), other.settle()]);
  await other.settle();
  assert.equal((await fired(id)).length, 6);
  assert.equal(await suppressed(made.id), 5);
});

test('a serial backlog: what exit FIRE_ALL lets run waits for each other under overlap policy SKIP', async (t) => {
  const { id, step } = await playing(t, { overlapPolicy: 'SKIP', misfire: { mode: 'SKIP' } });
  await freeze(parts, at('00:00:35'), { exit: 'FIRE_ALL' }, id);
  await step('00:00:35');
  assert.deepEqual(await runsOf(parts, id), [
    '00:00:10 CATCH_UP QUEUED',
    '00:00:20 CATCH_UP BUFFERED',
    '00:00:30 CATCH_UP BUFFERED',
  ]);
});

test('a schedule that is created while a freeze with a filter is being written is in it', async (t) => {
  await playing(t);
  const labels = [{ key: 'race', value: 'yes' }];
  let creating: ReturnType<typeof addSchedule> | undefined;
  // A transaction that begins a freeze, and waits with its end until the creation has come to it.
  await parts.store.transaction(async (tx) => {
    await tx.sql.query(`SELECT pg_advisory_xact_lock(7203311)::text AS locked`);
    creating = addSchedule(parts, { name: `raced-${(played += 1)}`, labels });
    await untilBlocked(parts.store.sql, 'keepFreezes');
    await tx.prisma.freeze.create({
      data: {
        id: 'frz_race',
        reason: 'race',
        from: new Date(at('00:00:00')),
        until: new Date(at('00:01:00')),
        select: { filter: { labels: [{ key: 'race', in: ['yes'] }] } },
        exit: 'SKIP',
        by: { kind: 'TOKEN', id: 'tok', name: null },
        createdAt: new Date(at('00:00:00')),
      },
    });
  });
  const raced = await creating;
  assert.equal(time(raced?.nextFireAt ?? null), '00:01:00');
  await removeSchedule(parts, raced?.id ?? '');
});

test('10,000 schedules are frozen and let go in one transaction each', async (t) => {
  const { id } = await playing(t, { labels: [{ key: 'many', value: 'yes' }] });
  await parts.store.sql.query(
    `INSERT INTO schedule SELECT (jsonb_populate_record(s, jsonb_build_object('id', 'sch_many_' || n, 'name', 'many-' || n))).*
       FROM schedule s, generate_series(1, 9999) n WHERE s.id = $1`,
    [id],
  );
  const select = { filter: { labels: [{ key: 'many', exists: true }] } };
  const { freeze: made, suppressedPreview } = await freeze(parts, at('00:01:00'), { select });
  assert.equal(suppressedPreview, 50_000);
  const frozen = async () =>
    (
      await parts.store.sql.query<{ n: number }>(
        `SELECT count(*)::int AS n FROM schedule WHERE next_fire_at = $1 AND labels ? 'many'`,
        [new Date(at('00:01:00'))],
      )
    )[0]?.n;
  assert.equal(await frozen(), 10_000);
  await thaw(parts, made.id);
  assert.equal(await frozen(), 0);
  await parts.store.sql.query(`UPDATE schedule SET deleted_at = now() WHERE name LIKE 'many-%'`);
});
