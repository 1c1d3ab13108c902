import type { StartedRun } from '../../src/store/runs.ts';
import type { TaskOutcome } from '../../src/task/outcome.ts';
import { LEASE_MS } from '../../src/engine/reaper.ts';
import { HTTP_QUEUE } from '../../src/queue/queue.ts';
import { startWorker } from '../../src/worker/worker.ts';
import type { Worker, WorkerTask } from '../../src/worker/worker.ts';
import type { AttemptTools } from '../../src/worker/attempt.ts';
import type { Parts } from './parts.ts';

/** One attempt that a worker has begun; it goes on until the test ends it. */
export interface Call {
  run: StartedRun;
  signal: AbortSignal;
  tools: AttemptTools;
  succeed(output?: unknown): void;
  fail(error?: Partial<{ code: string; message: string; retryable: boolean }>): void;
  throw(error: unknown): void;
}
export interface TestWorker extends Worker {
  /** The next attempt that was begun and not asked for yet, in order of their beginning. */
  next(): Promise<Call>;
  /** Attempts that were begun and not asked for yet. */
  waiting(): number;
}

/** A worker whose attempts the test ends by hand; those it leaves open end with the test. It beats only when told to. */
export async function startTestWorker(
  parts: Parts,
  options: { capacity?: number; tasks?: WorkerTask[] } = {},
): Promise<TestWorker> {
  const begun: Call[] = [];
  const asked: ((call: Call) => void)[] = [];
  const open = new Set<Call>();
  let over = false;
  const worker = await startWorker({
    ...parts,
    queues: [HTTP_QUEUE],
    tasks: options.tasks ?? [],
    capacity: options.capacity ?? 50,
    leaseMs: LEASE_MS,
    identity: { hostname: 'test', pid: 1, version: '0.0.0' },
    execute(run, signal, tools) {
      const { promise, resolve, reject } = Promise.withResolvers<TaskOutcome>();
      const call: Call = {
        run,
        signal,
        tools,
        succeed: (output = null) => resolve({ ok: true, output }),
        fail: (error = {}) =>
          resolve({ ok: false, error: { code: 'BROKEN', name: 'Broken', message: 'it broke', retryable: true, ...error } }),
        throw: reject,
      };
      if (over) call.fail({ retryable: false });
      open.add(call);
      const first = asked.shift();
      if (first === undefined) begun.push(call);
      else first(call);
      return promise.finally(() => open.delete(call));
    },
  });
  let stopped: Promise<void> | undefined;
  const stop = (graceMs: number) => (stopped ??= worker.stop(graceMs));
  parts.defer(() => {
    over = true;
    for (const call of open) call.fail({ retryable: false });
    return stop(0);
  });
  return {
    ...worker,
    stop,
    next: () => {
      const call = begun.shift();
      return call === undefined ? new Promise((resolve) => asked.push(resolve)) : Promise.resolve(call);
    },
    waiting: () => begun.length,
  };
}
