import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSchedule, addTask, at, editSchedule, openParts, pause, removeSchedule, resume, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startSteps } from '../support/play.ts';
import { startTestWorker } from '../support/executor.ts';
import { runsOf, skipsOf, whenEvents } from '../support/ledger.ts';

/** Nobody fires anything until this instant: every instance is down. */
const outageUntil = (parts: Parts, instant: string) => parts.clock.advanceTo(at(instant));

test('overlap SKIP: what falls due while a run is active is in the ledger, adjacent ones as one counted row', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'SKIP' });
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:40 OVERLAP_SKIPPED 3']);

  (await worker.next()).succeed();
  await whenEvents(parts, async () => (await runsOf(parts, id)).includes('00:00:10 SCHEDULE SUCCEEDED'));
  await step('00:00:50', '00:01:00');
  await worker.next();
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE SUCCEEDED', '00:00:50 SCHEDULE RUNNING']);
  // A fire stands between them: the next one begins a row of its own.
  assert.deepEqual(await skipsOf(parts, id), [
    '00:00:20 to 00:00:40 OVERLAP_SKIPPED 3',
    '00:01:00 to 00:01:00 OVERLAP_SKIPPED 1',
  ]);
});

test('overlap SKIP: a run triggered by hand holds the place, and is refused while another holds it', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  const step = await startSteps(parts);
  outageUntil(parts, '00:00:05');
  const manual = await trigger(parts, id);
  await step('00:00:10');
  assert.deepEqual(await runsOf(parts, id), ['00:00:05 MANUAL QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 OVERLAP_SKIPPED 1']);
  await assert.rejects(trigger(parts, id), new RegExp(`ALREADY_RUNNING .*${manual.id}`));
  await trigger(parts, id, { overlapPolicy: 'ALLOW_ALL' });
});

test('overlap ALLOW_ALL: every occurrence runs beside the others', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const worker = await startTestWorker(parts);
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:20', '00:00:30');
  for (let begun = 0; begun < 3; begun += 1) await worker.next();
  assert.deepEqual(await runsOf(parts, id), [
    '00:00:10 SCHEDULE RUNNING',
    '00:00:20 SCHEDULE RUNNING',
    '00:00:30 SCHEDULE RUNNING',
  ]);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('an edit never runs the past again: the new trigger counts from the edit', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const misfire = { mode: 'FIRE_ALL', graceTime: 'PT1H' } as const;
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', misfire });
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:20', '00:00:22');
  // The new grid has instants at :03, :06, … :21 as well: they are past.
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT3S' } } });
  await step('00:00:22', '00:00:24', '00:00:27');
  assert.deepEqual(await runsOf(parts, id), [
    '00:00:10 SCHEDULE QUEUED',
    '00:00:20 SCHEDULE QUEUED',
    '00:00:24 SCHEDULE QUEUED',
    '00:00:27 SCHEDULE QUEUED',
  ]);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('after a clock stepped back no edit brings times again that had their verdict, also under an earlier definition', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL' });
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:20', '00:00:30');
  // Of this one nothing has come yet: it says nothing about how far the ledger reaches.
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT1H' } } });
  parts.clock.advanceTo(at('00:00:15'));
  const { nextScheduledFor } = await editSchedule(parts, id, { trigger: { interval: { every: 'PT4S' } } });
  assert.deepEqual(nextScheduledFor, new Date(at('00:00:32')));
  await step('00:00:24', '00:00:32');
  assert.deepEqual(
    (await runsOf(parts, id)).map((run) => run.split(' ')[0]),
    ['00:00:10', '00:00:20', '00:00:30', '00:00:32'],
  );
});

const changes = [
  {
    what: 'an edit of the trigger',
    change: (parts: Parts, id: string) => editSchedule(parts, id, { trigger: { cron: { expression: '0 0 1 1 *' } } }),
  },
  { what: 'an edit of other fields', change: (parts: Parts, id: string) => editSchedule(parts, id, { description: 'edited' }) },
  { what: 'a pause', change: (parts: Parts, id: string) => pause(parts, id) },
];
for (const { what, change } of changes) {
  test(`${what} never swallows what was due before it`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', misfire: { graceTime: 'PT15S' } });
    outageUntil(parts, '00:00:35');
    await change(parts, id);
    assert.deepEqual(await runsOf(parts, id), ['00:00:20 SCHEDULE QUEUED', '00:00:30 SCHEDULE QUEUED']);
    assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:10 COALESCED 1']);
    const versions = await parts.store.prisma.run.findMany({ select: { scheduleVersion: true } });
    assert.ok(
      versions.every((run) => run.scheduleVersion === 1),
      'they run under what was valid when they were due',
    );
    assert.equal((await parts.queue.take('http', 10)).length, 2, 'and are delivered');
  });
}

