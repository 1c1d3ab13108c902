import { Rejection, conflict } from '../domain/userError.ts';
import { newId } from '../store/ids.ts';
import { findActiveRun, findRunsById } from '../store/runRecords.ts';
import type { RunRecord } from '../store/runRecords.ts';
import { insertRuns, iso } from '../store/runs.ts';
import type { NewRun } from '../store/runs.ts';
import type { Caller, CommandParts, CommandScope } from './command.ts';

/** @throws Rejection ALREADY_RUNNING with the run that is in the way */
export async function refuseWhileActive(
  { prisma }: CommandScope,
  of: { scheduleId: string } | { taskId: string },
  subject: string,
  path: string[],
): Promise<void> {
  const active = await findActiveRun(prisma, of);
  if (active === null) return;
  const since = (active.startedAt ?? active.createdAt).toISOString();
  const message = `The ${subject} is running already: run ${active.id} is ${active.state} since ${since}.`;
  throw new Rejection([conflict('ALREADY_RUNNING', path, message, active.id)]);
}

/** Writes a run that somebody asked for, with its delivery and its audit entry. The caller's transaction holds what it overlaps with. */
export async function startByHand(
  parts: CommandParts,
  { prisma, sql, signal, audit }: CommandScope,
  caller: Caller,
  action: string,
  targetId: string,
  run: Pick<NewRun, 'taskId' | 'scheduleId' | 'scheduleVersion' | 'policy' | 'input' | 'labels' | 'reason'>,
): Promise<RunRecord> {
  const now = parts.clock.now();
  const id = newId('run');
  const queued = await insertRuns(sql, now, [
    {
      ...run,
      id,
      state: 'QUEUED',
      origin: 'MANUAL',
      scheduledFor: iso(now),
      effectiveAt: iso(now),
      requestedBy: caller.viewer.actor,
      jobId: crypto.randomUUID(),
    },
  ]);
  await parts.queue.enqueue(sql, queued);
  await audit({ action, targetId, reason: run.reason, changes: { run: { before: null, after: id } } }, now);
  signal('jobs', 'events');
  const [record] = await findRunsById(prisma, [id]);
  return record as RunRecord;
}
