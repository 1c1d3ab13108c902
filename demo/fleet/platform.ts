import { PROD, STAGING, cron, every, schedule } from './spec.ts';
import type { Spec } from './spec.ts';

const TEAM = { team: 'platform' };

export function platformSchedules(): Spec[] {
  const prod = { ...TEAM, ...PROD };
  return [
    schedule('health-edge', 'web.health', cron('*/5 * * * *'), 'UTC', prod, {
      description: 'All edge locations, a little apart so that they do not look like an attack.',
      jitter: 'PT20S',
      misfire: { mode: 'SKIP' },
    }),
    schedule('queue-depth-archive', 'ops.queue-depth', cron('*/15 * * * *'), 'UTC', prod, {
      description: 'One measurement for the long-term charts.',
      spread: 'PT1M',
    }),
    schedule('clean-temp', 'ops.clean-temp', cron('7 * * * *'), 'UTC', prod, { description: 'On every worker.' }),
    schedule('clean-temp-deep', 'ops.clean-temp', { calendar: { hours: '3', minutes: '30' } }, 'Europe/Berlin', prod, {
      description: 'Once a night, also what is younger than a day.',
    }),
    schedule(
      'certificate-check',
      'web.health',
      { rrule: { rrule: 'FREQ=WEEKLY;BYDAY=MO,TH', dtstart: '2026-01-05T06:00:00' } },
      'Europe/London',
      prod,
      { description: 'Certificates that end within three weeks.' },
    ),
    schedule(
      'smoke-test',
      'web.health',
      { manual: true },
      'UTC',
      { ...TEAM, ...STAGING },
      {
        description: 'After a deployment, by hand or by the pipeline.',
        overlapPolicy: 'ALLOW_ALL',
      },
    ),
    schedule(
      'health-weekend',
      'web.health',
      { except: { base: cron('*/15 * * * *'), excluding: [{ daysOfWeek: 'MON-FRI' }] } },
      'America/New_York',
      prod,
      { description: 'The call centre watches on the other days.' },
    ),
    schedule('status-page', 'chat.digest', every('PT1H'), 'Asia/Tokyo', prod, { description: 'Numbers for the status page.' }),
  ];
}

/** Those that fire every few seconds: they are young, or there would be nothing but them. */
export function lively(): { spec: Spec; hours: number }[] {
  const prod = { ...TEAM, ...PROD };
  return [
    {
      hours: 3,
      spec: schedule('health-eu', 'web.health', every('PT10S'), 'Europe/Berlin', prod, {
        description: 'The shop, seen from Frankfurt.',
      }),
    },
    {
      hours: 3,
      spec: schedule('health-us', 'web.health', every('PT15S'), 'America/New_York', prod, {
        description: 'The shop, seen from Ashburn.',
      }),
    },
    { hours: 4, spec: schedule('health-staging', 'web.health', every('PT30S'), 'UTC', { ...TEAM, ...STAGING }) },
    {
      hours: 3,
      spec: schedule('queue-depth', 'ops.queue-depth', cron('*/20 * * * * *'), 'UTC', prod, {
        description: 'Three times a minute.',
      }),
    },
    {
      hours: 4,
      spec: schedule(
        'orders-sync-eu',
        'orders.sync',
        every('PT20S'),
        'Europe/Berlin',
        { team: 'shop', ...PROD },
        {
          description: 'Customers see their order within half a minute.',
        },
      ),
    },
    {
      hours: 2,
      spec: schedule(
        'thumbnails',
        'media.thumbnails',
        every('PT30S'),
        'UTC',
        { team: 'shop', ...PROD },
        {
          description: 'What was uploaded a moment ago.',
          overlapPolicy: 'BUFFER_ONE',
        },
      ),
    },
  ];
}