test('deleting settles what was due and cancels what waits; the past stays in the ledger', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  const step = await startSteps(parts);
  outageUntil(parts, '00:00:35');
  await removeSchedule(parts, id);
  await step('00:00:35', '00:00:40', '00:00:50');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE CANCELED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:30 OVERLAP_SKIPPED 2']);
  await addSchedule(parts, { description: 'its name is free again' });
});

test('a pause holds occurrences back, and resuming writes them down as one counted row and goes on from there', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', misfire: { mode: 'FIRE_ALL' } });
  const step = await startSteps(parts);
  await step('00:00:10', '00:00:15');
  await pause(parts, id);
  await step('00:00:20', '00:00:30', '00:00:40', '00:00:45');
  assert.deepEqual(await skipsOf(parts, id), [], 'a running pause is not written yet');
  await trigger(parts, id);
  await resume(parts, id);
  await step('00:00:50');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:40 PAUSED 3']);
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:45 MANUAL QUEUED', '00:00:50 SCHEDULE QUEUED']);
});

test('two pauses with no fire between them are one row of the ledger', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  await pause(parts, id);
  outageUntil(parts, '00:00:21');
  await resume(parts, id);
  await pause(parts, id);
  outageUntil(parts, '00:00:41');
  await resume(parts, id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:40 PAUSED 4']);
});

test('an edit during a pause settles the pause so far and keeps it', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts);
  await pause(parts, id);
  outageUntil(parts, '00:00:21');
  const edited = await editSchedule(parts, id, { trigger: { interval: { every: 'PT30S' } } });
  assert.equal(edited.state, 'PAUSED');
  outageUntil(parts, '00:01:01');
  await resume(parts, id);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 PAUSED 2', '00:00:30 to 00:01:00 PAUSED 2']);
  assert.deepEqual(await runsOf(parts, id), []);
});

// Down from 00:00:00 to 00:00:58 with an occurrence every 10 s: 10 to 40 are later than the grace time of 15 s, 50 is fresh.
const outages = [
  {
    rule: 'SKIP drops what is late, and fires what is fresh',
    misfire: { mode: 'SKIP' },
    runs: ['00:00:50 SCHEDULE QUEUED'],
    skips: ['00:00:10 to 00:00:40 MISSED 4'],
  },
  {
    rule: 'FIRE_ONCE folds what is late into the fresh fire',
    misfire: { mode: 'FIRE_ONCE' },
    runs: ['00:00:50 SCHEDULE QUEUED'],
    skips: ['00:00:10 to 00:00:40 COALESCED 4'],
  },
  {
    rule: 'FIRE_ONCE without a fresh one fires the latest of the late',
    misfire: { mode: 'FIRE_ONCE', graceTime: 'PT5S' },
    runs: ['00:00:50 CATCH_UP QUEUED'],
    skips: ['00:00:10 to 00:00:40 COALESCED 4'],
  },
  {
    rule: 'FIRE_ALL makes up for each',
    misfire: { mode: 'FIRE_ALL' },
    runs: [
      '00:00:10 CATCH_UP QUEUED',
      '00:00:20 CATCH_UP QUEUED',
      '00:00:30 CATCH_UP QUEUED',
      '00:00:40 CATCH_UP QUEUED',
      '00:00:50 SCHEDULE QUEUED',
    ],
    skips: [],
  },
  {
    rule: 'FIRE_ALL keeps the newest when more were missed than it may make up for',
    misfire: { mode: 'FIRE_ALL', maxCatchupRuns: 2 },
    runs: ['00:00:30 CATCH_UP QUEUED', '00:00:40 CATCH_UP QUEUED', '00:00:50 SCHEDULE QUEUED'],
    skips: ['00:00:10 to 00:00:20 MISSED 2'],
  },
  {
    rule: 'what is older than the catch-up window is not made up for',
    misfire: { mode: 'FIRE_ALL', catchupWindow: 'PT30S' },
    runs: ['00:00:30 CATCH_UP QUEUED', '00:00:40 CATCH_UP QUEUED', '00:00:50 SCHEDULE QUEUED'],
    skips: ['00:00:10 to 00:00:20 MISSED 2'],
  },
] as const;
for (const { rule, misfire, runs, skips } of outages) {
  test(`after an outage, misfire ${rule}`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts, { overlapPolicy: 'ALLOW_ALL', misfire: { graceTime: 'PT15S', ...misfire } });
    outageUntil(parts, '00:00:58');
    const step = await startSteps(parts);
    assert.deepEqual(await runsOf(parts, id), runs);
    assert.deepEqual(await skipsOf(parts, id), skips);
    // Nothing of it is looked at again.
    await step('00:00:59');
    assert.deepEqual(await runsOf(parts, id), runs);
    await step('00:01:00');
    assert.equal((await runsOf(parts, id)).length, runs.length + 1);
  });
}

