import { HELD_STATES } from '../domain/runState.ts';
import type { RunError } from '../domain/runError.ts';
import { listed, sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** The run of a task that has been under way for longest. */
export interface CurrentRun {
  taskId: string;
  startedAt: Date;
  timesOutAt: Date;
}

export function findCurrentRuns(sql: Sql, taskIds: readonly string[]): Promise<CurrentRun[]> {
  return sql.query(
    `/* findCurrentRuns */
SELECT DISTINCT ON (task_id) task_id AS "taskId", started_at AS "startedAt",
       (started_at + (policy->>'timeoutMs')::float8 * interval '1 ms')::timestamptz(3) AS "timesOutAt"
  FROM run WHERE state IN ${sqlList(HELD_STATES)} AND task_id = ${listed('$1')}
 ORDER BY task_id, started_at, id`,
    [JSON.stringify(taskIds)],
  );
}

/** The run of a task that ended last. */
export interface EndedRun {
  taskId: string;
  finishedAt: Date;
  error: RunError | null;
}

export function findLastEnded(sql: Sql, taskIds: readonly string[]): Promise<EndedRun[]> {
  return sql.query(
    `/* findLastEnded */
SELECT owner.id AS "taskId", r.finished_at AS "finishedAt", CASE WHEN r.state IN ('FAILED', 'TIMED_OUT') THEN r.error END AS error
  FROM jsonb_array_elements_text($1::jsonb) AS owner(id),
       LATERAL (SELECT finished_at, state, error FROM run WHERE run.task_id = owner.id AND finished_at IS NOT NULL
                 ORDER BY finished_at DESC, id DESC LIMIT 1) r`,
    [JSON.stringify(taskIds)],
  );
}
