import type { TriggerKind } from '../api/schema.generated.ts';

/** What people call each kind of trigger. */
export const TRIGGER_WORDS: Record<TriggerKind, string> = {
  CRON: 'Cron',
  INTERVAL: 'Interval',
  CALENDAR: 'Calendar fields',
  CALENDAR_INTERVAL: 'Every so many days',
  AT: 'Single times',
  RRULE: 'Recurrence rule',
  ANY_OF: 'Any of several',
  ALL_OF: 'All of several',
  EXCEPT: 'With exceptions',
  BOUNDED: 'Between two instants',
  MANUAL: 'By hand only',
};
