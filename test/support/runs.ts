import { newId } from '../../src/store/ids.ts';
import { insertRuns, iso, startRuns } from '../../src/store/runs.ts';
import type { Hold, NewRun } from '../../src/store/runs.ts';
import { registerWorker } from '../../src/store/workers.ts';
import type { Parts } from './parts.ts';

/** Runs written by the statements themselves, for tests of these statements. */

/** A queued run of the first task there is, asked for by hand at the clock's now. */
export async function newRun({ store, clock }: Parts, overrides: Partial<NewRun> = {}): Promise<NewRun> {
  const task = await store.prisma.task.findFirstOrThrow();
  const retry = {
    maxAttempts: 3,
    initialIntervalMs: 1_000,
    backoffCoefficient: 2,
    maxIntervalMs: null,
    jitterMs: 0,
    nonRetryableErrors: [],
  };
  return {
    id: newId('run'),
    taskId: task.id,
    scheduleId: null,
    scheduleVersion: null,
    state: 'QUEUED',
    origin: 'MANUAL',
    scheduledFor: iso(clock.now()),
    effectiveAt: iso(clock.now()),
    policy: { timeoutMs: 30_000, retry, priority: 0 },
    input: null,
    labels: {},
    requestedBy: null,
    reason: null,
    jobId: crypto.randomUUID(),
    localWorkerId: null,
    ...overrides,
  };
}

/** A worker that is only a row. */
export async function addWorker({ store, clock }: Parts): Promise<string> {
  const id = newId('wrk');
  await registerWorker(store.sql, clock.now(), { id, hostname: 'test', pid: 1, version: '0.0.0', capacity: 10 });
  return id;
}

/** Writes runs and starts them for a worker. @returns how they are held, in order of their ids */
export async function startedRuns(parts: Parts, workerId: string, leaseMs: number, runs: readonly NewRun[]): Promise<Hold[]> {
  const { store, clock } = parts;
  const now = clock.now();
  await insertRuns(store.sql, now, runs);
  const holds = runs.map((run) => ({ runId: run.id, attempt: 1, lease: crypto.randomUUID() as string }));
  await startRuns(store.sql, now, workerId, now + leaseMs, holds, store.signals.payload(['events']));
  return holds.toSorted((a, b) => (a.runId < b.runId ? -1 : 1));
}
