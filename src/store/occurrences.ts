import type { CalendarDates } from '../domain/calendar.ts';
import { datesOf } from '../domain/calendar.ts';
import type { Occurrence, Range, ScheduleLedger } from '../domain/occurrences.ts';
import { skipReason } from '../domain/skips.ts';
import type { Actor } from './actor.ts';
import { iso } from './runs.ts';
import type { Sql } from './sql.ts';

export interface LedgerRequest extends Range {
  scheduleId: string;
  /** Most rows of the ledger, from 1. */
  limit: number;
}
type RawOccurrence = Record<'scheduledFor' | 'effectiveAt' | 'through', string> &
  Omit<Occurrence, 'scheduledFor' | 'effectiveAt' | 'through'>;
interface Row extends Omit<ScheduleLedger, 'calendars' | 'skips' | 'past'> {
  n: number;
  calendarNames: string[];
  calendars: CalendarDates | null;
  skips: { scheduledFor: string; reason: string; by: Actor }[] | null;
  past: RawOccurrence[] | null;
}

/**
 * Schedules with what their ledger holds of a range, each in the order of the requests; null where there is no such schedule. One
 * statement: what the engine decides meanwhile is in the ledger or still to come, never both and never neither.
 */
export async function readLedgers(sql: Sql, requests: readonly LedgerRequest[]): Promise<(ScheduleLedger | null)[]> {
  const rows = await sql.query<Row>(
    `/* readLedgers */
SELECT q.n, s.id, s.version, s.state, s.pause, s.hold, s.freezes, s.trigger_spec AS "triggerSpec", s.time_zone AS "timeZone", s.dst, s.start_at AS "startAt", s.end_at AS "endAt",
       s.created_at AS "createdAt", s.next_scheduled_for AS "nextScheduledFor", s.deleted_at AS "deletedAt", s.calendar_names AS "calendarNames",
       s.calendar_stamp AS "calendarStamp", s.spread_ms AS "spreadMs", s.jitter_ms AS "jitterMs", s.max_runs AS "maxRuns", s.counted_runs AS "countedRuns", p.past,
       CASE WHEN cardinality(s.calendar_names) > 0 THEN
         (SELECT jsonb_object_agg(c.name, c.dates) FROM calendar c WHERE c.name = ANY(s.calendar_names)) END AS calendars,
       CASE WHEN s.skip_count > 0 THEN
         (SELECT jsonb_agg(jsonb_build_object('scheduledFor', k.scheduled_for, 'reason', k.reason, 'by', k.by))
            FROM skipped_occurrence k WHERE k.schedule_id = s.id) END AS skips
  FROM jsonb_to_recordset($1::jsonb) AS q(n int, "scheduleId" text, "from" timestamptz, until timestamptz, "limit" int)
  JOIN schedule s ON s.id = q."scheduleId"
  CROSS JOIN LATERAL (
    SELECT jsonb_agg(to_jsonb(e) ORDER BY e."scheduledFor") AS past FROM (
      SELECT * FROM (
        (SELECT ${COLUMNS} FROM occurrence o WHERE o.schedule_id = s.id AND o.scheduled_for >= q."from" AND o.scheduled_for < q.until
          ORDER BY o.scheduled_for LIMIT q."limit")
        UNION ALL
        -- Rows do not overlap: only the newest that begins before the range can reach into it.
        (SELECT ${COLUMNS} FROM (SELECT * FROM occurrence b WHERE b.schedule_id = s.id AND b.scheduled_for < q."from"
                                  ORDER BY b.scheduled_for DESC LIMIT 1) o
          WHERE o.through >= q."from" AND q."from" < q.until)
        UNION ALL
        (SELECT r.scheduled_for, min(r.effective_at), r.scheduled_for, 1, 'FIRED', NULL, jsonb_agg(r.id ORDER BY r.id), min(r.schedule_version)
           FROM run r WHERE r.schedule_id = s.id AND r.origin IN ('SCHEDULE', 'CATCH_UP') AND r.scheduled_for >= q."from" AND r.scheduled_for < q.until
          GROUP BY r.scheduled_for ORDER BY r.scheduled_for LIMIT q."limit")
      ) u ORDER BY u."scheduledFor" LIMIT q."limit"
    ) e
  ) p`,
    [JSON.stringify(requests.map(({ from, until, ...rest }, n) => ({ ...rest, n, from: iso(from), until: iso(until) })))],
  );
  const byRequest = new Map(rows.map((row) => [row.n, toLedger(row)]));
  return requests.map((_, n) => byRequest.get(n) ?? null);
}

const COLUMNS = `o.scheduled_for AS "scheduledFor", o.scheduled_for AS "effectiveAt", o.through, o.count, o.verdict, o.reason,
          '[]'::jsonb AS "runIds", o.schedule_version AS "scheduleVersion"`;

function toLedger({ calendarNames, calendars, skips, past, ...schedule }: Row): ScheduleLedger {
  return {
    ...schedule,
    calendars: datesOf(new Map(Object.entries(calendars ?? {})), calendarNames),
    skips: (skips ?? []).map(({ scheduledFor, reason, by }) => ({
      scheduledFor: Date.parse(scheduledFor),
      reason: skipReason(by, reason),
    })),
    past: (past ?? []).map(({ scheduledFor, effectiveAt, through, ...rest }) => ({
      ...rest,
      scheduledFor: Date.parse(scheduledFor),
      effectiveAt: Date.parse(effectiveAt),
      through: Date.parse(through),
    })),
  };
}
