import type { ScheduleQuery } from './schedule.generated.ts';

/** The schedule of the page, as it is read. */
export type ShownSchedule = NonNullable<ScheduleQuery['schedule']>;
