import assert from 'node:assert/strict';
import { readFile, readdir } from 'node:fs/promises';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import type { SchedulePatch } from '../../src/commands/definition.ts';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';
import {
  CALLER,
  addCodeTask,
  addSchedule,
  addTask,
  at,
  editSchedule,
  openParts,
  pause,
  resume,
  startTestEngine,
  time,
  trigger,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { play, startSteps } from '../support/play.ts';

/** A schedule every 10 s that runs beside itself, an engine, and a clock that stands at midnight. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']>) {
  const played = await play(t, spec);
  return { ...played, ...watching(played.parts, played.id) };
}
function watching(parts: Parts, id: string) {
  return {
    /** State, when it is due next, and how many occurrences have become runs. */
    async stands(): Promise<string> {
      const { state, nextFireAt, countedRuns } = await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
      return `${state} ${time(nextFireAt)} ${countedRuns}`;
    },
  };
}

test('the last run that maxRuns allows completes the schedule in the same moment, and nothing is recorded after it', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 3 });
  await step('00:00:10', '00:00:20');
  assert.equal(await stands(), 'ACTIVE 00:00:30 2');
  await step('00:00:30');
  assert.equal(await stands(), 'COMPLETED null 3');
  const [event] = await parts.store.sql.query(
    `SELECT before->>'state' AS before, after->>'state' AS after FROM event WHERE subject_id = $1 ORDER BY xid DESC, seq DESC LIMIT 1`,
    [id],
  );
  assert.deepEqual(event, { before: 'ACTIVE', after: 'COMPLETED' });
  await step('00:00:40', '01:00:00');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:20 SCHEDULE QUEUED', '00:00:30 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('what came due together with the last run is LIMIT_REACHED, and says which limit it was', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 2, misfire: { mode: 'FIRE_ALL', graceTime: 'PT5S' } });
  await step('00:00:53');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 CATCH_UP QUEUED', '00:00:20 CATCH_UP QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:50 LIMIT_REACHED 3']);
  assert.equal((await parts.store.prisma.occurrence.findFirstOrThrow()).reason, 'maxRuns 2 was reached');
  assert.equal(await stands(), 'COMPLETED null 2');
});

test('what is passed over does not count, what waits in a backlog does', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 3, overlapPolicy: 'SKIP', misfire: { mode: 'FIRE_ALL' } });
  await step('00:00:10', '00:00:20', '00:00:30');
  assert.equal(await stands(), 'ACTIVE 00:00:40 1');
  await step('00:02:35');
  assert.deepEqual(await runsOf(parts, id), [
    '00:00:10 SCHEDULE QUEUED',
    '00:00:40 CATCH_UP BUFFERED',
    '00:00:50 CATCH_UP BUFFERED',
  ]);
  assert.equal(await stands(), 'COMPLETED null 3');
  const worker = await startTestWorker(parts);
  for (let ends = 0; ends < 3; ends += 1) (await worker.next()).succeed();
  await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('SUCCEEDED')));
});

test('runs by hand do not count, and may be made when it is completed', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 1 });
  await step('00:00:05');
  await trigger(parts, id);
  assert.equal(await stands(), 'ACTIVE 00:00:10 0');
  await step('00:00:10');
  assert.equal(await stands(), 'COMPLETED null 1');
  assert.equal((await trigger(parts, id)).origin, 'MANUAL');
  assert.equal(await stands(), 'COMPLETED null 1');
});

test('a fire on several workers counts once', async (t) => {
  const parts = await openParts(t);
  const task = await addCodeTask(parts, { scope: 'LOCAL' });
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', maxRuns: 2 });
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  const step = await startSteps(parts);
  await step('00:00:10');
  await startTestWorker(parts, { tasks });
  await startTestWorker(parts, { tasks });
  await step('00:00:20', '00:00:30', '00:00:40');
  const { stands } = watching(parts, id);
  assert.equal(await stands(), 'COMPLETED null 2');
  assert.equal((await runsOf(parts, id)).length, 4);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 MISSED 1']);
});

test('the count outlives the runs', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 3 });
  await step('00:00:10', '00:00:20');
  await parts.store.prisma.run.deleteMany({ where: { scheduleId: id } });
  await step('00:00:30', '00:00:40');
  assert.equal(await stands(), 'COMPLETED null 3');
  assert.equal((await runsOf(parts, id)).length, 1);
});

