import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { timingOf } from '../../src/domain/timing.ts';
import { cron } from '../trigger/compiled.ts';
import { EVERY_SECOND, YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { EXPLAIN } from '../support/operations.ts';
import { until } from '../support/until.ts';
import type { ErrorView, ScheduleView } from '../support/views.ts';

const api = createApi(await startTestCarillon({ after }));
const task = await api.taskOn('http://127.0.0.1:9/hook');
const settings = ({ spread, jitter, maxRuns, remainingRuns }: ScheduleView) => ({ spread, jitter, maxRuns, remainingRuns });
async function edited(schedule: ScheduleView, patch: Record<string, unknown>): Promise<ScheduleView> {
  const { schedule: updated, userErrors } = await api.updateSchedule({ ref: { id: schedule.id }, patch });
  assert.deepEqual(userErrors, []);
  return updated as ScheduleView;
}
const PLAIN = { spread: 'PT0S', jitter: 'PT0S', maxRuns: null, remainingRuns: null };

test('a schedule about which nothing is said has neither spread nor jitter nor a limit', async () => {
  const schedule = await api.scheduleOf(task);
  assert.deepEqual(settings(schedule), PLAIN);
  assert.equal(schedule.nextFireTimes[0]?.at, schedule.nextFireAt);
  for (const { at, effectiveAt } of schedule.nextFireTimes) assert.equal(effectiveAt, at);
});

test('what is set is answered, kept by edits of other fields, and cleared by null; each change is a version', async () => {
  const created = await api.scheduleOf(task, { jitter: 'PT90M', maxRuns: 7 });
  assert.deepEqual(settings(created), { spread: 'PT0S', jitter: 'PT1H30M', maxRuns: 7, remainingRuns: 7 });
  const described = await edited(created, { description: 'edited' });
  assert.deepEqual(settings(described), settings(created));
  assert.deepEqual(described.nextFireTimes, created.nextFireTimes);
  const spread = await edited(described, { jitter: null, spread: 'P1D', maxRuns: 1_000_000_000 });
  assert.deepEqual(settings(spread), { spread: 'P1D', jitter: 'PT0S', maxRuns: 1e9, remainingRuns: 1e9 });
  const cleared = await edited(spread, { spread: null, maxRuns: null });
  assert.deepEqual(settings(cleared), PLAIN);
  assert.equal(cleared.version, 4);
  assert.equal((await edited(cleared, { spread: 'PT0S', jitter: null })).version, 4, 'nothing has changed');
});

const both = (spread: string, jitter: string) =>
  `spread ${spread} and jitter ${jitter} exclude each other: set one of them to PT0S.`;
const refused: {
  rule: string;
  base?: Record<string, unknown>;
  given: Record<string, unknown>;
  errors: [field: string, message: string][];
}[] = [
  {
    rule: 'a spread beyond a day',
    given: { spread: 'PT24H0.001S' },
    errors: [['spread', 'spread is PT24H0.001S; allowed is PT0S to P1D.']],
  },
  { rule: 'a jitter beyond a day', given: { jitter: 'P2D' }, errors: [['jitter', 'jitter is P2D; allowed is PT0S to P1D.']] },
  {
    rule: 'a spread that runs backward',
    given: { spread: '-PT1S' },
    errors: [['spread', "spread '-PT1S' is negative: a duration here runs forward."]],
  },
  { rule: 'both', given: { spread: 'PT5M', jitter: 'PT1M' }, errors: [['jitter', both('PT5M', 'PT1M')]] },
  {
    rule: 'a jitter beside the spread that is set',
    base: { spread: 'PT5M' },
    given: { jitter: 'PT1M' },
    errors: [['jitter', both('PT5M', 'PT1M')]],
  },
  {
    rule: 'a spread beside the jitter that is set',
    base: { jitter: 'PT1M' },
    given: { spread: 'PT5M' },
    errors: [['spread', both('PT5M', 'PT1M')]],
  },
  { rule: 'no run at all', given: { maxRuns: 0 }, errors: [['maxRuns', 'maxRuns is 0; allowed is 1 to 1000000000.']] },
  {
    rule: 'too many runs',
    given: { maxRuns: 1_000_000_001 },
    errors: [['maxRuns', 'maxRuns is 1000000001; allowed is 1 to 1000000000.']],
  },
  {
    rule: 'all at once',
    given: { spread: 'P2D', jitter: 'soon', maxRuns: -1 },
    errors: [
      ['jitter', "jitter 'soon' is not an ISO-8601 duration such as PT10M, PT1H30M, P1D or P1W."],
      ['maxRuns', 'maxRuns is -1; allowed is 1 to 1000000000.'],
      ['spread', 'spread is P2D; allowed is PT0S to P1D.'],
    ],
  },
];
for (const { rule, base = {}, given, errors } of refused) {
  test(`refused by its path, in a spec as in a patch: ${rule}`, async () => {
    const before = await api.scheduleOf(task, base);
    const patched = await api.updateSchedule({ ref: { id: before.id }, patch: given });
    const spec = { name: fresh('refused'), task: { key: task.key }, trigger: YEARLY, ...base, ...given };
    const created = await api.createSchedule({ spec });
    const told = ({ userErrors }: { userErrors: ErrorView[] }) =>
      userErrors.map(({ code, path, message }) => [code, path?.join('.'), message]).toSorted();
    assert.deepEqual(
      told(patched),
      errors.map(([field, message]) => ['INVALID', `input.patch.${field}`, message]),
    );
    // Where both are given, it is told of the jitter.
    const fieldOf = (field: string) => ('jitter' in spec && 'spread' in spec && errors.length === 1 ? 'jitter' : field);
    assert.deepEqual(
      told(created),
      errors.map(([field, message]) => ['INVALID', `input.spec.${fieldOf(field)}`, message]),
    );
    assert.deepEqual(await api.schedule(before.name), before);
    assert.equal(await api.schedule(spec.name), null);
  });
}

test('fire times come with the effective instant, the next of which is nextFireAt; the summary stays that of the trigger', async () => {
  const plain = await api.scheduleOf(task);
  for (const given of [{ spread: 'PT1H' }, { jitter: 'PT1H' }]) {
    const schedule = await api.scheduleOf(task, given);
    const offsets = { spreadMs: 0, jitterMs: 0, [`${Object.keys(given)[0]}Ms`]: 3_600_000 };
    const timing = timingOf({ id: schedule.id, ...offsets }, cron(YEARLY.cron.expression));
    assert.deepEqual(
      schedule.nextFireTimes.map(({ at, effectiveAt }) => [at, effectiveAt]),
      plain.nextFireTimes.map(({ at }) => [at, new Date(timing.effective(Date.parse(at))).toISOString()]),
    );
    assert.equal(schedule.nextFireAt, schedule.nextFireTimes[0]?.effectiveAt);
    assert.equal(schedule.trigger.summary, plain.trigger.summary);
  }
});

test('no more fire times are shown than runs are left', async () => {
  assert.equal((await api.scheduleOf(task, { maxRuns: 2 })).nextFireTimes.length, 2);
  assert.equal((await api.scheduleOf(task, { maxRuns: 9 })).nextFireTimes.length, 3);
});

test('a schedule makes its runs, counts down and is completed; raised, it goes on', async () => {
  const schedule = await api.scheduleOf(task, { trigger: EVERY_SECOND, overlapPolicy: 'ALLOW_ALL', maxRuns: 2 });
  const completed = async (version: number) => {
    const found = await api.schedule(schedule.name);
    return found?.state === 'COMPLETED' && found.version === version && found;
  };
  const done = await until(() => completed(1));
  assert.deepEqual([done.remainingRuns, done.runs.totalCount, done.nextFireAt, done.nextFireTimes], [0, 2, null, []]);
  const raised = await edited(done, { maxRuns: 3 });
  assert.deepEqual([raised.state, raised.remainingRuns], ['ACTIVE', 1]);
  assert.ok((raised.nextFireAt as string) > raised.updatedAt);
  const again = await until(() => completed(2));
  assert.deepEqual([again.remainingRuns, again.runs.totalCount], [0, 3]);
});

test('explain tells how much later an occurrence runs, and which the limit leaves out', async () => {
  const schedule = await api.scheduleOf(task, { spread: 'PT1H', maxRuns: 1 });
  const explain = async (at: string) =>
    (
      await api.ask<{ explain: { fires: boolean; causes: { subject: string; message: string }[] } }>(EXPLAIN, {
        ref: { id: schedule.id },
        at,
      })
    ).explain;
  const [first] = schedule.nextFireTimes;
  assert.ok(first);
  const planned = await explain(first.at);
  assert.ok(planned.fires);
  const spread = planned.causes.find(({ subject }) => subject === 'spread')?.message ?? '';
  assert.ok(spread.startsWith('spread: runs ') && spread.endsWith(` later, at ${first.effectiveAt}`), spread);
  assert.deepEqual(planned.causes.at(-1), {
    subject: 'maxRuns',
    passes: true,
    message: 'maxRuns 1: 0 runs are made, and 0 times come before this one',
  });
  const beyond = await explain(first.at.replace(/^\d+/, (year) => String(Number(year) + 1)));
  assert.deepEqual([beyond.fires, beyond.causes.at(-1)?.subject], [false, 'maxRuns']);
});
