import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { buildSchema, isEnumType } from 'graphql';
import { readFile } from 'node:fs/promises';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { OCCURRENCE_VERDICTS } from '../../src/domain/verdict.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { startTestWorker } from '../support/executor.ts';
import { allOccurrences, pageOf, tellOccurrence } from '../support/occurrences.ts';
import { OCCURRENCES } from '../support/operations.ts';
import {
  addCodeTask,
  at,
  editSchedule,
  holdTask,
  pause,
  pauseUntil,
  releaseTask,
  removeSchedule,
  resume,
  skip,
  trigger,
} from '../support/parts.ts';
import { play } from '../support/play.ts';

/** A schedule every 10 s since midnight. `list` tells its occurrences in a part of that day. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']> = {}, local = false) {
  const played = await play(t, spec, local ? (parts) => addCodeTask(parts, { scope: 'LOCAL' }) : undefined);
  const { parts, id } = played;
  return {
    ...played,
    list: async (from: string, until: string) => (await allOccurrences(parts, id, at(from), at(until))).map(tellOccurrence),
    page: (range: [string, string], first?: number, after?: string | null) =>
      pageOf(parts, id, { from: at(range[0]), until: at(range[1]) }, first, after),
  };
}

test('the enum of the contract holds what can be said of an occurrence', async () => {
  const contract = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  const verdicts = contract.getType('OccurrenceVerdict');
  assert.ok(isEnumType(verdicts));
  assert.deepEqual(
    verdicts.getValues().map(({ name }) => name),
    [...OCCURRENCE_VERDICTS],
  );
});

test('verdicts, then plans: from the creation to the end of the range, no run by hand', async (t) => {
  const { parts, id, step, list } = await playing(t, { overlapPolicy: 'SKIP' });
  await step('00:00:10', '00:00:20', '00:00:30');
  await trigger(parts, id, { overlapPolicy: 'ALLOW_ALL' });
  assert.deepEqual(await list('00:00:00', '00:01:00'), [
    '00:00:10 FIRED',
    '00:00:20 to 00:00:30 OVERLAP_SKIPPED 2',
    '00:00:40 PLANNED',
    '00:00:50 PLANNED',
  ]);
});

test('half-open; a counted row over the edge is answered whole', async (t) => {
  const { step, list } = await playing(t, { overlapPolicy: 'SKIP' });
  await step('00:00:10', '00:00:20', '00:00:30', '00:00:40');
  const row = '00:00:20 to 00:00:40 OVERLAP_SKIPPED 3';
  const cases = [
    { range: ['00:00:10', '00:00:20'], holds: ['00:00:10 FIRED'] },
    { range: ['00:00:10', '00:00:20.001'], holds: ['00:00:10 FIRED', row] },
    { range: ['00:00:25', '00:00:26'], holds: [row] },
    { range: ['00:00:40', '00:00:50'], holds: [row] },
    { range: ['00:00:40.001', '00:00:50.001'], holds: ['00:00:50 PLANNED'] },
    { range: ['00:00:41', '00:00:50'], holds: [] },
  ] as const;
  for (const { range, holds } of cases) assert.deepEqual(await list(range[0], range[1]), holds, range.join());
});

test('what is due and was not decided yet is planned', async (t) => {
  const { parts, step, list } = await playing(t);
  await step('00:00:10');
  const stopped = parts.clock.now;
  parts.clock.now = () => at('00:00:35');
  assert.deepEqual(await list('00:00:00', '00:00:50'), [
    '00:00:10 FIRED',
    '00:00:20 PLANNED',
    '00:00:30 PLANNED',
    '00:00:40 PLANNED',
  ]);
  parts.clock.now = stopped;
});

test('of a running pause one row for what it held back so far, then plans; over, it says the same', async (t) => {
  const { parts, id, step, list } = await playing(t);
  await step('00:00:10');
  await pause(parts, id);
  await step('00:00:25');
  assert.deepEqual(await list('00:00:00', '00:00:40'), ['00:00:10 FIRED', '00:00:20 PAUSED', '00:00:30 PLANNED']);
  await step('00:00:45');
  const held = ['00:00:10 FIRED', '00:00:20 to 00:00:40 PAUSED 3', '00:00:50 PLANNED'];
  assert.deepEqual(await list('00:00:00', '00:01:00'), held);
  assert.deepEqual(await list('00:00:30', '00:00:31'), [held[1]]);
  const before = await allOccurrences(parts, id, at('00:00:20'), at('00:00:50'));
  await resume(parts, id);
  assert.deepEqual(await list('00:00:00', '00:01:00'), held);
  assert.deepEqual(await allOccurrences(parts, id, at('00:00:20'), at('00:00:50')), before);
});

test('a pause of the task, and one with an end: what is due from its end on is just planned', async (t) => {
  const BY_PAUSE = 'the schedule is PAUSED: it fires if it is resumed before';
  const BY_HOLD = 'its task is paused: it fires if that ends before';
  const { parts, id, step } = await playing(t);
  const told = async () =>
    (await allOccurrences(parts, id, at('00:00:00'), at('00:00:50'))).map((row) => [tellOccurrence(row), row.reason]);
  await holdTask(parts, 'task', at('00:00:40'));
  await step('00:00:25');
  const held = ['00:00:10 to 00:00:20 PAUSED 2', 'the task was paused'];
  const free = ['00:00:40 PLANNED', null];
  assert.deepEqual(await told(), [held, ['00:00:30 PLANNED', BY_HOLD], free]);
  await releaseTask(parts, 'task');
  assert.deepEqual(await told(), [held, ['00:00:30 PLANNED', null], free]);
  await pauseUntil(parts, at('00:00:40'), id);
  assert.deepEqual(await told(), [held, ['00:00:30 PLANNED', BY_PAUSE], free]);
  await step('00:00:35');
  assert.deepEqual(await told(), [held, ['00:00:30 PAUSED', 'the schedule was paused'], free]);
});

test('a year of every second, held back by a pause, is one row that is counted without looking at each', async (t) => {
  const { parts, id, step, page } = await playing(t, { trigger: { interval: { every: 'PT1S' } } });
  await pause(parts, id);
  await step('00:00:10');
  const now = parts.clock.now() + 365 * 86_400_000;
  parts.clock.now = () => now;
  const { nodes, pageInfo } = await pageOf(parts, id, { from: now - 400_000, until: now + 365 * 86_400_000 });
  assert.deepEqual([nodes[0]?.verdict, nodes[0]?.count], ['PAUSED', 365 * 86_400 + 10]);
  assert.deepEqual([nodes.length, nodes[99]?.scheduledFor, pageInfo.hasNextPage], [100, now + 99_000, true]);
  assert.equal((await page(['00:00:00', '00:00:05'])).nodes.length, 1);
});

test('a skip shows at once, with who and why, and still before the next one fires', async (t) => {
  const { parts, id, step, list } = await playing(t);
  await skip(parts, id, '00:00:20');
  const said = ['00:00:20 SKIPPED_BY_USER', '00:00:30 PLANNED'];
  assert.deepEqual(await list('00:00:20', '00:00:40'), said);
  const [row] = await allOccurrences(parts, id, at('00:00:20'), at('00:00:30'));
  assert.equal(row?.reason, 'skipped by test: holiday');
  await step('00:00:10', '00:00:25');
  assert.deepEqual(await list('00:00:20', '00:00:40'), said);
  await step('00:00:30');
  assert.deepEqual(await list('00:00:20', '00:00:40'), ['00:00:20 SKIPPED_BY_USER', '00:00:30 FIRED']);
});

test('a task of scope LOCAL: the runs of all workers are one occurrence', async (t) => {
  const { parts, id, task, step } = await playing(t, {}, true);
  const tasks = [{ id: task.id, scope: 'LOCAL' as const }];
  await startTestWorker(parts, { tasks });
  await startTestWorker(parts, { tasks });
  await step('00:00:10');
  const [fired, planned] = await allOccurrences(parts, id, at('00:00:00'), at('00:00:21'));
  assert.deepEqual([fired?.verdict, fired?.runIds.length, planned?.verdict, planned?.runIds.length], ['FIRED', 2, 'PLANNED', 0]);
});

test('what retention has removed is a counted FIRED row without runs', async (t) => {
  const { parts, id, step, list } = await playing(t);
  await step('00:00:10', '00:00:20', '00:00:30');
  await parts.store.prisma.run.updateMany({ data: { state: 'SUCCEEDED', finishedAt: new Date(at('00:00:31')) } });
  await purgeRuns(parts.store, at('00:00:35'), at('00:00:35'));
  assert.deepEqual(await list('00:00:00', '00:00:50'), ['00:00:10 to 00:00:20 FIRED 2', '00:00:30 FIRED', '00:00:40 PLANNED']);
  const [folded] = await allOccurrences(parts, id, at('00:00:00'), at('00:00:50'));
  assert.deepEqual(folded?.runIds, []);
});

test('each row tells the version of the definition it was decided under; plans stop at endAt and at a deletion', async (t) => {
  const { parts, id, step, list } = await playing(t);
  await step('00:00:10');
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT20S' } }, endAt: new Date(at('00:00:40')) });
  const rows = await allOccurrences(parts, id, at('00:00:00'), at('00:02:00'));
  assert.deepEqual(
    rows.map((row) => `${tellOccurrence(row)} ${row.scheduleVersion}`),
    ['00:00:10 FIRED 1', '00:00:20 PLANNED 2', '00:00:40 PLANNED 2'],
  );
  await removeSchedule(parts, id);
  assert.deepEqual(await list('00:00:00', '00:02:00'), ['00:00:10 FIRED']);
});

test('pages go on behind the last instant, whatever the engine has done since; a row that has grown comes again', async (t) => {
  const { step, page } = await playing(t, { overlapPolicy: 'SKIP' });
  await step('00:00:10', '00:00:20', '00:00:30');
  const range: [string, string] = ['00:00:00', '00:01:10'];
  const first = await page(range, 2);
  assert.deepEqual(first.nodes.map(tellOccurrence), ['00:00:10 FIRED', '00:00:20 to 00:00:30 OVERLAP_SKIPPED 2']);
  assert.deepEqual([first.pageInfo.hasNextPage, await page(range, 4).then(({ pageInfo }) => pageInfo.hasNextPage)], [true, true]);
  const previous = (model: typeof first) => (model.pageInfo.hasPreviousPage as () => Promise<boolean>)();
  assert.equal(await previous(first), false);
  await step('00:00:40');
  const second = await page(range, 2, first.pageInfo.endCursor);
  assert.deepEqual(second.nodes.map(tellOccurrence), ['00:00:20 to 00:00:40 OVERLAP_SKIPPED 3', '00:00:50 PLANNED']);
  assert.equal(await previous(second), true);
  await step('00:00:50');
  const third = await page(range, 2, second.pageInfo.endCursor);
  assert.deepEqual(third.nodes.map(tellOccurrence), ['00:01:00 PLANNED']);
  assert.equal(third.pageInfo.hasNextPage, false);
  const beyond = await page(range, 2, third.pageInfo.endCursor);
  assert.deepEqual([beyond.nodes, beyond.pageInfo.hasNextPage, await previous(beyond)], [[], false, true]);
});

test('through the API: of one schedule and of many, within its limits', async (t) => {
  const carillon = await startTestCarillon(t);
  const api = createApi(carillon);
  const task = await api.taskOn('http://127.0.0.1:9/hook');
  const range = { from: '2098-01-01T00:00:00Z', until: '2099-01-01T00:00:00Z' };
  const daily = { trigger: { cron: { expression: '0 9 * * *' } }, startAt: '2098-01-30T00:00:00Z' };
  const schedule = await api.scheduleOf(task, daily);
  const { schedule: skipped } = await api.skipOccurrence({
    ref: { id: schedule.id },
    scheduledFor: '2098-01-30T09:00:00Z',
    reason: 'holiday',
  });
  assert.equal(skipped?.nextFireAt, '2098-01-31T09:00:00.000Z');
  assert.equal(skipped?.nextFireTimes[0]?.at, '2098-01-31T09:00:00.000Z');
  assert.equal(skipped?.version, 1);
  type View = { occurrences: { nodes: Record<string, unknown>[]; pageInfo: { hasNextPage: boolean; endCursor: string } } };
  const ref = { id: schedule.id };
  const { occurrences } = await api.ask<View>(OCCURRENCES, { ref, range, first: 2 });
  const at = (day: string) => ({ scheduledFor: day, effectiveAt: day, through: day, count: 1, scheduleVersion: 1, runs: [] });
  assert.deepEqual(occurrences.nodes, [
    { ...at('2098-01-30T09:00:00.000Z'), verdict: 'SKIPPED_BY_USER', reason: 'skipped by admin: holiday' },
    { ...at('2098-01-31T09:00:00.000Z'), verdict: 'PLANNED', reason: null },
  ]);
  assert.equal(occurrences.pageInfo.hasNextPage, true);
  const explain =
    '{ schedule(ref: { name: "' +
    schedule.name +
    '" }) { explain(at: "2098-01-30T09:00:00Z") { fires causes { subject message } } } }';
  const { explain: why } = await api.ask<{ explain: { fires: boolean; causes: unknown[] } }>(explain);
  assert.deepEqual([why.fires, why.causes.at(-1)], [false, { subject: 'skip', message: 'skipped by admin: holiday' }]);

  const others = await Promise.all(Array.from({ length: 3 }, () => api.scheduleOf(task, daily)));
  const many = `query ($range: ClosedRange!) { schedules(first: 10) { nodes { id occurrences(range: $range, first: 3) { nodes { verdict } } } } }`;
  const { nodes } = await api.ask<{ nodes: { id: string; occurrences: { nodes: unknown[] } }[] }>(many, { range });
  assert.deepEqual(new Set(nodes.map(({ id }) => id)), new Set([schedule, ...others].map(({ id }) => id)));
  assert.ok(nodes.every((node) => node.occurrences.nodes.length === 3));

  const refused = [
    { given: { range, first: 0 }, message: 'first is 0; allowed is 1 to 100.' },
    { given: { range, first: 101 }, message: 'first is 101; allowed is 1 to 100.' },
    { given: { range, after: 'x' }, message: 'after is not a cursor of this list.' },
    {
      given: { range: { from: range.until, until: range.until } },
      message: 'range is 2099-01-01T00:00:00.000Z to 2099-01-01T00:00:00.000Z: until must be later than from.',
    },
    {
      given: { range: { from: range.from, until: '2099-02-06T00:00:00Z' } },
      message: 'range is 2098-01-01T00:00:00.000Z to 2099-02-06T00:00:00.000Z; allowed are at most 400 days.',
    },
  ];
  for (const { given, message } of refused) {
    const { errors } = await carillon.ask(OCCURRENCES, { ref, ...given });
    assert.deepEqual([errors?.[0]?.extensions.code, errors?.[0]?.message], ['BAD_USER_INPUT', message]);
  }
  const costly = `query ($range: ClosedRange!) { schedules(first: 100) { nodes { occurrences(range: $range) { nodes { verdict } } } } }`;
  const { errors } = await carillon.ask(costly, { range });
  assert.equal(errors?.[0]?.extensions.code, 'OPERATION_TOO_COMPLEX');
});

test('no more are planned than maxRuns lets run; what is skipped takes none of them', async (t) => {
  const { parts, id, step, list } = await playing(t, { maxRuns: 2 });
  await skip(parts, id, '00:00:20');
  assert.deepEqual(await list('00:00:00', '00:01:00'), ['00:00:10 PLANNED', '00:00:20 SKIPPED_BY_USER', '00:00:30 PLANNED']);
  assert.deepEqual(await list('00:00:25', '00:01:00'), ['00:00:30 PLANNED']);
  assert.deepEqual(await list('00:00:31', '00:01:00'), []);
  await step('00:00:10', '00:00:30', '00:00:40');
  assert.deepEqual(await list('00:00:00', '00:01:00'), ['00:00:10 FIRED', '00:00:20 SKIPPED_BY_USER', '00:00:30 FIRED']);
});

test('what is planned and what was skipped is due a spread later, as what has run', async (t) => {
  const { parts, id, step } = await playing(t, { spread: 'PT10S' });
  await skip(parts, id, '00:00:20');
  await step('00:00:20', '00:00:40');
  const rows = await allOccurrences(parts, id, at('00:00:00'), at('00:01:00'));
  assert.deepEqual(
    rows.map(({ verdict }) => verdict),
    ['FIRED', 'SKIPPED_BY_USER', 'FIRED', 'PLANNED', 'PLANNED'],
  );
  assert.equal(new Set(rows.map(({ scheduledFor, effectiveAt }) => effectiveAt - scheduledFor)).size, 1);
});