/** Made at 00:00:35, after the fires at :10, :20 and :30; what stands then, and what the fires up to 00:01:15 make of it. */
const edits: { rule: string; from: number | null; patch: SchedulePatch; stands: string; later: string; version: number }[] = [
  {
    rule: 'set above the count',
    from: null,
    patch: { maxRuns: 5 },
    stands: 'ACTIVE 00:00:40 3',
    later: 'COMPLETED null 5',
    version: 2,
  },
  {
    rule: 'set to the count: completes it',
    from: null,
    patch: { maxRuns: 3 },
    stands: 'COMPLETED null 3',
    later: 'COMPLETED null 3',
    version: 2,
  },
  {
    rule: 'lowered below the count: completes it',
    from: 9,
    patch: { maxRuns: 1 },
    stands: 'COMPLETED null 3',
    later: 'COMPLETED null 3',
    version: 2,
  },
  {
    rule: 'lowered, but above the count',
    from: 9,
    patch: { maxRuns: 4 },
    stands: 'ACTIVE 00:00:40 3',
    later: 'COMPLETED null 4',
    version: 2,
  },
  { rule: 'taken away', from: 4, patch: { maxRuns: null }, stands: 'ACTIVE 00:00:40 3', later: 'ACTIVE 00:01:20 7', version: 2 },
  {
    rule: 'raised when it was reached: goes on',
    from: 2,
    patch: { maxRuns: 4 },
    stands: 'ACTIVE 00:00:40 2',
    later: 'COMPLETED null 4',
    version: 2,
  },
  {
    rule: 'taken away when it was reached: goes on',
    from: 2,
    patch: { maxRuns: null },
    stands: 'ACTIVE 00:00:40 2',
    later: 'ACTIVE 00:01:20 6',
    version: 2,
  },
  {
    rule: 'reached, and another field is edited',
    from: 2,
    patch: { description: 'edited' },
    stands: 'COMPLETED null 2',
    later: 'COMPLETED null 2',
    version: 2,
  },
  {
    rule: 'reached, and the trigger is edited',
    from: 2,
    patch: { trigger: { interval: { every: 'PT1S' } } },
    stands: 'COMPLETED null 2',
    later: 'COMPLETED null 2',
    version: 2,
  },
  {
    rule: 'reached, and raised with the trigger',
    from: 2,
    patch: { maxRuns: 3, trigger: { interval: { every: 'PT15S' } } },
    stands: 'ACTIVE 00:00:45 2',
    later: 'COMPLETED null 3',
    version: 2,
  },
  { rule: 'the same again', from: 9, patch: { maxRuns: 9 }, stands: 'ACTIVE 00:00:40 3', later: 'ACTIVE 00:01:20 7', version: 1 },
];
for (const { rule, from, patch, stands: expected, later, version } of edits) {
  test(`an edit of maxRuns: ${rule}`, async (t) => {
    const { parts, id, step, stands } = await playing(t, { maxRuns: from });
    await step('00:00:10', '00:00:20', '00:00:30', '00:00:35');
    const edited = await editSchedule(parts, id, patch);
    assert.equal(edited.version, version);
    assert.equal(await stands(), expected);
    await step('00:00:40', '00:00:45', '00:00:50', '00:01:00', '00:01:10', '00:01:15');
    assert.equal(await stands(), later);
    assert.deepEqual(await skipsOf(parts, id), [], 'what passed while it was completed is nobody’s');
    const times = (await runsOf(parts, id)).map((run) => run.slice(0, 8));
    assert.equal(new Set(times).size, times.length);
  });
}

test('an edit settles what was due by the old limit, and what that has used up stays so', async (t) => {
  const { parts, id, stands } = await playing(t, { maxRuns: 2, misfire: { graceTime: 'PT1H' } });
  parts.clock.advanceTo(at('00:00:35'));
  await editSchedule(parts, id, { maxRuns: 3 });
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:20 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:30 LIMIT_REACHED 1']);
  assert.equal(await stands(), 'ACTIVE 00:00:40 2');
});

test('raised under a clock that stepped back, it brings no time again that had its verdict', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 2 });
  await step('00:00:10', '00:00:20', '00:00:05');
  await editSchedule(parts, id, { maxRuns: 3 });
  assert.equal(await stands(), 'ACTIVE 00:00:30 2');
});

test('a paused schedule whose limit is reached stays paused, and is completed when it is resumed', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 5 });
  await step('00:00:10', '00:00:20');
  await pause(parts, id);
  await step('00:00:35');
  await editSchedule(parts, id, { maxRuns: 2 });
  assert.equal(await stands(), 'PAUSED null 2');
  await step('00:01:00');
  await resume(parts, id);
  assert.equal(await stands(), 'COMPLETED null 2');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:30 to 00:00:30 PAUSED 1']);
});

