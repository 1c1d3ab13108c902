import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { PREVIEW, SCHEDULES, SERVER_INFO } from '../support/operations.ts';
import type { ErrorView, FireTimeView, PageView, TriggerView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);

interface Preview {
  trigger: TriggerView | null;
  timeZone: string;
  dst: { gap: string | null; overlap: string | null };
  spec: Record<string, unknown> | null;
  summary: string | null;
  fireTimes: FireTimeView[];
  exhausted: boolean;
  lints: { code: string; message: string; at: string | null }[];
  userErrors: ErrorView[];
}
const preview = (variables: Record<string, unknown>) => api.ask<Preview>(PREVIEW, variables);
const cron = (expression: string) => ({ cron: { expression } });

/** What a fire time looks like: wall clock, offset, and G or O where daylight saving has a hand in it. */
const shown = (fireTimes: FireTimeView[]) =>
  fireTimes.map(
    ({ local, offset, inGap, inOverlap }) => `${local.slice(5)}${offset}${inGap ? ' G' : ''}${inOverlap ? ' O' : ''}`,
  );

const changes = [
  {
    rule: 'Berlin, spring: a time that does not exist runs right after the jump',
    zone: 'Europe/Berlin',
    expression: '30 2 * * *',
    from: '2026-03-28T00:00:00+01:00',
    fires: ['03-28T02:30:00+01:00', '03-29T03:00:00+02:00 G', '03-30T02:30:00+02:00'],
  },
  {
    rule: 'Berlin, spring, SHIFT: it moves on by the jump',
    zone: 'Europe/Berlin',
    expression: '30 2 * * *',
    from: '2026-03-28T00:00:00+01:00',
    dst: { gap: 'SHIFT' },
    fires: ['03-28T02:30:00+01:00', '03-29T03:30:00+02:00 G', '03-30T02:30:00+02:00'],
  },
  {
    rule: 'Berlin, spring, SKIP: not at all',
    zone: 'Europe/Berlin',
    expression: '30 2 * * *',
    from: '2026-03-28T00:00:00+01:00',
    dst: { gap: 'SKIP' },
    fires: ['03-28T02:30:00+01:00', '03-30T02:30:00+02:00', '03-31T02:30:00+02:00'],
  },
  {
    rule: 'New York, autumn: a time that comes twice runs the first time',
    zone: 'America/New_York',
    expression: '30 1 * * *',
    from: '2026-10-31T12:00:00-04:00',
    fires: ['11-01T01:30:00-04:00 O', '11-02T01:30:00-05:00', '11-03T01:30:00-05:00'],
  },
  {
    rule: 'New York, autumn, BOTH: it runs twice',
    zone: 'America/New_York',
    expression: '30 1 * * *',
    from: '2026-10-31T12:00:00-04:00',
    dst: { overlap: 'BOTH' },
    fires: ['11-01T01:30:00-04:00 O', '11-01T01:30:00-05:00 O', '11-02T01:30:00-05:00'],
  },
  {
    rule: 'Lord Howe moves by half an hour; what starts with * follows the clock through it',
    zone: 'Australia/Lord_Howe',
    expression: '*/30 1 * * *',
    from: '2026-04-05T01:00:00+11:00',
    fires: ['04-05T01:30:00+11:00 O', '04-05T01:30:00+10:30 O', '04-06T01:00:00+10:30'],
  },
];
for (const { rule, zone, expression, from, dst, fires } of changes) {
  test(`daylight saving is visible: ${rule}`, async () => {
    const { fireTimes, timeZone } = await preview({ trigger: cron(expression), timeZone: zone, dst, after: from, first: 3 });
    assert.deepEqual(shown(fireTimes), fires);
    assert.equal(timeZone, zone);
    for (const { at, effectiveAt, local, offset } of fireTimes) {
      assert.equal(effectiveAt, at);
      assert.equal(new Date(`${local}${offset}`).toISOString(), at, 'wall clock and offset name the same instant');
    }
  });
}

test('a preview answers the canonical trigger, its plain English and what it really follows', async () => {
  const trigger = { cron: { expression: ' @Daily ', timeZone: 'asia/tokyo' } };
  const answer = await preview({
    trigger,
    timeZone: 'europe/paris',
    dst: { overlap: 'LAST' },
    after: '2026-01-01T00:00:00Z',
    first: 1,
  });
  assert.deepEqual(answer, {
    trigger: {
      __typename: 'CronTrigger',
      kind: 'CRON',
      summary: answer.summary,
      expression: '@daily',
      dayMatch: 'CRONTAB',
      timeZone: 'Asia/Tokyo',
      dst: { gap: 'RUN_AFTER', overlap: 'LAST', followsRealClock: false },
    },
    timeZone: 'Europe/Paris',
    dst: { gap: null, overlap: 'LAST' },
    spec: { cron: { expression: '@daily', timeZone: 'Asia/Tokyo' } },
    summary: 'at 00:00 every day (Asia/Tokyo; repeated times run the second time)',
    fireTimes: [
      {
        at: '2026-01-01T15:00:00.000Z',
        effectiveAt: '2026-01-01T15:00:00.000Z',
        local: '2026-01-02T00:00:00',
        offset: '+09:00',
        inGap: false,
        inOverlap: false,
      },
    ],
    exhausted: false,
    lints: [],
    userErrors: [],
  });
});

test('defaults: UTC, from now, ten of them', async () => {
  const { now } = await api.ask<{ now: string }>(SERVER_INFO);
  for (const variables of [{}, { timeZone: null, dst: null, after: null, until: null, first: null }]) {
    const { fireTimes, timeZone, dst } = await preview({ trigger: cron('* * * * *'), ...variables });
    assert.equal(timeZone, 'UTC');
    assert.deepEqual(dst, { gap: null, overlap: null });
    assert.equal(fireTimes.length, 10);
    const first = Date.parse(fireTimes[0]?.at as string) - Date.parse(now);
    assert.ok(first > 0 && first <= 65_000, `${first} ms from now`);
  }
});

