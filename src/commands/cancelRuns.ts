import { afterCancel } from '../domain/cancel.ts';
import { filterFaults } from '../domain/filterFaults.ts';
import { Rejection } from '../domain/userError.ts';
import { lockBackfills } from '../store/backfills.ts';
import { cancelAllLocked, listCancelable, lockCancelable } from '../store/cancels.ts';
import type { RunFilter } from '../store/runLists.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { lockSchedules } from '../store/runs.ts';
import { lockWaitedTasks } from '../store/waiting.ts';
import { cancelError, promoteNext } from './cancelRun.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { readRuns } from './manualRun.ts';

export interface CancelRunsInput {
  filter: RunFilter;
  max?: number | null | undefined;
  reason: string;
}
const DEFAULT_MAX = 100;
/** All in one transaction, which has seconds: a larger one would hold the rows of all while it works. */
const MOST = 1_000;

/**
 * Cancels every run that a filter matches and that has not ended, each as cancelRun would: all of them or, when there are more than
 * `max`, none. What is being canceled already is left alone.
 * @returns those that it has canceled, the oldest first
 */
export function cancelRuns(parts: CommandParts, caller: Caller, input: CancelRunsInput): Promise<CommandResult<RunRecord[]>> {
  return runCommand(parts, caller, 'run.cancel', async (scope) => {
    const { sql, signal, auditAll, prisma } = scope;
    const { filter, reason } = input;
    const max = input.max ?? DEFAULT_MAX;
    const fields = new Fields();
    fields.text(['input', 'reason'], reason, { min: 1, max: 2_000 });
    fields.number(['input', 'max'], max, { min: 1, max: MOST });
    checkFilter(fields, filter);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { runs: listed, total } = await listCancelable(sql, filter, max);
    if (total > max) {
      fields.add(
        ['input', 'max'],
        `filter matches ${total} runs that have not ended; max is ${max}. Nothing is canceled.`,
        `at least ${total}`,
      );
      throw new Rejection(fields.errors);
    }
    await lockSchedules(
      sql,
      listed.flatMap((run) => run.scheduleId ?? []),
    );
    const tasks = await lockWaitedTasks(sql, [...new Set(listed.map((run) => run.taskId))]);
    const backfills = await lockBackfills(sql, [...new Set(listed.flatMap((run) => run.backfillId ?? []))]);
    const ids = listed.map((run) => run.id);
    const locked = await lockCancelable(sql, filter, ids);
    if (locked.length === 0) return [];
    const now = parts.clock.now();
    const cancels = locked.map((run) => ({ ...run, to: afterCancel(run.state) as 'CANCELED' | 'CANCELING' }));
    await cancelAllLocked(sql, now, cancels, cancelError(caller.viewer.actor, reason));
    const over = cancels.filter((run) => run.to === 'CANCELED');
    await promoteNext(parts, scope, now, over, { tasks, backfills });
    if (over.length < cancels.length) signal('cancels');
    await auditAll(
      cancels.map(({ id, state, to }) => {
        return { action: 'run.cancel', targetId: id, reason, changes: { state: { before: state, after: to } } };
      }),
      now,
    );
    signal('events');
    const canceled = new Set(locked.map((run) => run.id));
    return readRuns(
      prisma,
      ids.filter((id) => canceled.has(id)),
    );
  });
}

/** One that says nothing would match every run there is: probably a variable that was left out. */
function checkFilter(fields: Fields, filter: RunFilter): void {
  const path = ['input', 'filter'];
  const { labels, scheduledFor, finished, ...rest } = filter;
  const ranges = [scheduledFor, finished].some((range) => range?.from != null || range?.until != null);
  if (!ranges && (labels ?? []).length === 0 && Object.values(rest).every((value) => value == null)) {
    fields.add(path, 'filter is empty, and would match every run: say which are to be canceled.', 'at least one condition');
  }
  for (const fault of filterFaults(filter)) fields.add([...path, ...fault.path], fault.message, fault.constraint);
}
