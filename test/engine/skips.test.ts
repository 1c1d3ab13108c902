import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import {
  CALLER,
  addSchedule,
  addTask,
  at,
  editSchedule,
  openParts,
  pause,
  removeSchedule,
  resume,
  skip,
  time,
} from '../support/parts.ts';
import { play } from '../support/play.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

/** A schedule every 10 s since midnight whose runs may overlap. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}) {
  const played = await play(t, spec);
  const { parts, id } = played;
  return {
    ...played,
    async schedule() {
      return (await findSchedulesById(parts.store.prisma, [id]))[0]!;
    },
    fired: async () => (await runsOf(parts, id)).map((run) => run.split(' ')[0]),
    skipped: () => parts.store.prisma.skippedOccurrence.count(),
  };
}

test('a skipped occurrence does not run; the ledger says by whom and why when the next one fires', async (t) => {
  const { parts, id, step, schedule, fired, skipped } = await playing(t);
  const before = await schedule();
  const answered = await skip(parts, id, '00:00:20');
  assert.equal(time(answered.nextFireAt), '00:00:10');
  await step('00:00:10');
  const waiting = await schedule();
  assert.deepEqual([time(waiting.nextScheduledFor), time(waiting.nextFireAt)], ['00:00:20', '00:00:30']);
  await step('00:00:20', '00:00:25');
  assert.equal(await skipped(), 1, 'the engine does not wake for it');
  await step('00:00:30', '00:00:40');
  assert.deepEqual(await fired(), ['00:00:10', '00:00:30', '00:00:40']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:20 SKIPPED_BY_USER 1']);
  assert.equal((await parts.store.prisma.occurrence.findFirstOrThrow()).reason, 'skipped by test: holiday');
  const after = await schedule();
  assert.deepEqual([await skipped(), after.skipCount, after.version], [0, 0, before.version]);
});

test('skips next to each other for the same reason are one row, in the place among the others that an outage left', async (t) => {
  const { parts, id, step } = await playing(t, { misfire: { mode: 'SKIP', graceTime: 'PT5S' } });
  for (const when of ['00:00:20', '00:00:40', '00:00:50', '00:01:00']) await skip(parts, id, when);
  await skip(parts, id, '00:01:00', { reason: 'another' });
  await step('00:01:22');
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:10 to 00:00:10 MISSED 1',
    '00:00:20 to 00:00:20 SKIPPED_BY_USER 1',
    '00:00:30 to 00:00:30 MISSED 1',
    '00:00:40 to 00:00:50 SKIPPED_BY_USER 2',
    '00:01:00 to 00:01:00 SKIPPED_BY_USER 1',
    '00:01:10 to 00:01:10 MISSED 1',
  ]);
});

test('FIRE_ONCE makes up for the latest one that nobody skipped', async (t) => {
  const { parts, id, step, fired } = await playing(t, { misfire: { mode: 'FIRE_ONCE', graceTime: 'PT0S' } });
  for (const when of ['00:00:20', '00:00:40']) await skip(parts, id, when);
  await step('00:00:45');
  assert.deepEqual(await fired(), ['00:00:30']);
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:10 to 00:00:10 COALESCED 1',
    '00:00:20 to 00:00:20 SKIPPED_BY_USER 1',
    '00:00:40 to 00:00:40 SKIPPED_BY_USER 1',
  ]);
});

test('undone while it has not come, it fires; what was not skipped, and what has come, cannot be undone', async (t) => {
  const { parts, id, step, schedule, fired, skipped } = await playing(t);
  await skip(parts, id, '00:00:10');
  assert.equal(time((await schedule()).nextFireAt), '00:00:20');
  await skip(parts, id, '00:00:10', { undo: true });
  assert.equal(time((await schedule()).nextFireAt), '00:00:10');
  assert.equal(await skipped(), 0);
  await skip(parts, id, '00:00:20');
  await assert.rejects(
    skip(parts, id, '00:00:30', { undo: true }),
    /INVALID scheduledFor is 2026-03-02T00:00:30\.000Z: no skip of it can be undone; of "schedule" there is 2026-03-02T00:00:20\.000Z\./,
  );
  await step('00:00:10', '00:00:25');
  await assert.rejects(skip(parts, id, '00:00:20', { undo: true }), /can be undone; of "schedule" there is none\./);
  await step('00:00:30');
  assert.deepEqual(await fired(), ['00:00:10', '00:00:30']);
});

test('only a planned occurrence later than now can be skipped; the nearest are named', async (t) => {
  const { parts, id, step } = await playing(t, { endAt: new Date(at('00:01:00')) });
  await step('00:00:10', '00:00:15');
  const named = (when: string) =>
    `INVALID scheduledFor is 2026-03-02T${when}.000Z, which is no planned occurrence of "schedule" later than 2026-03-02T00:00:15.000Z: `;
  const cases = [
    { when: '00:00:10', nearest: 'the nearest is 2026-03-02T00:00:20.000Z.' },
    { when: '00:00:25', nearest: 'the nearest are 2026-03-02T00:00:20.000Z and 2026-03-02T00:00:30.000Z.' },
    { when: '00:01:10', nearest: 'the nearest is 2026-03-02T00:01:00.000Z.' },
  ];
  for (const { when, nearest } of cases) await assert.rejects(skip(parts, id, when), { message: named(when) + nearest });
  // A clock that stepped back: what has its verdict is past all the same.
  parts.clock.advanceTo(at('00:00:05'));
  await assert.rejects(
    skip(parts, id, '00:00:10'),
    /later than 2026-03-02T00:00:10\.000Z: the nearest is 2026-03-02T00:00:20\.000Z\./,
  );
  await step('00:02:00');
  await assert.rejects(skip(parts, id, '00:03:00'), /: it has none\.$/);
});

test('a schedule of which all that is left is skipped has no next fire, and is completed when that has come', async (t) => {
  const { parts, id, step, schedule, skipped } = await playing(t, { endAt: new Date(at('00:00:30')) });
  await step('00:00:10');
  for (const when of ['00:00:30', '00:00:20']) await skip(parts, id, when);
  const left = await schedule();
  assert.deepEqual([left.state, left.nextFireAt, time(left.nextScheduledFor)], ['ACTIVE', null, '00:00:20']);
  await step('00:00:20');
  assert.equal((await schedule()).state, 'ACTIVE');
  await step('00:00:30');
  const ended = await schedule();
  assert.deepEqual([ended.state, ended.nextFireAt, ended.nextScheduledFor, await skipped()], ['COMPLETED', null, null, 0]);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:30 SKIPPED_BY_USER 2']);
});

test('over a skip the pause wins; what is skipped after it stays skipped', async (t) => {
  const { parts, id, step, schedule, fired, skipped } = await playing(t);
  await step('00:00:10');
  await pause(parts, id);
  for (const when of ['00:00:30', '00:00:50']) await skip(parts, id, when);
  await step('00:00:45');
  await resume(parts, id);
  assert.deepEqual([await skipped(), time((await schedule()).nextFireAt)], [1, '00:01:00']);
  await step('00:01:00');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:40 PAUSED 3', '00:00:50 to 00:00:50 SKIPPED_BY_USER 1']);
  assert.deepEqual(await fired(), ['00:00:10', '00:01:00']);
});

test('an edit drops the skips that are no occurrences any more, and settles those that came due', async (t) => {
  const { parts, id, step, schedule, skipped } = await playing(t);
  for (const when of ['00:00:10', '00:00:30', '00:00:40', '00:01:00']) await skip(parts, id, when);
  await step('00:00:12');
  const edited = await editSchedule(parts, id, { trigger: { interval: { every: 'PT20S' } } });
  assert.deepEqual([edited.skipCount, time(edited.nextFireAt), await skipped()], [2, '00:00:20', 2]);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 SKIPPED_BY_USER 1']);
  await step('00:00:20');
  assert.equal(time((await schedule()).nextFireAt), '00:01:20');
});

test('a calendar that takes an occurrence away takes its skip along', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const put = async (dates: string[]) => assert.ok((await putCalendar(parts, CALLER, { name: 'days', dates })).ok);
  await put([]);
  const trigger = { except: { base: { cron: { expression: '0 9 * * *' } }, excluding: [{ calendar: 'days' }] } };
  const { id } = await addSchedule(parts, { trigger });
  const days = ['03', '04', '20'].map((day) => new Date(`2026-03-${day}T09:00:00Z`));
  for (const day of days) await skip(parts, id, day);
  const left = async () => (await parts.store.prisma.skippedOccurrence.findMany()).map((row) => row.scheduledFor.getUTCDate());
  await put(['2026-03-20']);
  assert.deepEqual(await left(), [3, 4]);
  await put(['2026-03-03']);
  assert.deepEqual(await left(), [4]);
  const [schedule] = await findSchedulesById(parts.store.prisma, [id]);
  assert.deepEqual([schedule!.skipCount, schedule!.nextFireAt], [1, new Date('2026-03-02T09:00:00Z')]);
});

test('deleting a schedule leaves no skip behind', async (t) => {
  const { parts, id, step, skipped } = await playing(t);
  for (const when of ['00:00:10', '00:00:30']) await skip(parts, id, when);
  await step('00:00:15');
  await removeSchedule(parts, id);
  assert.equal(await skipped(), 0);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 SKIPPED_BY_USER 1']);
});

test('at most 100 occurrences of a schedule are skipped at a time; another reason for one of them is not one more', async (t) => {
  const { parts, id } = await playing(t, { trigger: { interval: { every: 'PT1S' } } });
  for (let second = 1; second <= 100; second += 1) await skip(parts, id, new Date(at('00:00:00') + second * 1_000));
  await assert.rejects(skip(parts, id, '00:02:00'), /has 100 skipped occurrences to come; allowed are 100\./);
  await skip(parts, id, '00:00:50', { reason: 'another' });
});

test('with a spread an occurrence can be skipped until it is due, and those around it keep theirs', async (t) => {
  const { parts, id, step, schedule, fired } = await playing(t, { spread: 'PT5M', endAt: new Date(at('00:00:50')) });
  const first = await schedule();
  const offset = (first.nextFireAt as Date).getTime() - (first.nextScheduledFor as Date).getTime();
  const stepTo = (nominal: string) => step(new Date(at(nominal) + offset).toISOString().slice(11, -1));
  await stepTo('00:00:10');
  assert.equal((await skip(parts, id, '00:00:20')).nextFireAt?.getTime(), at('00:00:30') + offset);
  await assert.rejects(skip(parts, id, '00:00:10'), /no planned occurrence/);
  await stepTo('00:00:30');
  await skip(parts, id, '00:00:40');
  await skip(parts, id, '00:00:40', { undo: true });
  await skip(parts, id, '00:00:50');
  await stepTo('00:00:40');
  assert.deepEqual(await fired(), ['00:00:10', '00:00:30', '00:00:40']);
  await stepTo('00:00:50');
  assert.equal((await schedule()).state, 'COMPLETED');
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:20 to 00:00:20 SKIPPED_BY_USER 1',
    '00:00:50 to 00:00:50 SKIPPED_BY_USER 1',
  ]);
});
