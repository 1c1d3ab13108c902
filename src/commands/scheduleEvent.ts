import { appendEvents } from '../store/events.ts';
import type { ChangeKind } from '../store/events.ts';
import type { CommandTx } from '../store/open.ts';
import { scheduleFacts } from '../store/scheduleEvents.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { findTasksById } from '../store/tasks.ts';

/** Appends the event of a change to a schedule: what filters look at, as it was and as it is. A deleted one has no after. */
export function scheduleEvent(
  tx: Pick<CommandTx, 'prisma' | 'sql'>,
  now: number,
  kind: ChangeKind,
  before: ScheduleRecord | null,
  after: ScheduleRecord | null,
): Promise<void> {
  return scheduleEvents(tx, now, kind, [{ before, after }]);
}

/** The same for changes of several schedules. */
export async function scheduleEvents(
  { prisma, sql }: Pick<CommandTx, 'prisma' | 'sql'>,
  now: number,
  kind: ChangeKind,
  changes: readonly { before: ScheduleRecord | null; after: ScheduleRecord | null }[],
): Promise<void> {
  const sides = changes.flatMap(({ before, after }) => [before, after]).filter((side) => side !== null);
  const tasks = await findTasksById(prisma, [...new Set(sides.map((side) => side.taskId))]);
  const keys = new Map(tasks.map((task) => [task.id, task.key]));
  const facts = (side: ScheduleRecord | null) => side && scheduleFacts(side, keys.get(side.taskId));
  const events = changes.map(({ before, after }) => {
    const { id, taskId } = (after ?? before) as ScheduleRecord;
    const place = { subjectId: id, taskId, scheduleId: id };
    return { topic: 'schedule', kind, ...place, before: facts(before), after: facts(after) } as const;
  });
  await appendEvents(sql, now, events);
}
