import type { RunError } from '../domain/runError.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso } from './runs.ts';
import type { Sql } from './sql.ts';

/** The statements that cancel single runs and tell their workers. */

/** Locks a run, waiting for whoever holds it. The caller has locked its schedule first: order schedule → run. */
export async function lockRun(sql: Sql, id: string): Promise<void> {
  await sql.query(`/* lockRun */ SELECT 1 FROM run WHERE id = $1 FOR NO KEY UPDATE`, [id]);
}

/** Ends a run, or has its worker end it. The caller holds its row and has decided by domain/cancel.ts. */
export async function cancelLocked(
  sql: Sql,
  now: number,
  id: string,
  to: 'CANCELED' | 'CANCELING',
  error: RunError,
): Promise<void> {
  await sql.query(
    `/* cancelLocked */
WITH before AS MATERIALIZED (SELECT id, state AS old_state FROM run WHERE id = $2),
canceled AS (
  UPDATE run SET state = $3, error = $4::jsonb, retry_at = NULL, waits_for = NULL, finished_at = CASE WHEN $3 = 'CANCELED' THEN $1::timestamptz END
    FROM before WHERE run.id = before.id RETURNING run.*, before.old_state
)
${appendRunEvents('canceled')}`,
    [iso(now), id, to, JSON.stringify(error)],
  );
}

/** An attempt that its worker is to end. */
export interface CanceledHold {
  lease: string;
  /** Who canceled the run, and why. */
  message: string;
}
/** What a worker holds of runs that are being canceled. */
export function listCanceling(sql: Sql, workerId: string): Promise<CanceledHold[]> {
  return sql.query(
    `/* listCanceling */
SELECT lease, error->>'message' AS message FROM run WHERE worker_id = $1 AND state = 'CANCELING'`,
    [workerId],
  );
}
