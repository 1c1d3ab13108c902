import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { listPlannedFires } from '../../src/graphql/plannedFires.ts';
import { countUpcoming, readUpcoming } from '../../src/store/upcoming.ts';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { PLANNED_FIRES, SCHEDULES_AHEAD } from '../support/operations.ts';
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
  skip,
  time,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { startTarget } from '../support/target.ts';

interface FiresView {
  fires: {
    schedule: { id: string; name: string };
    scheduledFor: string;
    effectiveAt: string;
    expectedDurationMs: number | null;
  }[];
  truncated: boolean;
}
const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const fires = (variables: Record<string, unknown>) => api.ask<FiresView>(PLANNED_FIRES, variables);
/** Far enough for the clock to play no part. */
const YEAR = new Date().getUTCFullYear() + 1;
const MARCH = { from: `${YEAR}-03-01T00:00:00Z`, until: `${YEAR}-04-01T00:00:00Z` };
const labeled = () => [{ key: 'test', value: fresh('fires') }] as const;
const filterOf = ([{ key, value }]: ReturnType<typeof labeled>) => ({ labels: [{ key, in: [value] }] });

test('what is planned over all schedules is what each of them plans, in order', async () => {
  const labels = labeled();
  const filter = filterOf(labels);
  const spring = { startAt: `${YEAR}-03-01T00:00:00Z`, labels };
  const specs = [
    { trigger: { cron: { expression: '0 9 * * 1-5', timeZone: 'Europe/Berlin' } } },
    { trigger: { cron: { expression: '0 8 * * *' } }, spread: 'PT20M' },
    { trigger: { interval: { every: 'PT17H' } }, jitter: 'PT3H' },
    { trigger: { interval: { every: 'PT13H' } }, maxRuns: 9 },
    { trigger: { at: { times: [`${YEAR}-03-05T10:00:00.250Z`, `${YEAR}-04-05T10:00:00Z`] } } },
    { trigger: { manual: true } },
    { trigger: { cron: { expression: '0 0 1 6 *' } } },
  ];
  for (const spec of specs) await api.scheduleOf(task, { ...spring, ...spec });
  const skipping = await api.scheduleOf(task, { ...spring, trigger: { cron: { expression: '30 12 * * *' } } });
  await api.skipOccurrence({ ref: { id: skipping.id }, scheduledFor: `${YEAR}-03-03T12:30:00Z`, reason: 'holiday' });
  const { nodes } = await api.ask<{ nodes: { id: string; nextFireTimes: { at: string; effectiveAt: string }[] }[] }>(
    SCHEDULES_AHEAD,
    { filter },
  );
  const [from, until] = [Date.parse(MARCH.from), Date.parse(MARCH.until)];
  const expected = nodes
    .flatMap(({ id, nextFireTimes }) =>
      nextFireTimes.map((fire) => ({ id, scheduledFor: fire.at, effectiveAt: fire.effectiveAt })),
    )
    .filter(({ effectiveAt }) => Date.parse(effectiveAt) >= from && Date.parse(effectiveAt) < until)
    .toSorted((a, b) => Date.parse(a.effectiveAt) - Date.parse(b.effectiveAt) || (a.id < b.id ? -1 : 1));
  assert.ok(expected.length > 120);
  const answer = await fires({ range: MARCH, first: 1_000, filter });
  assert.equal(answer.truncated, false);
  assert.deepEqual(
    answer.fires.map(({ schedule, scheduledFor, effectiveAt }) => ({ id: schedule.id, scheduledFor, effectiveAt })),
    expected,
  );
  const some = await fires({ range: MARCH, first: 50, filter });
  assert.deepEqual(some, { fires: answer.fires.slice(0, 50), truncated: true });
  assert.equal((await fires({ range: MARCH, first: expected.length, filter })).truncated, false, 'exactly as many as there are');
});

