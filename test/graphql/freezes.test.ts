import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { EVERY_SECOND, createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { EXPLAIN, FREEZES, OCCURRENCES } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { until } from '../support/until.ts';
import type { FreezeView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const inMs = (ms: number) => new Date(Date.now() + ms).toISOString();
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const freezes = async (active?: boolean) =>
  (await api.ask<FreezeView[]>(FREEZES, { active })).map(({ id, active: still }) => ({ id, still }));

test('a freeze says what it holds back and why; its schedules fire after it, and node finds it', async () => {
  const minutely = await api.scheduleOf(task, { trigger: { cron: { expression: '0 * * * *' } } });
  const [from, until] = ['2027-03-01T00:00:00.000Z', '2027-03-02T00:00:00.000Z'];
  const select = { ids: [minutely.id] };
  const answer = await api.createFreeze({ reason: 'Release', from, until, select });
  assert.deepEqual(answer.userErrors, []);
  const { freeze } = answer;
  assert.ok(freeze);
  const { id, by, ...told } = freeze;
  assert.deepEqual(told, { reason: 'Release', from, until, select, exit: 'SKIP', suppressed: 0, active: true });
  assert.deepEqual(by, minutely.createdBy);
  assert.equal(answer.suppressedPreview, 24);
  const node = await carillon.ask<{ node: unknown }>('query ($id: ID!) { node(id: $id) { __typename id } }', { id });
  assert.deepEqual(node.data.node, { __typename: 'Freeze', id });
  const { occurrences } = await api.ask<{ occurrences: { nodes: { verdict: string; reason: string | null }[] } }>(OCCURRENCES, {
    ref: { id: minutely.id },
    range: { from: '2027-02-28T23:00:00Z', until: '2027-03-01T02:00:00Z' },
  });
  assert.deepEqual(
    occurrences.nodes.map(({ verdict, reason }) => [verdict, reason]),
    [
      ['PLANNED', null],
      ['FROZEN', 'frozen: Release'],
      ['FROZEN', 'frozen: Release'],
    ],
  );
  const { explain } = await api.ask<{ explain: { fires: boolean; causes: { subject: string; message: string }[] } }>(EXPLAIN, {
    ref: { id: minutely.id },
    at: '2027-03-01T05:00:00Z',
  });
  assert.equal(explain.fires, false);
  assert.equal(explain.causes.at(-1)?.subject, 'freeze');
  assert.match(explain.causes.at(-1)?.message ?? '', new RegExp(`^FROZEN from ${from} until ${until}, by .+: Release$`));
  assert.deepEqual((await api.endFreeze({ id })).userErrors, []);
  assert.equal(
    (await freezes(false)).some((ended) => ended.id === id && !ended.still),
    true,
  );
});

test('what it has held back so far is counted while it lasts, and next fires lie behind it; ended, all of it is FROZEN', async () => {
  const busy = await api.scheduleOf(task, { trigger: EVERY_SECOND, overlapPolicy: 'ALLOW_ALL' });
  const end = inMs(HOUR);
  const { freeze, suppressedPreview } = await api.createFreeze({ reason: 'quiet', until: end, select: { names: [busy.name] } });
  assert.ok(freeze);
  assert.ok(suppressedPreview >= 3_599 && suppressedPreview <= 3_600, `${suppressedPreview}`);
  const held = (await api.schedule(busy.name)) as NonNullable<Awaited<ReturnType<typeof api.schedule>>>;
  assert.ok(held.nextFireAt !== null && held.nextFireAt >= end, held.nextFireAt ?? 'none');
  assert.equal(held.nextFireTimes[0]?.at, held.nextFireAt);
  assert.ok(held.nextFireTimes.every(({ at }) => at >= end));
  const soFar = await until(async () => {
    const [found] = (await api.ask<FreezeView[]>(FREEZES, { active: true })).filter(({ id }) => id === freeze.id);
    return found !== undefined && found.suppressed >= 2 && found;
  });
  assert.equal(soFar.active, true);
  assert.ok(((await api.schedule(busy.name))?.pendingOccurrences ?? 0) >= 2);
  const ended = await api.endFreeze({ id: freeze.id });
  assert.ok(ended.suppressedPreview >= 2);
  assert.equal(ended.freeze?.active, false);
  await until(async () => (await api.schedule(busy.name))?.lastFireAt !== held.lastFireAt);
  await api.deleteSchedule({ ref: { id: busy.id } });
});

const faults: { rule: string; input: () => object; path: string[]; says: RegExp }[] = [
  { rule: 'a blank reason', input: () => ({ reason: ' ' }), path: ['reason'], says: /reason is blank; allowed are 1 to 2000/ },
  {
    rule: 'a beginning that has passed',
    input: () => ({ from: inMs(-1_000) }),
    path: ['from'],
    says: /^from is .+; allowed is now or later, at most 400 days ahead/,
  },
  {
    rule: 'a beginning too far ahead',
    input: () => ({ from: inMs(401 * DAY), until: inMs(402 * DAY) }),
    path: ['from'],
    says: /at most 400 days ahead/,
  },
  { rule: 'an end that has passed', input: () => ({ until: inMs(-1_000) }), path: ['until'], says: /allowed is later than now/ },
  {
    rule: 'an end before the beginning',
    input: () => ({ from: inMs(2 * DAY), until: inMs(DAY) }),
    path: ['until'],
    says: /allowed is later than from/,
  },
  {
    rule: 'more than 400 days',
    input: () => ({ until: inMs(401 * DAY) }),
    path: ['until'],
    says: /allowed are at most 400 days/,
  },
  {
    rule: 'a filter that looks at what is no definition',
    input: () => ({ select: { filter: { states: ['ACTIVE'] } } }),
    path: ['select', 'filter', 'states'],
    says: /filter has states, which changes without an edit/,
  },
];
for (const { rule, input, path, says } of faults)
  test(`refused, and nothing is changed: ${rule}`, async () => {
    const schedule = await api.scheduleOf(task);
    const before = await freezes();
    const valid = { reason: 'because', until: inMs(DAY), select: { ids: [schedule.id] } };
    const { freeze, suppressedPreview, userErrors } = await api.createFreeze({ ...valid, ...input() });
    assert.deepEqual([freeze, suppressedPreview], [null, 0]);
    assert.deepEqual(
      userErrors.map((error) => [error.code, error.path]),
      [['INVALID', ['input', ...path]]],
    );
    assert.match(userErrors[0]?.message ?? '', says);
    assert.deepEqual(await freezes(), before);
    assert.deepEqual(await api.schedule(schedule.name), schedule);
  });

test('what is named and not there is NOT_FOUND; one that has ended cannot be ended', async () => {
  const missing = await api.createFreeze({ reason: 'because', until: inMs(DAY), select: { ids: ['sch_0'] } });
  assert.deepEqual(
    missing.userErrors.map(({ code, path }) => [code, path]),
    [['NOT_FOUND', ['input', 'select', 'ids', '0']]],
  );
  const unknown = await api.endFreeze({ id: 'frz_0' });
  assert.deepEqual(
    unknown.userErrors.map(({ code, path }) => [code, path]),
    [['NOT_FOUND', ['id']]],
  );
  const { id } = await api.scheduleOf(task);
  const { freeze } = await api.createFreeze({ reason: 'because', until: inMs(DAY), select: { ids: [id] } });
  assert.ok(freeze);
  await api.endFreeze({ id: freeze.id });
  const again = await api.endFreeze({ id: freeze.id });
  assert.equal(again.userErrors[0]?.code, 'INVALID_STATE');
  assert.deepEqual(again.userErrors[0].existing, { __typename: 'Freeze', id: freeze.id });
});

test('at most 100 with a filter and 1,000 in all have not ended at a time', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const fill = (from: number, to: number, select: object) =>
    database.query(
      `INSERT INTO "freeze" (id, reason, "from", until, "select", exit, by, created_at)
       SELECT 'frz_' || n, 'copy', now(), now() + interval '1 day', $3::jsonb, 'SKIP', '{}', now() FROM generate_series($1::int, $2::int) n`,
      [from, to, select],
    );
  const create = async (select: object) => {
    const { userErrors } = await api.createFreeze({ reason: 'copy', until: inMs(DAY), select });
    return userErrors.map(({ code, limit }) => [code, limit]);
  };
  const one = { ids: [(await api.scheduleOf(task)).id] };
  await fill(1, 100, { filter: { names: [] } });
  assert.deepEqual(await create({ filter: { names: [] } }), [['LIMIT_EXCEEDED', 100]]);
  assert.deepEqual(await create(one), []);
  await fill(101, 1_000, one);
  assert.deepEqual(await create(one), [['LIMIT_EXCEEDED', 1_000]]);
  await database.query(`DELETE FROM "freeze" WHERE reason = 'copy'`);
});

test('the audit trail has beginning and end, with who was held back', async (t) => {
  const schedule = await api.scheduleOf(task);
  const { freeze } = await api.createFreeze({
    reason: 'why',
    until: inMs(DAY),
    select: { ids: [schedule.id] },
    exit: 'FIRE_ONCE',
  });
  assert.ok(freeze);
  await api.endFreeze({ id: freeze.id });
  const database = await connect(t, carillon.databaseUrl);
  const { rows } = await database.query<{ action: string; reason: string | null; changes: Record<string, { after: unknown }> }>(
    `SELECT action, reason, changes FROM audit_entry WHERE target_id = $1 ORDER BY at, id`,
    [freeze.id],
  );
  assert.deepEqual(
    rows.map(({ action, reason }) => [action, reason]),
    [
      ['freeze.create', 'why'],
      ['freeze.end', null],
    ],
  );
  const after = rows[0]?.changes['freeze']?.after as { schedules: number; exit: string } | undefined;
  assert.deepEqual([after?.schedules, after?.exit], [1, 'FIRE_ONCE']);
});