test('after and until are both exclusive; exhausted says that there is nothing more before until', async () => {
  const day = { trigger: cron('0 * * * *'), after: '2026-01-01T00:00:00Z' };
  const at = async (variables: Record<string, unknown>) => {
    const { fireTimes, exhausted } = await preview({ ...day, ...variables });
    return [fireTimes.map((fire) => fire.at.slice(11, 13)).join(' '), exhausted];
  };
  assert.deepEqual(await at({ until: '2026-01-01T03:00:00Z' }), ['01 02', true]);
  assert.deepEqual(await at({ until: '2026-01-01T03:00:00.001Z' }), ['01 02 03', true]);
  assert.deepEqual(await at({ until: '2026-01-01T03:00:00.001Z', first: 3 }), ['01 02 03', true], 'exactly as many as asked for');
  assert.deepEqual(await at({ until: '2026-01-01T03:00:00.001Z', first: 2 }), ['01 02', false]);
  assert.deepEqual(await at({ first: 2 }), ['01 02', false]);
  assert.deepEqual(await at({ until: '2025-01-01T00:00:00Z' }), ['', true]);
});

test('a trigger that ends is exhausted; one that has ended answers an empty list, not an error', async () => {
  const once = { trigger: cron('0 0 12 24 12 * 2026') };
  const ahead = await preview({ ...once, after: '2026-01-01T00:00:00Z' });
  assert.deepEqual([ahead.fireTimes.length, ahead.exhausted], [1, true]);
  const past = await preview({ ...once, after: '2027-01-01T00:00:00Z' });
  assert.deepEqual([past.fireTimes, past.exhausted, past.userErrors], [[], true, []]);
  assert.equal(past.summary, 'at 12:00 on day 24 in December in 2026 (UTC)');
});

test('an interval without an anchor is counted from after', async () => {
  const { trigger, fireTimes, spec } = await preview({
    trigger: { interval: { every: 'PT90M' } },
    after: '2026-01-01T00:00:00.500Z',
    first: 2,
    timeZone: 'Asia/Kolkata',
  });
  assert.equal(trigger?.anchorAt, '2026-01-01T00:00:00.000Z');
  assert.equal(trigger.every, 'PT1H30M');
  assert.deepEqual(spec, { interval: { every: 'PT1H30M' } });
  assert.deepEqual(shown(fireTimes), ['01-01T07:00:00+05:30', '01-01T08:30:00+05:30']);
});

test('what cannot be is told as user errors, all at once, with nulls in place of the trigger', async () => {
  const trigger = { cron: { expression: '99 25 * * *', timeZone: 'Moon/Base' } };
  const { userErrors, ...rest } = await preview({ trigger, timeZone: 'Europe/Berln' });
  assert.deepEqual(rest, {
    trigger: null,
    timeZone: 'UTC',
    dst: { gap: null, overlap: null },
    spec: null,
    summary: null,
    fireTimes: [],
    exhausted: true,
    lints: [],
  });
  assert.deepEqual(
    userErrors.map((error) => [error.code, error.path?.join('.')]),
    [
      ['INVALID', 'timeZone'],
      ['INVALID', 'trigger.cron.expression'],
      ['INVALID', 'trigger.cron.expression'],
      ['INVALID', 'trigger.cron.timeZone'],
    ],
  );
  assert.match(userErrors[0]?.message ?? '', /Did you mean Europe\/Berlin\?/);
});

test('first: 1 to 100', async () => {
  assert.equal((await preview({ trigger: cron('* * * * *'), first: 100 })).fireTimes.length, 100);
  for (const first of [0, 101]) {
    const { errors } = await carillon.ask(PREVIEW, { trigger: cron('* * * * *'), first });
    assert.deepEqual(
      [errors?.[0]?.message, errors?.[0]?.extensions.code],
      [`first is ${first}; allowed is 1 to 100.`, 'BAD_USER_INPUT'],
    );
  }
});

test('a preview of times so rare that a hundred take too long ends early, and a lint says so', async () => {
  const trigger = { allOf: { triggers: [{ interval: { every: 'PT61M' } }, cron('0 9 * * 1')] } };
  const after = '2026-11-21T00:00:00Z';
  const { fireTimes, exhausted, lints } = await preview({ trigger, first: 100, after });
  assert.ok(fireTimes.length >= 10 && fireTimes.length < 100, String(fireTimes.length));
  assert.equal(exhausted, false);
  assert.equal(lints.at(-1)?.code, 'PREVIEW_ENDS_EARLY');
  const nine = await preview({ trigger, first: 9, after });
  assert.equal(nine.fireTimes.length, 9);
  assert.ok(nine.lints.every(({ code }) => code !== 'PREVIEW_ENDS_EARLY'));
});

test('nothing is created', async () => {
  await preview({ trigger: cron('* * * * *') });
  assert.equal((await api.ask<PageView>(SCHEDULES)).totalCount, 0);
});

test('serverInfo tells the version, the database’s clock, the zone data and the limits', async () => {
  const info = await api.ask<Record<string, unknown>>(SERVER_INFO);
  assert.match(info['version'] as string, /^\d+\.\d+\.\d+/);
  assert.ok(Math.abs(Date.parse(info['now'] as string) - Date.now()) < 60_000);
  assert.match(info['tzdata'] as string, /^20\d\d[a-z]$/);
  assert.deepEqual([info['maxPageSize'], info['maxDepth'], info['maxNodes']], [100, 15, 5_000]);
});
