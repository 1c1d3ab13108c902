/**
 * Part of the statements that change runs: appends one event for each row of `changed` (columns of run, plus old_state, null
 * for a new run). $1 is the instant of the change.
 */
export function appendRunEvents(changed: string): string {
  return `INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
  SELECT $1::timestamptz, 'run', CASE WHEN c.old_state IS NULL THEN 'CREATED' ELSE 'UPDATED' END, c.id, c.task_id, c.schedule_id,
         CASE WHEN c.old_state IS NOT NULL THEN jsonb_build_object('state', c.old_state) END,
         jsonb_build_object('state', c.state, 'origin', c.origin, 'taskKey', t.key, 'taskGroup', t."group", 'taskKind', t.kind, 'scheduleName', s.name,
                            'scheduledFor', c.scheduled_for, 'attempt', c.attempt, 'workerId', c.worker_id)
    FROM ${changed} c JOIN task t ON t.id = c.task_id LEFT JOIN schedule s ON s.id = c.schedule_id`;
}
