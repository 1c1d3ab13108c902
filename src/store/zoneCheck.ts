import { CLAIMED_COLUMNS, CLAIMED_FROM, withCalendars } from './claims.ts';
import type { ClaimedSchedule } from './claims.ts';
import type { Sql } from './sql.ts';

/** A schedule whose instants were computed by other zone data, with what tells whether they moved. */
export interface UncheckedSchedule extends ClaimedSchedule {
  nextScheduledFor: Date;
  /** Remembered instants, epoch ms; null: none. */
  horizon: number[] | null;
  /** Everything up to this instant has its verdict, epoch ms. */
  settled: number;
}

/** Schedules with a next instant that were not looked at under this version of the zone data, in order of id. */
export async function listUnchecked(
  sql: Sql,
  zoneData: string,
  from: { afterId: string } | { id: string },
  limit: number,
): Promise<UncheckedSchedule[]> {
  const [place, id] = 'id' in from ? ['s.id = $2', from.id] : ['s.id > $2', from.afterId];
  const found = await sql.query<UncheckedSchedule>(
    `/* listUnchecked${'id' in from ? 'One' : ''} */
SELECT ${CLAIMED_COLUMNS}, s.horizon, extract(epoch FROM greatest(v.valid_from,
         (SELECT max(r.scheduled_for) FROM run r WHERE r.schedule_id = s.id AND r.origin IN ('SCHEDULE', 'CATCH_UP')),
         (SELECT max(oc.through) FROM occurrence oc WHERE oc.schedule_id = s.id)))::float8 * 1000 AS settled
  FROM ${CLAIMED_FROM} JOIN schedule_version v ON v.schedule_id = s.id AND v.version = s.version
 WHERE s.zone_data IS DISTINCT FROM $1 AND s.deleted_at IS NULL AND s.next_scheduled_for IS NOT NULL AND ${place} ORDER BY s.id LIMIT $3`,
    [zoneData, id, limit],
  );
  return withCalendars(sql, found);
}

/** Notes that these were looked at and have not moved; one that changed meanwhile was computed by today's data anyway. */
export async function markChecked(sql: Sql, zoneData: string, ids: readonly string[]): Promise<void> {
  await sql.query(
    `/* markChecked */ UPDATE schedule SET zone_data = $1 WHERE id = ANY(SELECT jsonb_array_elements_text($2::jsonb))`,
    [zoneData, JSON.stringify(ids)],
  );
}