test('misfire FIRE_ALL under overlap SKIP is a serial backlog, oldest first, to which fresh fires append', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, { misfire: { mode: 'FIRE_ALL', graceTime: 'PT5S' } });
  const worker = await startTestWorker(parts);
  outageUntil(parts, '00:00:38');
  const step = await startSteps(parts);
  await step('00:00:40');
  assert.deepEqual(
    (await runsOf(parts, id)).map((run) => run.replace('QUEUED', 'RUNNING')),
    ['00:00:10 CATCH_UP RUNNING', '00:00:20 CATCH_UP BUFFERED', '00:00:30 CATCH_UP BUFFERED', '00:00:40 SCHEDULE BUFFERED'],
  );
  for (const instant of ['00:00:10', '00:00:20', '00:00:30', '00:00:40']) {
    const call = await worker.next();
    assert.equal(call.run.scheduledFor.getTime(), at(instant), 'one after the other, oldest first');
    assert.equal(worker.waiting(), 0);
    call.succeed();
  }
  await whenEvents(parts, async () => (await runsOf(parts, id)).every((run) => run.endsWith('SUCCEEDED')));
  assert.deepEqual(await skipsOf(parts, id), []);
  // The backlog is gone: from here an overlap is an overlap.
  await step('00:00:50', '00:01:00');
  assert.deepEqual(await skipsOf(parts, id), ['00:01:00 to 00:01:00 OVERLAP_SKIPPED 1']);
});

test('a backlog goes on when a run of it fails for good, and waits while it is retried', async (t) => {
  const parts = await openParts(t);
  await addTask(parts, { execution: { retry: { maxAttempts: 2, initialInterval: 'PT3S' } } });
  const { id } = await addSchedule(parts, {
    trigger: { interval: { every: 'PT10S' } },
    misfire: { mode: 'FIRE_ALL', graceTime: 'PT0S' },
  });
  const worker = await startTestWorker(parts);
  outageUntil(parts, '00:00:28');
  const step = await startSteps(parts);
  (await worker.next()).fail();
  await whenEvents(parts, async () => (await runsOf(parts, id))[0] === '00:00:10 CATCH_UP RETRY_WAIT');
  assert.equal((await runsOf(parts, id))[1], '00:00:20 CATCH_UP BUFFERED');
  await step('00:00:31');
  const second = await worker.next();
  assert.equal(second.run.attempt, 2);
  second.fail();
  const next = await worker.next();
  assert.equal(next.run.scheduledFor.getTime(), at('00:00:20'));
  assert.equal((await runsOf(parts, id))[0], '00:00:10 CATCH_UP FAILED');
});

const graces = [
  { mode: 'SKIP', graceTime: 'PT0S', runs: [], skips: ['00:00:10 to 00:00:10 MISSED 1'] },
  { mode: 'FIRE_ONCE', graceTime: 'PT0S', runs: ['00:00:10 CATCH_UP QUEUED'], skips: [] },
  { mode: 'FIRE_ALL', graceTime: 'PT0S', runs: ['00:00:10 CATCH_UP QUEUED'], skips: [] },
  { mode: 'SKIP', graceTime: 'PT5S', runs: ['00:00:10 SCHEDULE QUEUED'], skips: [] },
  { mode: 'FIRE_ALL', graceTime: 'PT5S', runs: ['00:00:10 SCHEDULE QUEUED'], skips: [] },
] as const;
for (const { mode, graceTime, runs, skips } of graces) {
  test(`${mode} with a grace of ${graceTime}: what a fire that is some milliseconds late counts as`, async (t) => {
    const parts = await openParts(t);
    await addTask(parts);
    const { id } = await addSchedule(parts, { trigger: { interval: { every: 'PT10S' } }, misfire: { mode, graceTime } });
    outageUntil(parts, '00:00:10.004');
    await startSteps(parts);
    assert.deepEqual([await runsOf(parts, id), await skipsOf(parts, id)], [runs, skips]);
  });
}

test('an outage with more to make up for than one tick may plan goes on where the tick ended', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const { id } = await addSchedule(parts, {
    trigger: { interval: { every: 'PT1S' } },
    overlapPolicy: 'ALLOW_ALL',
    misfire: { graceTime: 'PT2H' },
  });
  outageUntil(parts, '01:00:00');
  const step = await startSteps(parts);
  await step('01:00:00');
  const [row] = await parts.store.sql.query(
    `SELECT count(*)::int AS runs, count(DISTINCT scheduled_for)::int AS instants, min(scheduled_for) AS first, max(scheduled_for) AS last FROM run
      WHERE schedule_id = $1`,
    [id],
  );
  assert.deepEqual(row, { runs: 3_600, instants: 3_600, first: new Date(at('00:00:01')), last: new Date(at('01:00:00')) });
});
