import { appendEvents } from '../store/events.ts';
import type { ChangeKind } from '../store/events.ts';
import { taskFacts } from '../store/taskEvents.ts';
import type { Sql } from '../store/sql.ts';
import type { TaskRecord } from '../store/tasks.ts';

/** Appends the event of a change to a task: what filters look at, as it was and as it is. A deleted one has no after. */
export async function taskEvent(
  sql: Sql,
  now: number,
  kind: ChangeKind,
  before: TaskRecord | null,
  after: TaskRecord | null,
): Promise<void> {
  const { id } = (after ?? before) as TaskRecord;
  const facts = (side: TaskRecord | null) => side && taskFacts(side);
  const place = { subjectId: id, taskId: id, scheduleId: null };
  await appendEvents(sql, now, [{ topic: 'task', kind, ...place, before: facts(before), after: facts(after) }]);
}
