import { PROD, STAGING, cron, every, schedule } from './spec.ts';
import type { Spec } from './spec.ts';

const DAY_MS = 86_400_000;

/** @param now  epoch ms */
export function dataSchedules(now: number): Spec[] {
  const prod = { team: 'data', ...PROD };
  const daysFromNow = (days: number) => new Date(now + days * DAY_MS);
  return [
    schedule('sales-emea', 'reports.sales', cron('0 6 * * *'), 'Europe/London', prod, { input: { region: 'emea' } }),
    schedule('sales-americas', 'reports.sales', cron('0 6 * * *'), 'America/Sao_Paulo', prod, { input: { region: 'americas' } }),
    schedule('sales-apac', 'reports.sales', cron('0 6 * * *'), 'Asia/Singapore', prod, { input: { region: 'apac' } }),
    schedule('sales-hourly', 'reports.sales', cron('10 * * * *'), 'UTC', prod, { description: 'For the screen in the hall.' }),
    schedule(
      'sales-live',
      'reports.sales',
      { except: { base: cron('*/15 * * * *'), excluding: [{ dailyWindow: { from: '22:00', until: '06:00' } }] } },
      'Europe/Berlin',
      prod,
      { description: 'While somebody looks at it.', overlapPolicy: 'CANCEL_OTHER' },
    ),
    schedule('warehouse-export', 'warehouse.export', cron('*/20 * * * *'), 'UTC', prod, {
      description: 'What the analysts see is at most twenty minutes old.',
    }),
    schedule(
      'warehouse-full',
      'warehouse.export',
      { rrule: { rrule: 'FREQ=WEEKLY;BYDAY=SU', dtstart: '2026-01-04T01:00:00' } },
      'Europe/Berlin',
      prod,
      { description: 'Everything, once a week.', execution: { timeout: 'PT6H' } },
    ),
    schedule('ad-hoc-report', 'reports.sales', { manual: true }, 'UTC', prod, { description: 'When somebody asks for it.' }),
    schedule(
      'cohort-report',
      'reports.sales',
      { allOf: { triggers: [cron('0 7 * * *'), cron('0 * * * MON-FRI')], within: 'PT1M' } },
      'Europe/Dublin',
      prod,
      { description: 'At seven, when it is a working day.' },
    ),
    schedule(
      'launch-metrics',
      'reports.sales',
      { bounded: { trigger: cron('0 */2 * * *'), startAt: daysFromNow(-10), endAt: daysFromNow(-3) } },
      'UTC',
      prod,
      { description: 'The week after the launch.' },
    ),
    schedule(
      'trial-metrics',
      'reports.sales',
      { bounded: { trigger: cron('0 */3 * * *'), endAt: daysFromNow(20) } },
      'UTC',
      prod,
    ),
  ];
}

export function searchSchedules(): Spec[] {
  const prod = { team: 'search', ...PROD };
  return [
    schedule('reindex-nightly', 'search.reindex', cron('0 1 * * *'), 'Europe/Berlin', prod, {
      description: 'The whole catalogue.',
    }),
    schedule('reindex-products', 'search.reindex', cron('40 */6 * * *'), 'America/New_York', prod, {
      overlapPolicy: 'BUFFER_ALL',
    }),
    schedule('reindex-suggestions', 'search.reindex', every('PT30M'), 'UTC', prod, {
      description: 'When one takes longer, the next is passed over.',
    }),
    schedule(
      'reindex-staging',
      'search.reindex',
      cron('0 3 * * *'),
      'Europe/Berlin',
      { team: 'search', ...STAGING },
      {
        overlapPolicy: 'TERMINATE_OTHER',
      },
    ),
  ];
}
