import { datesOf } from '../domain/calendar.ts';
import type { CalendarDates } from '../domain/calendar.ts';
import type { PlannedSchedule } from '../domain/plannedFires.ts';
import { CAN_WAKE, WAKES_AT } from './claims.ts';
import { conditionsOfSchedules } from './scheduleLists.ts';
import type { ScheduleFilter } from './scheduleLists.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

type Db = Pick<PrismaTransaction, '$queryRawUnsafe'>;
export interface Upcoming extends PlannedSchedule {
  /** Nothing of it is planned before. */
  nextFireAt: Date;
}
/** A place in their order. */
export type UpcomingPlace = Pick<Upcoming, 'nextFireAt' | 'id'>;
type Row = Omit<Upcoming, 'skips' | 'calendars'> & {
  calendarNames: string[];
  calendars: CalendarDates | null;
  skips: string[] | null;
};

/**
 * Schedules that fire by themselves, by their next fires before `until` and then by id, with all that says when they fire. The keys are
 * found and sorted by the index that the engine's claims use, before the rows are read.
 * @param now    what the filter's `silent` is measured against, epoch ms
 * @param after  the last one that was read; null: from the beginning
 */
export async function readUpcoming(
  prisma: Db,
  filter: ScheduleFilter | null,
  now: number,
  { until, after, limit }: { until: number; after: UpcomingPlace | null; limit: number },
): Promise<Upcoming[]> {
  const conditions = await upcomingBefore(prisma, filter, now, until);
  if (after !== null) {
    const place = [conditions.param(after.nextFireAt.toISOString()), conditions.param(after.id)] as const;
    // The first of the two is what the index can begin at.
    conditions.add(
      `${WAKES_AT} >= ${place[0]}::timestamptz AND (${WAKES_AT}, s.id) > (${place[0]}::timestamptz, ${place[1]}::text)`,
    );
  }
  const rows = await sqlOfPrisma(prisma).query<Row>(
    `/* schedules by their next fires */
WITH upcoming AS MATERIALIZED (
  SELECT s.id, ${WAKES_AT} AS at FROM schedule s WHERE ${conditions.text()} ORDER BY ${WAKES_AT}, s.id LIMIT ${conditions.param(limit)}::int)
SELECT s.id, s.version, s.freezes, s.trigger_spec AS "triggerSpec", s.time_zone AS "timeZone", s.dst, s.start_at AS "startAt", s.end_at AS "endAt",
       s.created_at AS "createdAt", s.next_scheduled_for AS "nextScheduledFor", s.next_fire_at AS "nextFireAt", s.calendar_names AS "calendarNames",
       s.calendar_stamp AS "calendarStamp", s.spread_ms AS "spreadMs", s.jitter_ms AS "jitterMs", s.max_runs AS "maxRuns", s.counted_runs AS "countedRuns",
       CASE WHEN cardinality(s.calendar_names) > 0 THEN
         (SELECT jsonb_object_agg(c.name, c.dates) FROM calendar c WHERE c.name = ANY(s.calendar_names)) END AS calendars,
       CASE WHEN s.skip_count > 0 THEN
         (SELECT jsonb_agg(k.scheduled_for) FROM skipped_occurrence k WHERE k.schedule_id = s.id) END AS skips
  FROM upcoming u JOIN schedule s ON s.id = u.id ORDER BY u.at, s.id`,
    conditions.values,
  );
  return rows.map(({ calendarNames, calendars, skips, ...schedule }) => ({
    ...schedule,
    calendars: datesOf(new Map(Object.entries(calendars ?? {})), calendarNames),
    skips: (skips ?? []).map((at) => ({ scheduledFor: Date.parse(at), reason: '' })),
  }));
}

/** How many of them there are; counted up to `most`. */
export async function countUpcoming(
  prisma: Db,
  filter: ScheduleFilter | null,
  now: number,
  { until, most }: { until: number; most: number },
): Promise<number> {
  const conditions = await upcomingBefore(prisma, filter, now, until);
  const [row] = await sqlOfPrisma(prisma).query<{ total: number }>(
    `/* how many schedules fire before */
SELECT count(*)::int AS total FROM (SELECT 1 FROM schedule s WHERE ${conditions.text()} LIMIT ${conditions.param(most)}::int) found`,
    conditions.values,
  );
  return row?.total ?? 0;
}

async function upcomingBefore(prisma: Db, filter: ScheduleFilter | null, now: number, until: number) {
  const conditions = await conditionsOfSchedules(prisma, filter ?? {}, now);
  conditions.add(`${CAN_WAKE} AND s.next_fire_at IS NOT NULL`);
  conditions.add(`${WAKES_AT} < ${conditions.param(new Date(until).toISOString())}::timestamptz`);
  return conditions;
}