test('a filter selects whose fires are told', async () => {
  const labels = labeled();
  const one = await api.scheduleOf(task, { labels, trigger: { cron: { expression: '0 0 1 3 *' } } });
  const two = await api.scheduleOf(task, {
    labels,
    trigger: { calendar: { months: '3', daysOfMonth: '2', hours: '0', minutes: '0', seconds: '0' } },
  });
  const names = async (filter: object) =>
    (await fires({ range: MARCH, filter: { ...filterOf(labels), ...filter } })).fires.map(({ schedule }) => schedule.name);
  assert.deepEqual(await names({}), [one.name, two.name]);
  assert.deepEqual(await names({ kinds: ['CALENDAR'] }), [two.name]);
  assert.deepEqual(await names({ names: [one.name] }), [one.name]);
  assert.deepEqual(await names({ taskKeys: ['nowhere'] }), []);
  assert.deepEqual(await names({ states: ['PAUSED', 'COMPLETED'] }), [], 'only what is ACTIVE has planned fires');
});

const refused: { rule: string; given: Record<string, unknown>; message: string }[] = [
  { rule: 'none', given: { first: 0 }, message: 'first is 0; allowed is 1 to 1000.' },
  { rule: 'more than 1,000', given: { first: 1_001 }, message: 'first is 1001; allowed is 1 to 1000.' },
  {
    rule: 'a range that is empty',
    given: { range: { from: MARCH.from, until: MARCH.from } },
    message: `range is ${YEAR}-03-01T00:00:00.000Z to ${YEAR}-03-01T00:00:00.000Z: until must be later than from.`,
  },
  {
    rule: 'a filter that cannot be',
    given: { filter: { labels: [{ key: 'a', in: ['b'], exists: false }] } },
    message: '',
  },
];
for (const { rule, given, message } of refused) {
  test(`refused: ${rule}`, async () => {
    const { errors } = await carillon.ask(PLANNED_FIRES, { range: MARCH, ...given });
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
    if (message !== '') assert.equal(errors[0].message, message);
  });
}

test('fires count in the limits of an operation as a page does', async () => {
  const query = (first: string) =>
    `query ($range: ClosedRange!) { ${[1, 2, 3]
      .map((n) => `p${n}: plannedFires(range: $range, first: ${first}) { fires { schedule { task { key } } } }`)
      .join(' ')} }`;
  const { errors } = await carillon.ask(query('1000'), { range: MARCH });
  assert.equal(errors?.[0]?.message, 'The operation asks for too much: nodes 9003, limit 5000.');
  assert.equal((await carillon.ask(query('null'), { range: MARCH })).errors, undefined);
});

test('what a run is expected to take is the median of what those before it took', async (t) => {
  const target = await startTarget(t);
  const labels = labeled();
  const schedule = await api.scheduleOf(await api.taskOn(target.url), { labels });
  const { id } = await api.trigger(schedule);
  const run = await api.runIn(id, 'SUCCEEDED');
  await api.scheduleOf(task, { labels });
  const range = { from: `${YEAR}-01-01T00:00:00Z`, until: `${YEAR}-01-01T00:00:01Z` };
  const answer = await fires({ range, filter: filterOf(labels) });
  assert.deepEqual(
    new Set(answer.fires.map(({ schedule: { name }, expectedDurationMs }) => [name === schedule.name, expectedDurationMs])),
    new Set([
      [true, run.durationMs],
      [false, null],
    ]),
  );
});

/** On a clock that stands at midnight, without an engine. */
async function openPlan(t: TestContext) {
  const parts = await openParts(t);
  await addTask(parts);
  const planned = async (from: string, until: string, rest: Omit<Parameters<typeof listPlannedFires>[1], 'range'> = {}) => {
    const range = { from: new Date(at(from)), until: new Date(at(until)) };
    const answer = await listPlannedFires(parts, { range, ...rest });
    return { fires: answer.fires.map(({ effectiveAt }) => time(effectiveAt)), truncated: answer.truncated };
  };
  return { parts, planned };
}
const whole = (...times: string[]) => ({ fires: times, truncated: false });

