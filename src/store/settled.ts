import type { Sql } from './sql.ts';

/**
 * The newest occurrence of each of these schedules that the ledger tells of, epoch ms; one without any is not there. Rows of the
 * ledger do not overlap: the one that begins last ends last.
 */
export async function readSettled(sql: Sql, scheduleIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await sql.query<{ id: string; settled: Date | null }>(
    `/* readSettled */
SELECT i.id, greatest(
    (SELECT r.scheduled_for FROM run r WHERE r.schedule_id = i.id AND r.origin IN ('SCHEDULE', 'CATCH_UP') ORDER BY r.scheduled_for DESC LIMIT 1),
    (SELECT o.through FROM occurrence o WHERE o.schedule_id = i.id ORDER BY o.scheduled_for DESC LIMIT 1)) AS settled
  FROM jsonb_array_elements_text($1::jsonb) AS i(id)`,
    [JSON.stringify(scheduleIds)],
  );
  return new Map(rows.flatMap(({ id, settled }) => (settled === null ? [] : [[id, settled.getTime()] as const])));
}
