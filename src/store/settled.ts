import type { Sql } from './sql.ts';

/**
 * The last nominal instant of a schedule that has a verdict, epoch ms. Runs that retention removed are in the ledger by then.
 * @returns -Infinity when none has
 */
export async function readSettled(sql: Sql, scheduleId: string): Promise<number> {
  const [row] = await sql.query<{ at: Date | null }>(
    `/* readSettled */
SELECT greatest((SELECT max(scheduled_for) FROM run WHERE schedule_id = $1 AND origin IN ('SCHEDULE', 'CATCH_UP')),
                (SELECT max(through) FROM occurrence WHERE schedule_id = $1)) AS at`,
    [scheduleId],
  );
  return row?.at?.getTime() ?? -Infinity;
}
