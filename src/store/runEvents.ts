import { HELD_STATES } from '../domain/runState.ts';
import type { EventFacts, StoredEvent } from './events.ts';
import { sqlList } from './sql.ts';
import { taskFactsOf } from './taskEvents.ts';

const HELD = sqlList(HELD_STATES);

/**
 * Part of the statements that change runs: appends one event for each row of `changed` (columns of run, plus old_state, null
 * for a new run). $1 is the instant of the change. Facts that are null, and no labels, are left out. The task's own stand only where
 * the run begins or ceases to be under way, for only there may the task turn running or idle.
 * @param oldWorker  expression over the row `c`: the worker before the change, where that is not the one after it
 */
export function appendRunEvents(changed: string, oldWorker = 'NULL'): string {
  return `INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
  SELECT $1::timestamptz, 'run', CASE WHEN c.old_state IS NULL THEN 'CREATED' ELSE 'UPDATED' END, c.id, c.task_id, c.schedule_id,
         CASE WHEN c.old_state IS NOT NULL THEN jsonb_strip_nulls(jsonb_build_object('state', c.old_state, 'workerId', ${oldWorker})) END,
         jsonb_strip_nulls(jsonb_build_object('state', c.state, 'origin', c.origin, 'taskKey', t.key, 'scheduleName', s.name,
           'scheduledFor', c.scheduled_for, 'finishedAt', c.finished_at, 'latenessMs', c.lateness_ms, 'attempt', c.attempt,
           'workerId', c.worker_id, 'backfillId', c.backfill_id, 'labels', nullif(c.labels, '{}'),
           'task', CASE WHEN (coalesce(c.old_state, '') IN ${HELD}) <> (c.state IN ${HELD}) THEN ${taskFactsOf('t')} END))
    FROM ${changed} c JOIN task t ON t.id = c.task_id LEFT JOIN schedule s ON s.id = c.schedule_id`;
}

/** A run as it was before and as it is after an event: what filters look at, its schedule with it. */
export function runSides({ before, after, scheduleId }: StoredEvent): { before: EventFacts | null; after: EventFacts | null } {
  if (after === null) return { before: null, after: null };
  const now = { ...after, scheduleId };
  if (before === null) return { before: null, after: now };
  // Nothing follows the end of a run, so it had none; one that waits for a worker has none, and before its first start is not late yet.
  const queued = before['state'] === 'QUEUED';
  return {
    before: {
      ...now,
      finishedAt: undefined,
      ...(queued && { workerId: undefined }),
      ...(queued && after['attempt'] === 1 && { latenessMs: undefined }),
      ...before,
    },
    after: now,
  };
}
