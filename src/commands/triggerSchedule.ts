import { resolveExecution } from '../domain/execution.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { newId } from '../store/ids.ts';
import { findActiveRun, findRunsById } from '../store/runRecords.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { insertRuns, iso } from '../store/runs.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { lockByRef } from './lockedSchedule.ts';
import type { ScheduleRefInput } from './lockedSchedule.ts';

export interface TriggerScheduleInput {
  ref: ScheduleRefInput;
  input?: Record<string, unknown> | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  reason?: string | null | undefined;
}

/** Runs a schedule's task at once, outside its times, which stay as they are. A paused one too. */
export function triggerSchedule(
  parts: CommandParts,
  caller: Caller,
  input: TriggerScheduleInput,
): Promise<CommandResult<RunRecord>> {
  return runCommand(parts, caller, 'schedule.trigger', async (scope) => {
    const { prisma, sql, signal, audit } = scope;
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (input.input != null) fields.object(['input', 'input'], input.input);
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { claimed, now } = await lockByRef(parts, scope, input.ref, ['input', 'ref']);
    if ((input.overlapPolicy ?? claimed.overlapPolicy) === 'SKIP') {
      const active = await findActiveRun(prisma, claimed.id);
      if (active !== null) {
        const message = `The schedule "${claimed.name}" is running already: run ${active.id} is ${active.state} since ${(active.startedAt ?? active.createdAt).toISOString()}.`;
        throw new Rejection([conflict('ALREADY_RUNNING', ['input', 'ref'], message, active.id)]);
      }
    }
    const id = newId('run');
    const queued = await insertRuns(sql, now, [
      {
        id,
        taskId: claimed.taskId,
        scheduleId: claimed.id,
        scheduleVersion: claimed.version,
        state: 'QUEUED',
        origin: 'MANUAL',
        scheduledFor: iso(now),
        effectiveAt: iso(now),
        policy: resolveExecution(claimed.taskKind, claimed.taskExecution, claimed.execution),
        input: input.input === undefined ? claimed.input : input.input,
        requestedBy: caller.viewer.actor,
        reason: input.reason ?? null,
        jobId: crypto.randomUUID(),
      },
    ]);
    await parts.queue.enqueue(sql, queued);
    await audit(
      {
        action: 'schedule.trigger',
        targetId: claimed.id,
        reason: input.reason ?? null,
        changes: { run: { before: null, after: id } },
      },
      now,
    );
    signal('jobs', 'events');
    const [run] = await findRunsById(prisma, [id]);
    return run as RunRecord;
  });
}
