import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { STATS, STATS_SERIES } from '../support/operations.ts';
import { startTarget } from '../support/target.ts';

interface StatsView {
  total: number;
}
interface BucketView {
  from: string;
  until: string;
  stats: StatsView;
}
const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const series = (variables: Record<string, unknown>) => api.ask<BucketView[]>(STATS_SERIES, variables);
const range = (from: string, until: string) => ({ from: `2026-03-02T${from}Z`, until: `2026-03-02T${until}Z` });

test('a series has every bucket that the range touches, whole and on its clock, those without runs too', async () => {
  const buckets = await series({ range: range('10:20:00', '13:00:01'), bucket: 'PT1H' });
  assert.deepEqual(
    buckets.map(({ from, until, stats }) => [from.slice(11, 19), until.slice(11, 19), stats.total]),
    [
      ['10:00:00', '11:00:00', 0],
      ['11:00:00', '12:00:00', 0],
      ['12:00:00', '13:00:00', 0],
      ['13:00:00', '14:00:00', 0],
    ],
  );
});

test('what ran is in its bucket as stats tells it, and a filter narrows it', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const run = await api.trigger(await api.scheduleOf(task));
  await api.runIn(run.id, 'SUCCEEDED');
  const at = Date.parse((await api.run(run.id)).scheduledFor);
  const day = { from: new Date(at - 43_200_000).toISOString(), until: new Date(at + 43_200_000).toISOString() };
  const filter = { taskKeys: [task.key] };
  const buckets = await series({ range: day, bucket: 'PT2H', filter });
  const full = buckets.filter(({ stats }) => stats.total > 0);
  assert.equal(full.length, 1);
  assert.ok(Date.parse(full[0]!.from) <= at && at < Date.parse(full[0]!.until));
  assert.deepEqual(full[0]!.stats, await api.ask(STATS, { filter }));
  const none = await series({ range: day, bucket: 'PT2H', filter: { ...filter, states: ['FAILED'] } });
  assert.ok(none.every(({ stats }) => stats.total === 0));
});

const DAY = { from: '2026-03-02T00:00:00Z', until: '2026-03-03T00:00:00Z' };
const told = 'range 2026-03-02T00:00:00.000Z to 2026-03-03T00:00:00.000Z';
const refused: { rule: string; given: Record<string, unknown>; message: string }[] = [
  {
    rule: 'more than 1,000 buckets',
    given: { bucket: 'PT1M' },
    message: `bucket is PT1M: ${told} has 1440 buckets of PT1M; allowed are 1000, here with PT1M27S or longer.`,
  },
  { rule: 'a bucket below a second', given: { bucket: 'PT0.999S' }, message: 'bucket is PT0.999S; allowed is PT1S to P400D.' },
  { rule: 'a bucket beyond 400 days', given: { bucket: 'P401D' }, message: 'bucket is P401D; allowed is PT1S to P400D.' },
  {
    rule: 'a bucket without a length',
    given: { bucket: 'P1M' },
    message: "bucket 'P1M' has years or months, whose length depends on the date: use weeks, days or smaller.",
  },
  {
    rule: 'a range that is empty',
    given: { range: { from: DAY.from, until: DAY.from } },
    message: 'range is 2026-03-02T00:00:00.000Z to 2026-03-02T00:00:00.000Z: until must be later than from.',
  },
  {
    rule: 'a range that is too long',
    given: { range: { from: DAY.from, until: '2027-04-07T00:00:00Z' } },
    message: 'range is 2026-03-02T00:00:00.000Z to 2027-04-07T00:00:00.000Z; allowed are at most 400 days.',
  },
  {
    rule: 'buckets beyond the last year',
    given: { range: { from: '9999-12-31T00:00:00Z', until: '9999-12-31T23:59:59Z' }, bucket: 'P7D' },
    message:
      'range 9999-12-31T00:00:00.000Z to 9999-12-31T23:59:59.000Z has 1 buckets of P7D, of which some lie outside the years 1 to 9999.',
  },
  {
    rule: 'a filter that cannot be',
    given: { filter: { labels: [{ key: 'a', in: ['b'], exists: false }] } },
    message: '',
  },
];
for (const { rule, given, message } of refused) {
  test(`refused: ${rule}`, async () => {
    const { errors } = await carillon.ask(STATS_SERIES, { range: DAY, bucket: 'PT1H', ...given });
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
    if (message !== '') assert.equal(errors[0].message, message);
  });
}

test('the length that a refusal recommends is allowed wherever the range begins', async () => {
  const shifted = { from: '2026-03-02T00:00:01Z', until: '2026-03-03T00:00:01Z' };
  for (const range of [DAY, shifted]) {
    const buckets = await series({ range, bucket: 'PT1M27S' });
    assert.ok(buckets.length <= 1_000);
  }
});

test('as many buckets as it has count in the limits of an operation', async () => {
  const five = Array.from({ length: 5 }, (_, n) => `s${n}: statsSeries(range: $range, bucket: "PT2M") { stats { total } }`);
  const { errors } = await carillon.ask(`query ($range: ClosedRange!) { ${five.join(' ')} }`, { range: DAY });
  assert.equal(errors?.[0]?.message, 'The operation asks for too much: nodes 7200, limit 5000.');
});
