import { afterCancel } from '../domain/cancel.ts';
import type { RunError } from '../domain/runError.ts';
import { Rejection, conflict, notFound } from '../domain/userError.ts';
import type { Actor } from '../store/actor.ts';
import { refillBackfills } from '../store/backfillLanes.ts';
import { lockBackfills } from '../store/backfills.ts';
import { cancelLocked, lockRun } from '../store/cancels.ts';
import { findRunsById } from '../store/runRecords.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { endAttempts } from '../queue/finish.ts';
import { lockSchedules } from '../store/runs.ts';
import { lockWaitedTasks, promoteBuffered } from '../store/waiting.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';

export interface CancelRunInput {
  id: string;
  /** Without waiting for its worker. */
  force?: boolean | null | undefined;
  reason?: string | null | undefined;
}

/**
 * Cancels a run: at once while it waits, or by force; else as soon as its worker has broken its attempt off. What is being canceled
 * already is answered as it is, and nothing more is written.
 */
export function cancelRun(parts: CommandParts, caller: Caller, input: CancelRunInput): Promise<CommandResult<RunRecord>> {
  return runCommand(parts, caller, 'run.cancel', async (scope) => {
    const { sql, signal, audit } = scope;
    const fields = new Fields();
    if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const { run, ...held } = await lockById(scope, input.id);
    const to = afterCancel(run.state, input.force ?? false);
    if (to === null) throw new Rejection([ended(run)]);
    if (to === run.state) return run;
    const now = parts.clock.now();
    const reason = input.reason ?? null;
    const error = cancelError(caller.viewer.actor, reason);
    if (to === 'CANCELED' && run.lease !== null) {
      await takeAway(parts, scope, now, run, error, held);
    } else {
      await cancelLocked(sql, now, run.id, to, error);
      if (to === 'CANCELED') await promoteNext(parts, scope, now, [run], held);
    }
    if (run.lease !== null) signal('cancels');
    const forced = input.force === true && run.lease !== null ? { force: { before: null, after: true } } : {};
    const changes = { state: { before: run.state, after: to }, ...forced };
    await audit({ action: 'run.cancel', targetId: run.id, reason, changes }, now);
    signal('events');
    return findById(scope, run.id);
  });
}

/** What a cancel has locked before the runs. */
export interface Held {
  tasks: string[];
  backfills: string[];
}

/** Locks its schedule, its task when something waits for that, its backfill, and then the run. @throws Rejection NOT_FOUND */
async function lockById(scope: CommandScope, id: string): Promise<{ run: RunRecord } & Held> {
  const { scheduleId, taskId, backfillId } = await findById(scope, id);
  if (scheduleId !== null) await lockSchedules(scope.sql, [scheduleId]);
  const tasks = await lockWaitedTasks(scope.sql, [taskId]);
  const backfills = await lockBackfills(scope.sql, backfillId === null ? [] : [backfillId]);
  await lockRun(scope.sql, id);
  // It was read before the locks were granted; this is how it stands under them.
  return { run: await findById(scope, id), tasks, backfills };
}

async function findById({ prisma }: CommandScope, id: string): Promise<RunRecord> {
  const [run] = await findRunsById(prisma, [id]);
  if (run === undefined) throw new Rejection([notFound(['input', 'id'], `There is no run with the id "${id}".`)]);
  return run;
}

/** Ends the attempt here: whatever its worker brings of it later is not its own any more. The caller holds the run. */
async function takeAway(
  parts: CommandParts,
  scope: CommandScope,
  now: number,
  run: RunRecord,
  error: RunError,
  held: Held,
): Promise<void> {
  const finish = { runId: run.id, attempt: run.attempt, lease: run.lease as string, state: 'CANCELED', error } as const;
  // What is canceled counts as no failure.
  await endAttempts(scope, parts.queue, now, [{ ...finish, output: null, retryAt: null }], { ...held, failures: new Map() });
}

/** Lets runs go that waited for canceled ones. The caller holds the schedules, and these tasks and backfills. */
export async function promoteNext(
  parts: CommandParts,
  { sql, signal }: CommandScope,
  now: number,
  canceled: readonly Pick<RunRecord, 'scheduleId' | 'taskId' | 'backfillId'>[],
  { tasks, backfills }: Held,
): Promise<void> {
  if (canceled.length === 0) return;
  const scheduleIds = [
    ...new Set(canceled.flatMap(({ scheduleId, backfillId }) => (backfillId === null ? (scheduleId ?? []) : []))),
  ];
  const taskIds = [...new Set(canceled.map(({ taskId }) => taskId))];
  const queued = await refillBackfills(sql, now, backfills);
  queued.push(...(await promoteBuffered(sql, now, scheduleIds, taskIds, tasks)));
  await parts.queue.enqueue(sql, queued);
  if (queued.length > 0) signal('jobs');
}

function ended(run: RunRecord) {
  const message = `The run has ended: it is ${run.state} since ${run.finishedAt?.toISOString()}, and cannot be canceled.`;
  return conflict('INVALID_STATE', ['input', 'id'], message, run.id);
}

/** Says by whom and why. */
export function cancelError(by: Actor, reason: string | null): RunError {
  const message = `canceled by ${by.name ?? by.id}${reason === null || reason === '' ? '' : `: ${reason}`}`;
  return { code: 'CANCELED', name: 'Canceled', message, retryable: false };
}