test('only the part of a range that is later than now has planned fires, and what is due and not fired yet is none', async (t) => {
  const { parts, planned } = await openPlan(t);
  await addSchedule(parts);
  assert.deepEqual(await planned('00:00:00', '00:00:30'), whole('00:00:10', '00:00:20'));
  parts.clock.advanceTo(at('00:00:20'));
  assert.deepEqual(await planned('00:00:00', '00:00:40'), whole('00:00:30'), 'now itself is no more to come');
  assert.deepEqual(await planned('00:00:00', '00:00:20'), whole());
  assert.deepEqual(await planned('00:00:30', '00:00:50'), whole('00:00:30', '00:00:40'), 'half-open');
});

test('what is paused, held, deleted, skipped, frozen or beyond maxRuns is not planned', async (t) => {
  const { parts, planned } = await openPlan(t);
  const { id } = await addSchedule(parts);
  const all = whole('00:00:10', '00:00:20', '00:00:30', '00:00:40', '00:00:50');
  const shown = () => planned('00:00:00', '00:01:00');
  assert.deepEqual(await shown(), all);
  await pause(parts, id);
  assert.deepEqual(await shown(), whole());
  await resume(parts, id);
  await pauseUntil(parts, at('00:00:25'), id);
  assert.deepEqual(await shown(), whole(), 'as nextFireTimes: nobody knows who resumes it when');
  await resume(parts, id);
  await holdTask(parts, 'task');
  assert.deepEqual(await shown(), whole());
  await releaseTask(parts, 'task');
  await skip(parts, id, '00:00:20');
  await skip(parts, id, '00:00:10');
  assert.deepEqual(await shown(), whole('00:00:30', '00:00:40', '00:00:50'));
  await freeze(parts, at('00:00:40'), { from: new Date(at('00:00:25')), exit: 'FIRE_ALL' }, id);
  assert.deepEqual(await shown(), whole('00:00:40', '00:00:50'), 'what its end releases has its own times, and they are over');
  await editSchedule(parts, id, { maxRuns: 2 });
  assert.deepEqual(await planned('00:00:00', '00:02:00'), whole('00:00:40', '00:00:50'));
  assert.deepEqual(await planned('00:00:50', '00:02:00'), whole('00:00:50'), 'what runs before the range counts');
  await removeSchedule(parts, id);
  assert.deepEqual(await shown(), whole());
});

type Trigger = NonNullable<Parameters<typeof addSchedule>[1]>['trigger'];
/** The same schedule so many times; every minute unless the trigger is another. */
async function multiply(parts: Parts, count: number, trigger: Trigger = { cron: { expression: '* * * * *' } }): Promise<void> {
  const { id } = await addSchedule(parts, { name: 'first', trigger });
  const columns = (
    await parts.store.sql.query<{ name: string }>(
      `SELECT column_name AS name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = 'schedule' AND column_name NOT IN ('id', 'name')`,
    )
  ).map(({ name }) => `"${name}"`);
  await parts.store.sql.query(
    `INSERT INTO schedule (id, name, ${columns.join(', ')})
     SELECT 'sch_' || lpad(to_hex(n), 32, '0'), 'copy ' || n, ${columns.join(', ')} FROM schedule, generate_series(1, ${count - 1}) n WHERE id = '${id}'`,
  );
  await parts.store.sql.query('ANALYZE schedule');
}

