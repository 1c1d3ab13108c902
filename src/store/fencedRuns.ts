import type { ExecutionPolicy } from '../domain/execution.ts';
import { HELD_STATES } from '../domain/runState.ts';
import type { Hold } from './runs.ts';
import { iso } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** Attempts that should have ended long ago, and that their worker keeps alive all the same. */

export interface IgnoredStop extends Hold {
  state: 'RUNNING' | 'CANCELING';
  policy: ExecutionPolicy;
  workerId: string | null;
}

/**
 * $1: what was to end by then has had its grace. Runs that were CANCELING before it was written since when are judged by their start.
 * The states stand first once more, in the words of the partial indexes of what is held.
 */
const IGNORED = `state IN ${sqlList(HELD_STATES)} AND (state = 'CANCELING' AND coalesce(canceling_since, started_at) <= $1::timestamptz
    OR state = 'RUNNING' AND started_at + (policy->>'timeoutMs')::float8 * interval '1 ms' <= $1::timestamptz)`;

/** Runs whose cancel or time limit was ignored since `stoppedBefore`. */
export async function listIgnoredStops(sql: Sql, stoppedBefore: number, limit: number): Promise<string[]> {
  const rows = await sql.query<{ id: string }>(
    `/* listIgnoredStops */ SELECT id FROM run WHERE ${IGNORED} ORDER BY id LIMIT $2`,
    [iso(stoppedBefore), limit],
  );
  return rows.map((row) => row.id);
}

/** Locks those of these runs of which it is still true. The caller has locked their schedules first (lockSchedulesOf). */
export function lockIgnoredStops(sql: Sql, stoppedBefore: number, runIds: readonly string[]): Promise<IgnoredStop[]> {
  return sql.query(
    `/* lockIgnoredStops */
SELECT id AS "runId", attempt, lease, state, policy, worker_id AS "workerId" FROM run
 WHERE id = ANY(SELECT jsonb_array_elements_text($2::jsonb)) AND ${IGNORED} ORDER BY id FOR NO KEY UPDATE SKIP LOCKED`,
    [iso(stoppedBefore), JSON.stringify(runIds)],
  );
}
