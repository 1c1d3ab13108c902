import { PROD, cron, every, schedule } from './spec.ts';
import type { Spec } from './spec.ts';

export function growthSchedules(): Spec[] {
  const prod = { team: 'growth', ...PROD };
  return [
    schedule('lead-scores', 'leads.score', cron('0 */2 * * *'), 'America/New_York', prod),
    schedule('lead-scores-eu', 'leads.score', cron('30 */4 * * *'), 'Europe/Madrid', prod),
    schedule('newsletter', 'crm.contacts', { calendar: { daysOfWeek: 'TUE', hours: '9' } }, 'Europe/Madrid', prod),
    schedule('crm-sync', 'crm.contacts', every('PT30M'), 'UTC', prod, { description: 'Changed contacts.' }),
    schedule('crm-sync-full', 'crm.contacts', cron('0 2 * * *'), 'America/Denver', prod, { misfire: { mode: 'SKIP' } }),
    schedule('campaign-autumn', 'crm.contacts', cron('20,50 * * * *'), 'Europe/Rome', prod, {
      description: 'Contacts of the autumn campaign.',
    }),
    schedule('digest-morning', 'chat.digest', cron('30 8 * * MON-FRI'), 'Asia/Kolkata', prod),
    schedule(
      'digest-evening',
      'chat.digest',
      { rrule: { rrule: 'FREQ=DAILY', dtstart: '2026-01-01T17:30:00' } },
      'Pacific/Auckland',
      prod,
    ),
  ];
}
