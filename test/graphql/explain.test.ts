import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { explainAt } from '../../src/graphql/explainSchedule.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { startTestWorker } from '../support/executor.ts';
import { EXPLAIN } from '../support/operations.ts';
import { addCodeTask, at, editSchedule, pause, removeSchedule, resume, trigger } from '../support/parts.ts';
import { play } from '../support/play.ts';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';

/** A schedule every 10 s since midnight, an engine and a clock. `why` answers the deciding cause. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}, local = false) {
  const played = await play(t, spec, local ? (parts) => addCodeTask(parts, { scope: 'LOCAL' }) : undefined);
  const { parts, id } = played;
  return {
    ...played,
    async why(time: string): Promise<string> {
      const [schedule] = await findSchedulesById(parts.store.prisma, [id]);
      const { fires, causes } = await explainAt({ ...schedule!, calendars: null, skips: [] }, at(time), parts);
      assert.equal(causes.at(-1)?.passes, fires);
      return `${fires ? '+' : '-'} ${causes.map((cause) => cause.subject).join(' ')}: ${causes.at(-1)?.message}`;
    },
  };
}

test('what fired is its run, what was passed over is in the ledger with its reason', async (t) => {
  const { id, parts, step, why } = await playing(t, { overlapPolicy: 'SKIP' });
  await step('00:00:10', '00:00:20');
  const run = await parts.store.prisma.run.findFirstOrThrow({ where: { scheduleId: id } });
  assert.equal(await why('00:00:10'), `+ interval run: the run ${run.id}: origin SCHEDULE, QUEUED, it has not started`);
  assert.match(await why('00:00:20'), /^- interval ledger: OVERLAP_SKIPPED: ./);
  assert.match(await why('00:00:15'), /^- interval: 5 seconds after 2026-03-02T00:00:10Z; the next is 2026-03-02T00:00:20Z$/);
  assert.match(await why('00:00:30'), /^\+ interval: /);
});

test('a run by hand is no occurrence', async (t) => {
  const { parts, id, step, why } = await playing(t);
  await step('00:00:05');
  await trigger(parts, id);
  assert.match(await why('00:00:05'), /^- interval: 5 seconds after/);
});

test('a task of scope LOCAL: one run for each worker', async (t) => {
  const { parts, task, step, why } = await playing(t, {}, true);
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  await startTestWorker(parts, { tasks });
  await startTestWorker(parts, { tasks });
  await step('00:00:10');
  assert.match(await why('00:00:10'), /^\+ interval run: the run run_\w+, the first of 2, one for each worker: /);
});

test('of a pause: while it goes on, and when it is over', async (t) => {
  const { parts, id, step, why } = await playing(t);
  await step('00:00:10');
  await pause(parts, id);
  await step('00:00:45');
  const held = /^- interval pause: the schedule is PAUSED since 2026-03-02T00:00:10\.000Z, by test: test$/;
  assert.match(await why('00:00:30'), held);
  assert.match(await why('00:01:00'), held);
  assert.match(await why('00:00:10'), /^\+ interval run: /);
  await resume(parts, id);
  for (const time of ['00:00:20', '00:00:30', '00:00:40']) assert.match(await why(time), /^- interval ledger: PAUSED: /, time);
  assert.match(await why('00:00:35'), /^- interval: 5 seconds after/);
  assert.match(await why('00:00:50'), /^\+ interval: /);
});

test('of a definition that was changed: what happened before stays explained', async (t) => {
  const { parts, id, step, why } = await playing(t, { overlapPolicy: 'SKIP' });
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40');
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT15S' } } });
  const present = 'version 2 of the definition holds since 2026-03-02T00:00:40.000Z, after this instant';
  assert.match(await why('00:00:10'), /^\+ run: .*; by version 1 of the definition, which is at version 2 by now$/);
  assert.match(await why('00:00:20'), /^- ledger: OVERLAP_SKIPPED: .*; by version 1/);
  assert.match(await why('00:00:30'), /^- version interval ledger: OVERLAP_SKIPPED: /);
  assert.equal(await why('00:00:15'), `- interval version: ${present}; the ledger has nothing of it`);
  assert.match(await why('00:00:25'), /^- version interval: 10 seconds after/);
  assert.match(await why('00:00:45'), /^\+ interval: /);
});

test('of a schedule that was deleted, and of before there was one', async (t) => {
  const { parts, id, step, why } = await playing(t);
  await step('00:00:10', '00:00:15');
  await removeSchedule(parts, id);
  await step('00:00:30');
  assert.match(await why('00:00:10'), /^\+ interval run: /);
  for (const time of ['00:00:20', '00:01:00'])
    assert.equal(await why(time), '- interval deleted: the schedule is deleted since 2026-03-02T00:00:15.000Z');
  const [schedule] = await findSchedulesById(parts.store.prisma, [id]);
  for (const early of [at('00:00:00') - 10_000, -62_135_596_800_000]) {
    const { fires, causes } = await explainAt({ ...schedule!, calendars: null, skips: [] }, early, parts);
    assert.deepEqual([fires, causes.at(-1)?.subject], [false, 'createdAt']);
  }
});

test('what retention has removed is still known to have fired', async (t) => {
  const { parts, id, step, why } = await playing(t);
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40');
  await parts.store.prisma.run.updateMany({
    where: { scheduleId: id },
    data: { state: 'SUCCEEDED', finishedAt: new Date(at('00:00:41')) },
  });
  assert.equal(await purgeRuns(parts.store, at('00:00:50'), at('00:00:50')), 3);
  for (const time of ['00:00:10', '00:00:20', '00:00:30'])
    assert.equal(await why(time), '+ interval ledger: FIRED: ran; the runs were removed by retention');
  assert.match(await why('00:00:25'), /^- interval: /);
  assert.match(await why('00:00:40'), /^\+ interval run: .*SUCCEEDED/);
});

test('through the API: the instant, whether it fires, and why', async (t) => {
  const carillon = await startTestCarillon(t);
  const api = createApi(carillon);
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const given = {
    trigger: { cron: { expression: '30 2 * * *' } },
    timeZone: 'America/New_York',
    startAt: '2097-01-01T00:00:00Z',
  };
  const schedule = await api.scheduleOf(task, given);
  const explain = async (instant: string) =>
    (await api.ask<{ explain: unknown }>(EXPLAIN, { ref: { name: schedule.name }, at: instant })).explain;
  assert.deepEqual(await explain('2098-03-09T03:00:00-04:00'), {
    instant: '2098-03-09T07:00:00.000Z',
    fires: true,
    causes: [
      { subject: 'month', passes: true, message: 'March: every month is allowed' },
      { subject: 'day', passes: true, message: 'day 9, a Sunday: every day is allowed' },
      { subject: 'hour', passes: true, message: 'hour 2 is the one that is asked for' },
      { subject: 'minute', passes: true, message: 'minute 30 is the one that is asked for' },
      { subject: 'second', passes: true, message: 'second 0 is the one that is asked for' },
      {
        subject: 'dst.gap',
        passes: true,
        message:
          '02:30 does not exist on 2098-03-09 (the clock jumps from 02:00 to 03:00); gap RUN_AFTER runs at the first instant after the jump, 2098-03-09 03:00 -04:00',
      },
      { subject: 'startAt', passes: true, message: '2098-03-09T07:00:00Z is not before startAt 2097-01-01T00:00:00Z' },
    ],
  });
  const { errors } = await carillon.ask(EXPLAIN, { ref: { name: schedule.name }, at: 'soon' });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
});
