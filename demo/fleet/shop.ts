import { PROD, STAGING, cron, every, schedule } from './spec.ts';
import type { Spec } from './spec.ts';

const DAY_MS = 86_400_000;

/** @param now  epoch ms */
export function shopSchedules(now: number): Spec[] {
  const prod = { team: 'shop', ...PROD };
  const day = (days: number) => new Date(now + days * DAY_MS).toISOString().slice(0, 10);
  return [
    schedule('orders-sync-us', 'orders.sync', cron('*/15 * * * *'), 'America/Chicago', prod, {
      description: 'Each time window is read on its own, so what was missed is made up for one by one.',
      misfire: { mode: 'FIRE_ALL' },
    }),
    schedule('orders-sync-apac', 'orders.sync', { calendar: { minutes: '0,15,30,45' } }, 'Australia/Sydney', prod),
    schedule('orders-sync-staging', 'orders.sync', cron('*/30 * * * *'), 'Europe/Berlin', { team: 'shop', ...STAGING }),
    schedule('thumbnails-nightly', 'media.thumbnails', cron('15 2 * * *'), 'Europe/Berlin', prod, {
      description: 'What failed during the day.',
    }),
    schedule('thumbnails-backlog', 'media.thumbnails', every('PT10M'), 'UTC', prod, {
      description: 'Old albums; one batch may wait while another is long.',
      overlapPolicy: 'BUFFER_ONE',
      execution: { timeout: 'PT2H', priority: -20 },
    }),
    schedule('stock-acme', 'partner.stock', cron('*/30 * * * *'), 'Europe/Paris', prod, {
      description: 'The partner has announced a new interface.',
    }),
    schedule('prices-globex', 'supplier.prices', every('PT1H'), 'Europe/Paris', prod),
    schedule('abandoned-baskets', 'crm.contacts', cron('0 9-18 * * MON-FRI'), 'America/New_York', prod),
    schedule(
      'black-friday-prices',
      'supplier.prices',
      { at: { localTimes: [`${day(-9)}T00:00:00`, `${day(-2)}T00:00:00`, `${day(5)}T00:00:00`, `${day(8)}T23:59:00`] } },
      'America/Los_Angeles',
      prod,
      { description: 'Prices change at midnight, when the sale begins and ends.', misfire: { graceTime: 'PT5M' } },
    ),
    schedule(
      'price-feed',
      'supplier.prices',
      { anyOf: [cron('0 6 * * MON-FRI'), cron('0 10 * * SAT,SUN')] },
      'Europe/Paris',
      prod,
      { description: 'Early on working days, later at weekends.' },
    ),
  ];
}

/** Something that is to be done a number of times, and then never again: the last time comes right after the outage. */
export function orderRepair(): Spec {
  return schedule(
    'order-repair',
    'orders.sync',
    every('PT5M'),
    'UTC',
    { team: 'shop', ...PROD },
    {
      description: 'Mends the totals of old orders, a thousand at a time.',
      misfire: { mode: 'FIRE_ALL' },
      maxRuns: 268,
    },
  );
}
