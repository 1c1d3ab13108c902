import { Rejection, conflict } from '../domain/userError.ts';
import { cancelBackfills } from '../store/backfills.ts';
import { cancelWaitingRuns } from '../store/runs.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import { lockTask, markTaskDeleted } from '../store/tasks.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { taskEvent } from './taskEvent.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

/** Deletes a task that no schedule uses, softly: history stays, waiting runs are canceled, the key is free at once. */
export function deleteTask(parts: CommandParts, caller: Caller, ref: TaskRefInput): Promise<CommandResult<string>> {
  return runCommand(parts, caller, 'task.delete', async ({ prisma, sql, signal, audit }) => {
    const task = await lockTask({ prisma, sql }, toTaskRef(ref));
    if (task === null) throw new Rejection([noSuchTask(['task'], ref)]);
    const now = parts.clock.now();
    const [scheduleId] = await listScheduleIds(prisma, { taskIds: [task.id] }, now);
    if (scheduleId !== undefined) {
      const message = `The task "${task.key}" has schedules: delete them first.`;
      throw new Rejection([conflict('INVALID_STATE', ['task'], message, scheduleId)]);
    }
    await cancelBackfills(sql, now, 'task_id', task.id);
    await cancelWaitingRuns(sql, now, 'task_id', task.id);
    await markTaskDeleted(prisma, task.id, new Date(now));
    await audit(
      { action: 'task.delete', targetId: task.id, reason: null, changes: { key: { before: task.key, after: null } } },
      now,
    );
    await taskEvent(sql, now, 'DELETED', task, null);
    signal('events');
    return task.id;
  });
}