test('of 10,001 schedules no more are read than are answered, and as many as may fire before a range are too many', async (t) => {
  const { parts, planned } = await openPlan(t);
  await multiply(parts, 10_001);
  let rows = 0;
  const { prisma } = parts.store;
  const counting = {
    async $queryRawUnsafe(text: string, ...values: unknown[]) {
      const found = await prisma.$queryRawUnsafe<unknown[]>(text, ...values);
      rows += found.length;
      return found;
    },
  } as unknown as typeof prisma;
  const range = { from: new Date(at('00:00:00')), until: new Date(at('01:00:00')) };
  const answer = await listPlannedFires({ ...parts, store: { ...parts.store, prisma: counting } }, { range, first: 200 });
  assert.deepEqual([answer.fires.length, answer.truncated, rows], [200, true, 201]);
  const ids = answer.fires.map(({ scheduleId }) => scheduleId);
  assert.equal(new Set(ids).size, 200);
  assert.deepEqual(ids, ids.toSorted(), 'of one instant by id');
  assert.deepEqual([...new Set(answer.fires.map(({ effectiveAt }) => time(effectiveAt)))], ['00:01:00']);

  await assert.rejects(planned('00:30:00', '01:00:00'), {
    message: `range begins at 2026-03-02T00:30:00.000Z: more than 10000 schedules fire before 2026-03-02T00:30:00.000Z; allowed are 10000: narrow the filter.`,
  });
  await removeSchedule(parts, ids[0]!);
  const later = await planned('00:30:00', '01:00:00', { first: 1_000 });
  assert.deepEqual([later.fires.length, new Set(later.fires), later.truncated], [1_000, new Set(['00:30:00']), true]);
  assert.equal((await planned('00:30:00', '01:00:00', { filter: { names: ['first'] } })).fires.length, 30);
});

test('what takes too long to work out ends the list early, without a gap, and the server answers others meanwhile', async (t) => {
  const { parts, planned } = await openPlan(t);
  // They meet once, at 09:00 of this day, and then not for centuries: the search behind it takes all that one may.
  const rare = [{ interval: { every: 'PT86399S', anchorAt: new Date(at('09:00:00')) } }, { cron: { expression: '0 9 * * *' } }];
  await multiply(parts, 500, { allOf: { triggers: rare } });
  await addSchedule(parts, { name: 'early', trigger: { at: { times: [new Date(at('08:00:00'))] } } });
  let turns = 0;
  const others = setInterval(() => (turns += 1), 1);
  const answer = await planned('00:00:00', '23:00:00', { first: 1_000 });
  clearInterval(others);
  assert.equal(answer.truncated, true);
  assert.deepEqual([answer.fires[0], new Set(answer.fires.slice(1))], ['08:00:00', new Set(['09:00:00'])]);
  assert.ok(answer.fires.length > 100 && answer.fires.length < 500, String(answer.fires.length));
  assert.ok(turns > 20, String(turns));
  assert.deepEqual(
    await planned('10:00:00', '23:00:00'),
    { fires: [], truncated: true },
    'nothing fires, but nobody has found that out',
  );
});

test('the keys are read from the index that claims use', async (t) => {
  const { parts } = await openPlan(t);
  await multiply(parts, 2_000);
  const plans: string[] = [];
  const { prisma } = parts.store;
  const explain = {
    async $queryRawUnsafe(text: string, ...values: unknown[]) {
      const lines = await prisma.$queryRawUnsafe<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${text}`, ...values);
      plans.push(lines.map((line) => line['QUERY PLAN']).join('\n'));
      return prisma.$queryRawUnsafe(text, ...values);
    },
  } as unknown as typeof prisma;
  const until = at('01:00:00');
  const first = await readUpcoming(explain, null, at('00:00:00'), { until, after: null, limit: 100 });
  const second = await readUpcoming(explain, null, at('00:00:00'), { until, after: first.at(-1)!, limit: 100 });
  assert.equal(new Set([...first, ...second].map(({ id }) => id)).size, 200);
  assert.equal(await countUpcoming(explain, null, at('00:00:00'), { until, most: 150 }), 150);
  for (const plan of plans.slice(0, 2)) assert.match(plan, /schedule_due_idx/);
});
