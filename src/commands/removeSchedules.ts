import { cancelBackfills } from '../store/backfills.ts';
import { cancelWaitingRuns } from '../store/runs.ts';
import { markAllDeleted } from '../store/scheduleBatches.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { forgetSkips } from '../store/skips.ts';
import { promoteBuffered } from '../store/waiting.ts';
import type { CommandParts, CommandScope } from './command.ts';
import { scheduleEvents } from './scheduleEvent.ts';

/**
 * Deletes schedules softly: history stays, the names are free at once, waiting runs and backfills are canceled, runs under way finish. The caller
 * holds their rows and has settled what was due.
 * @param records  as they stood before they were settled
 * @param tasks    those of their tasks that lockWaitedTasks has locked
 */
export async function removeSchedules(
  parts: CommandParts,
  scope: CommandScope,
  records: readonly ScheduleRecord[],
  { now, reason, tasks }: { now: number; reason: string | null; tasks: readonly string[] },
): Promise<void> {
  if (records.length === 0) return;
  const { sql, signal, auditAll } = scope;
  const ids = records.map(({ id }) => id);
  await cancelBackfills(sql, now, 'schedule_id', ...ids);
  await cancelWaitingRuns(sql, now, 'schedule_id', ...ids);
  // Runs of other schedules, or of none, may have waited for a place that these held.
  const promoted = await promoteBuffered(sql, now, [], tasks);
  await parts.queue.enqueue(sql, promoted);
  if (promoted.length > 0) signal('jobs');
  await forgetSkips(
    sql,
    ids.map((id) => ({ id, before: null })),
  );
  await markAllDeleted(sql, ids, new Date(now));
  const audits = records.map(({ id, name }) => {
    const changes = { name: { before: name, after: null } };
    return { action: 'schedule.delete', targetId: id, reason, changes };
  });
  await auditAll(audits, now);
  await scheduleEvents(
    scope,
    now,
    'DELETED',
    records.map((before) => ({ before, after: null })),
  );
  signal('schedules', 'events');
}