test('a paused schedule whose reached limit is raised goes on when it is resumed', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 1 });
  await step('00:00:10', '00:00:15');
  await editSchedule(parts, id, { maxRuns: 2 });
  await pause(parts, id);
  await editSchedule(parts, id, { maxRuns: 1 });
  await step('00:00:35');
  await editSchedule(parts, id, { maxRuns: 2 });
  assert.equal(await stands(), 'PAUSED 00:00:40 1');
  await step('00:00:45');
  await resume(parts, id);
  assert.equal(await stands(), 'ACTIVE 00:00:50 1');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:40 to 00:00:40 PAUSED 1']);
});

test('a schedule that runs by hand only has nothing that a limit could end', async (t) => {
  const { parts, id, step, stands } = await playing(t, { maxRuns: 1 });
  await step('00:00:10');
  await editSchedule(parts, id, { trigger: { manual: true } });
  assert.equal(await stands(), 'ACTIVE null 1');
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT10S' } } });
  assert.equal(await stands(), 'COMPLETED null 1');
});

test('a calendar that changes does not wake what its limit has ended', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const put = (...dates: string[]) => putCalendar(parts, CALLER, { name: 'holidays', dates });
  assert.ok((await put()).ok);
  const daily = { except: { base: { cron: { expression: '0 9 * * *' } }, excluding: [{ calendar: 'holidays' }] } };
  const { id } = await addSchedule(parts, { trigger: daily, maxRuns: 1 });
  const step = await startSteps(parts);
  await step('09:00:00');
  const { stands } = watching(parts, id);
  assert.equal(await stands(), 'COMPLETED null 1');
  const result = await put('2026-03-03');
  assert.deepEqual(result.ok && result.value.movedSchedules, []);
  assert.equal(await stands(), 'COMPLETED null 1');
});

test('two engines on two connections and edits between them: no schedule makes more runs than it may', async (t) => {
  const parts = await openParts(t);
  const other = await parts.another();
  await addTask(parts);
  const ids: string[] = [];
  for (let n = 0; n < 12; n += 1) {
    const { id } = await addSchedule(parts, {
      name: `s${n}`,
      trigger: { interval: { every: 'PT1S' } },
      overlapPolicy: 'ALLOW_ALL',
      maxRuns: 1 + (n % 6),
      misfire: { graceTime: 'PT1H' },
    });
    ids.push(id);
  }
  const engines = [await startTestEngine(parts), await startTestEngine(other)];
  // Now one at a time, now several that come together.
  for (const second of [1, 2, 4, 5, 9]) {
    parts.clock.advanceTo(at(`00:00:0${second}`));
    const edits = ids
      .filter((_, n) => (n + second) % 4 === 0)
      .map((id) => editSchedule(second % 2 === 0 ? parts : other, id, { description: `at ${second}` }));
    await Promise.all([...engines.map((engine) => engine.settle()), ...edits]);
  }
  for (const engine of engines) await engine.settle();
  for (const [n, id] of ids.entries()) {
    const { maxRuns, countedRuns, state } = await parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
    const runs = await runsOf(parts, id);
    assert.deepEqual([maxRuns, countedRuns, state, runs.length], [1 + (n % 6), 1 + (n % 6), 'COMPLETED', 1 + (n % 6)]);
    assert.deepEqual(
      runs.map((run) => run.slice(0, 8)),
      runs.map((_, index) => `00:00:0${index + 1}`),
      'the first ones, none of them twice',
    );
  }
});

test('schedules from before there was a count begin with what has run, also what retention has removed', async (t) => {
  const { parts, id, step, stands } = await playing(t, {});
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40', '00:00:45');
  await trigger(parts, id);
  const data = { state: 'SUCCEEDED', finishedAt: new Date(at('00:00:41')) };
  await parts.store.prisma.run.updateMany({ where: { origin: 'SCHEDULE' }, data });
  assert.equal(await purgeRuns(parts.store, at('00:00:50'), at('00:00:50')), 4);
  await step('00:00:50');
  await parts.store.prisma.schedule.updateMany({ data: { countedRuns: 0 } });
  const folder = new URL('../../prisma/migrations/', import.meta.url);
  const name = (await readdir(folder)).find((each) => each.endsWith('_offsets_and_limits')) as string;
  const script = await readFile(new URL(`${name}/migration.sql`, folder), 'utf8');
  await parts.store.sql.query(script.slice(script.indexOf('UPDATE "schedule"'), script.indexOf('COMMIT')).replace(';', ''));
  assert.equal(await stands(), 'ACTIVE 00:01:00 5');
});
