/** Most runs of a task at once, as an expression over `task` as t; null: any number. */
export const CONCURRENCY = `(t.execution->>'concurrency')::int`;

/** Whether the end of any run of `task` t may let another one of it go: it has a limit, or something waits for the task as a whole. */
export const WAITED_FOR = `(${CONCURRENCY} IS NOT NULL OR EXISTS (SELECT 1 FROM run b WHERE b.task_id = t.id AND b.waits_for IN ('TASK', 'SLOT')))`;
