/** What a schedule may begin with. */
export interface Template {
  label: string;
  /** @param wallNow  of the zone that the schedule is in, such as 2026-12-24T13:45:10 */
  trigger(wallNow: string): Record<string, unknown>;
}

export const TEMPLATES: readonly Template[] = [
  { label: 'Every 10 minutes', trigger: () => ({ interval: { every: 'PT10M' } }) },
  { label: 'Every hour', trigger: () => ({ cron: { expression: '0 * * * *' } }) },
  { label: 'Every day at 3', trigger: () => ({ cron: { expression: '0 3 * * *' } }) },
  { label: 'Weekdays at 9', trigger: () => ({ cron: { expression: '0 9 * * MON-FRI' } }) },
  { label: 'Last day of the month', trigger: () => ({ cron: { expression: '0 18 L * *' } }) },
  {
    label: 'Every other week',
    trigger: (now) => ({ calendarInterval: { every: 'P2W', at: '09:00', startOn: now.slice(0, 10) } }),
  },
  { label: 'Once at …', trigger: (now) => ({ at: { localTimes: [`${dayAfter(now.slice(0, 10))}T09:00:00`] } }) },
  {
    label: 'Daily, at weekends later',
    trigger: () => ({
      except: { base: { cron: { expression: '0 9 * * *' } }, excluding: [{ daysOfWeek: 'SAT,SUN' }], shift: 'NEXT_ALLOWED_DAY' },
    }),
  },
  { label: 'By hand only', trigger: () => ({ manual: true }) },
];

/** The one that is there before somebody chooses. */
export const FIRST_TEMPLATE = 'Weekdays at 9';

function dayAfter(day: string): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString().slice(0, 10);
}
