import { afterFailure } from '../../src/domain/execution.ts';
import type { ExecutionPolicy } from '../../src/domain/execution.ts';
import type { RunError } from '../../src/domain/runError.ts';
import { createChance } from '../chance.ts';
import type { Attempt, Part, Work } from '../works/work.ts';
import type { PastAttempt, PastRun } from './run.ts';
import { anyWorker } from './workers.ts';
import type { Outage, PastWorker } from './workers.ts';

/** What the past happens in. */
export interface World {
  now: number;
  outage: Outage;
  workers: readonly PastWorker[];
}
/** How a run ends. */
export type Fate = 'WELL' | 'RETRIED' | 'BADLY';

interface Role {
  work: Work;
  policy: ExecutionPolicy;
  input: Record<string, unknown> | null;
  fate: Fate;
  /** It takes so many times as long as usual. */
  slowness: number;
  warehouse: boolean;
  /** Tasks of scope LOCAL: where it has to run. */
  workerId: string | null;
}
/** How often an attempt is thought up until it ends as it has to. */
const MOST_TRIES = 2_000;
/** After the restart of the database a lease has to end before somebody else takes the run. */
const LEASE_MS = 6_000;

/**
 * Plays a run through all of its attempts.
 * @param seed        the same seed, the same run
 * @param releasedAt  epoch ms
 */
export function act(
  role: Role,
  seed: string,
  releasedAt: number,
  world: World,
): Pick<PastRun, 'attempts' | 'output' | 'error' | 'progress'> & { state: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT' } {
  const chance = createChance(`past:${seed}`);
  const attempts: PastAttempt[] = [];
  const done = new Set<string>();
  let queuedAt = releasedAt;
  for (let number = 1; ; number += 1) {
    const failing = role.fate === 'BADLY' || (role.fate === 'RETRIED' && number === 1);
    const script = thinkUp(role, `${seed}:${number}`, failing);
    // Most are taken up at once; now and then a worker is busy.
    const waitMs = 2 + chance.around(7, 0.6) + (chance.happens(0.015) ? chance.around(600, 0.8) : 0);
    const startedAt = Math.round(queuedAt + waitMs);
    const workerId = role.workerId ?? anyWorker(chance, world.workers, startedAt, role.warehouse);
    const played = play(script, role, startedAt, done, world);
    const { error, finishedAt } = played;
    const verdict = error === null ? null : afterFailure(role.policy.retry, number, error, chance.next());
    const nextRetryAt = verdict?.state === 'RETRY_WAIT' ? finishedAt + verdict.delayMs : null;
    const state = error === null ? 'SUCCEEDED' : error.code === 'TIMED_OUT' ? 'TIMED_OUT' : 'FAILED';
    attempts.push({ number, state, workerId, queuedAt, startedAt, finishedAt, error, nextRetryAt, parts: played.parts });
    if (nextRetryAt === null)
      return { state, attempts, output: error === null ? script.output : null, error, progress: script.progress ?? null };
    queuedAt = nextRetryAt + chance.whole(2, 12);
  }
}

/** An attempt that fails, or does not, as it is asked for. */
function thinkUp({ work, input }: Role, seed: string, failing: boolean): Attempt {
  let found = work(createChance(seed), input ?? {});
  for (let trial = 0; found.parts.some(({ error }) => error !== undefined) !== failing && trial < MOST_TRIES; trial += 1)
    found = work(createChance(`${seed}:${trial}`), input ?? {});
  return found;
}

interface Played {
  parts: PastAttempt['parts'];
  finishedAt: number;
  error: RunError | null;
}

function play({ parts }: Attempt, { policy, slowness }: Role, startedAt: number, done: Set<string>, { outage }: World): Played {
  const limit = startedAt + policy.timeoutMs;
  const played: { part: Part; from: number; until: number; cut: boolean }[] = [];
  let at = startedAt;
  for (const part of parts) {
    if (part.step !== null && done.has(part.step)) continue;
    const until = Math.round(at + Math.max(1, part.durationMs * slowness));
    // Whoever ran it was gone when the database came back.
    if (startedAt < outage.from && until > outage.from && outage.from < limit) {
      played.push({ part, from: at, until: outage.from, cut: true });
      return { parts: played, finishedAt: outage.until + LEASE_MS, error: LOST };
    }
    if (until > limit) {
      played.push({ part, from: at, until: limit, cut: true });
      return { parts: played, finishedAt: limit, error: timedOut(policy) };
    }
    played.push({ part, from: at, until, cut: false });
    at = until;
    if (part.error !== undefined) return { parts: played, finishedAt: at, error: part.error };
    if (part.step !== null) done.add(part.step);
  }
  return { parts: played, finishedAt: at, error: null };
}

const LOST: RunError = {
  code: 'WORKER_LOST',
  name: 'WorkerLost',
  message: 'the worker stopped answering while it ran this',
  retryable: true,
};

function timedOut({ timeoutMs }: ExecutionPolicy): RunError {
  return { code: 'TIMED_OUT', name: 'Stopped', message: `no result within ${timeoutMs / 1_000} s`, retryable: true };
}
