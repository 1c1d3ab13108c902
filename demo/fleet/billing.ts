import { PROD, STAGING, cron, schedule } from './spec.ts';
import type { Spec } from './spec.ts';

export function billingSchedules(): Spec[] {
  const prod = { team: 'billing', ...PROD };
  return [
    schedule(
      'invoices-de',
      'billing.invoices',
      { except: { base: cron('0 4 * * *'), excluding: [{ calendar: 'holidays-de' }], shift: 'NEXT_ALLOWED_DAY' } },
      'Europe/Berlin',
      prod,
      { description: 'Every night; on a holiday the next day does it.', input: { country: 'DE' } },
    ),
    schedule(
      'invoices-us',
      'billing.invoices',
      { except: { base: cron('30 5 * * MON-FRI'), excluding: [{ calendar: 'holidays-us' }] } },
      'America/New_York',
      prod,
      { description: 'On banking days.', input: { country: 'US' } },
    ),
    schedule('invoices-jp', 'billing.invoices', { calendarInterval: { every: 'P1D', at: '06:00' } }, 'Asia/Tokyo', prod, {
      input: { country: 'JP' },
    }),
    schedule('settlement-daily', 'payments.settle', cron('45 23 * * *'), 'Europe/Berlin', prod, {
      description: 'Closes the day.',
      pauseAfterFailures: 3,
      execution: { priority: 50 },
    }),
    schedule('settlement-hourly', 'payments.settle', cron('5 * * * *'), 'Europe/Berlin', prod, {
      description: 'Pauses itself after five failures in a row: somebody has to look then.',
      pauseAfterFailures: 5,
    }),
    schedule('settlement-staging', 'payments.settle', cron('20 * * * *'), 'Europe/Berlin', { team: 'billing', ...STAGING }),
    schedule('month-end-close', 'payments.settle', { calendar: { daysOfMonth: 'L', hours: '22' } }, 'Europe/Berlin', prod, {
      description: 'On the last evening of the month.',
      misfire: { mode: 'FIRE_ALL', catchupWindow: 'P3D' },
    }),
    schedule(
      'dunning',
      'crm.contacts',
      { rrule: { rrule: 'FREQ=WEEKLY;BYDAY=TU,FR', dtstart: '2026-01-02T10:00:00' } },
      'Europe/Vienna',
      prod,
      { description: 'Friendly the first time.' },
    ),
    schedule(
      'vat-report',
      'reports.sales',
      { calendarInterval: { every: 'P1M', at: '08:00', startOn: '2026-01-05' } },
      'Europe/Berlin',
      prod,
      {
        description: 'For the tax office, always on the fifth.',
        input: { region: 'emea' },
      },
    ),
    schedule('quarter-report', 'reports.sales', cron('0 7 1 1,4,7,10 *'), 'Europe/Zurich', prod, { input: { region: 'all' } }),
    schedule('payment-reminders', 'chat.digest', cron('0 10 * * MON'), 'Europe/Berlin', prod),
  ];
}
