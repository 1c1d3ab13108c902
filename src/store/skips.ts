import { skipReason } from '../domain/skips.ts';
import type { PlannedSkip } from '../domain/skips.ts';
import type { Actor } from './actor.ts';
import { iso } from './runs.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';

/** Planned occurrences that somebody skipped, ascending, by schedule; one without any is not there. */
export async function readSkips(sql: Sql, scheduleIds: readonly string[]): Promise<Map<string, PlannedSkip[]>> {
  if (scheduleIds.length === 0) return new Map();
  const rows = await sql.query<{ id: string; scheduledFor: Date; reason: string; by: Actor }>(
    `/* readSkips */
SELECT schedule_id AS id, scheduled_for AS "scheduledFor", reason, by FROM skipped_occurrence
 WHERE schedule_id = ${listed('$1')} ORDER BY schedule_id, scheduled_for`,
    [JSON.stringify(scheduleIds)],
  );
  const skips = rows.map((row) => ({
    id: row.id,
    skip: { scheduledFor: row.scheduledFor.getTime(), reason: skipReason(row.by, row.reason) },
  }));
  return new Map(
    Array.from(
      Map.groupBy(skips, ({ id }) => id),
      ([id, own]) => [id, own.map(({ skip }) => skip)],
    ),
  );
}

/** Skips an occurrence; skipping it again replaces the reason. The caller holds the schedule's row, and sees to setSkipCount. */
export async function writeSkip(
  sql: Sql,
  skip: { scheduleId: string; scheduledFor: number; reason: string; by: Actor; at: number },
): Promise<void> {
  const { scheduleId, scheduledFor, reason, by, at } = skip;
  await sql.query(
    `/* writeSkip */
INSERT INTO skipped_occurrence (schedule_id, scheduled_for, reason, by, at) VALUES ($1, $2::timestamptz, $3, $4::jsonb, $5::timestamptz)
ON CONFLICT (schedule_id, scheduled_for) DO UPDATE SET reason = excluded.reason, by = excluded.by, at = excluded.at`,
    [scheduleId, iso(scheduledFor), reason, JSON.stringify(by), iso(at)],
  );
}

/** Keeps none but these, and notes how many they are and what fires next. The caller holds the schedule's row. */
export async function settleSkips(
  sql: Sql,
  scheduleId: string,
  kept: readonly PlannedSkip[],
  nextFireAt: Date | null,
): Promise<void> {
  await sql.query(
    `/* settleSkips */
WITH gone AS (
  DELETE FROM skipped_occurrence
   WHERE schedule_id = $1 AND scheduled_for <> ALL(ARRAY(SELECT jsonb_array_elements_text($2::jsonb)::timestamptz))
)
UPDATE schedule SET skip_count = jsonb_array_length($2::jsonb), next_fire_at = CASE WHEN hold IS NULL THEN $3::timestamptz END WHERE id = $1`,
    [scheduleId, JSON.stringify(kept.map(({ scheduledFor }) => iso(scheduledFor))), nextFireAt && nextFireAt.toISOString()],
  );
}

/** Forgets those that have their verdict: all before the instant that a schedule stands at (null: all). The caller holds the rows. */
export async function forgetSkips(sql: Sql, settled: readonly { id: string; before: string | null }[]): Promise<void> {
  if (settled.length === 0) return;
  await sql.query(
    `/* forgetSkips */
WITH gone AS (
  DELETE FROM skipped_occurrence k USING jsonb_to_recordset($1::jsonb) AS d(id text, before timestamptz)
   WHERE k.schedule_id = d.id AND k.scheduled_for < coalesce(d.before, 'infinity') RETURNING k.schedule_id
)
UPDATE schedule s SET skip_count = s.skip_count - g.count
  FROM (SELECT schedule_id, count(*)::int AS count FROM gone GROUP BY schedule_id) g WHERE s.id = g.schedule_id`,
    [JSON.stringify(settled)],
  );
}

/** Takes a skip back. The caller holds the schedule's row, and sees to what fires next. */
export async function removeSkip(sql: Sql, scheduleId: string, scheduledFor: number): Promise<void> {
  await sql.query(`/* removeSkip */ DELETE FROM skipped_occurrence WHERE schedule_id = $1 AND scheduled_for = $2::timestamptz`, [
    scheduleId,
    iso(scheduledFor),
  ]);
}
