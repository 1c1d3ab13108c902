import { AsyncLocalStorage } from 'node:async_hooks';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { STOP_GRACE_MS } from '../domain/cancel.ts';
import type { AttemptResult } from '../domain/cancel.ts';
import { afterFailure } from '../domain/execution.ts';
import { createLoop } from '../loop.ts';
import { createOutage } from '../outage.ts';
import { endAttempts } from '../queue/finish.ts';
import { taskQueue, workerQueue } from '../queue/queue.ts';
import type { Delivery, RunQueue } from '../queue/queue.ts';
import { newId } from '../store/ids.ts';
import { listCanceling } from '../store/cancels.ts';
import type { CanceledHold } from '../store/cancels.ts';
import type { Store } from '../store/open.ts';
import { iso, keepLeases, startRuns } from '../store/runs.ts';
import type { Finish, Hold, StartedRun } from '../store/runs.ts';
import { heartbeat, registerWorker, setWorkerState } from '../store/workers.ts';
import type { TaskOutcome } from '../task/outcome.ts';
import { openTools } from './attempt.ts';
import type { AttemptTools } from './attempt.ts';
import { createBatcher } from './batch.ts';
import { LEASE_LOST, execute } from './execute.ts';
import type { StopReason } from './execute.ts';
import { createLogWriter } from './logs.ts';
import { createProgressWriter } from './progress.ts';
import { createStepWriter } from './steps.ts';

/** Runs one attempt. What it rejects with is the task's failure. */
export type Executor = (run: StartedRun, signal: AbortSignal, tools: AttemptTools) => Promise<TaskOutcome>;
/** A code task that this worker has the code of. */
export interface WorkerTask {
  id: string;
  scope: 'GLOBAL' | 'LOCAL';
  /** For so long after its start this worker takes no run of it. */
  initialDelayMs?: number | null;
}

/** An attempt, as the log names it. */
export interface NamedAttempt {
  task: string;
  runId: string;
  attempt: number;
}

export interface Worker {
  readonly id: string;
  /** `from`: the attempt whose code has led to the call of this, a timer's or a listener's too; `runs`: those whose code runs. */
  underWay(): { from: NamedAttempt | undefined; runs: NamedAttempt[] };
  /** Says that this worker and its runs are alive; aborts those that are not its own any more. Called every 2 s. */
  beat(): Promise<void>;
  /** Takes nothing more, lets what runs finish for up to `graceMs`, then hands the rest back to be run elsewhere. */
  stop(graceMs: number): Promise<void>;
}

/** Deliveries are looked for this often even when no notification comes. */
const POLL_MS = 500;
const FINISH_BATCH = 200;
/** What a task has not listened to. */
const IGNORED: Record<StopReason['code'], string> = {
  CANCELED: 'its cancel',
  TIMED_OUT: 'its time limit',
  LEASE_LOST: 'that its run was taken away',
  SHUTDOWN: 'that its worker stops',
};

interface Slot {
  hold: Hold;
  abort: AbortController;
  done: Promise<void>;
}

export async function startWorker(parts: {
  store: Store;
  queue: RunQueue;
  clock: Clock;
  log: Logger;
  /** What is for every worker. */
  queues: readonly string[];
  tasks: readonly WorkerTask[];
  /** Keys of tasks whose code the executor ends itself when it has not listened for `STOP_GRACE_MS`. */
  endedByForce?: ReadonlySet<string>;
  execute: Executor;
  capacity: number;
  leaseMs: number;
  identity: { hostname: string; pid: number; version: string };
}): Promise<Worker> {
  const { store, queue, clock, log, capacity, leaseMs } = parts;
  const id = newId('wrk');
  /** By lease, not by run: a worker that was suspended can be given its own lost run again while the old attempt still goes on. */
  const slots = new Map<string, Slot>();
  const writers = { progress: createProgressWriter(parts), steps: createStepWriter(parts), logs: createLogWriter(parts) };
  /** By lease: attempts whose code still runs, those too that have ended and whose code has not listened to that. */
  const occupied = new Map<string, NamedAttempt>();
  const surrounding = new AsyncLocalStorage<NamedAttempt>();
  const free = () => capacity - occupied.size;
  const watches = new Set<() => void>();
  let stopping = false;
  let cancelsHeard = 0;
  const takesOutage = createOutage('the worker, taking runs', log);
  const resultsOutage = createOutage('the worker, writing results', log);
  const cancelsOutage = createOutage('the worker, looking for canceled runs', log);
  const naps = new Set<() => void>();
  let cancelPoll: () => void = () => undefined;
  // Of whatever scope its tasks are here: other code, started later, may make one LOCAL, and then runs are written for this worker.
  const own = parts.tasks.length > 0 ? [workerQueue(id)] : [];
  const startedAt = clock.now();
  const delayed = parts.tasks.filter((task) => task.initialDelayMs != null);
  /** The one that was served longest ago first. */
  const queues = [
    ...parts.queues,
    ...own,
    ...parts.tasks.filter((task) => !delayed.includes(task)).map((task) => taskQueue(task.id)),
  ];
  async function register(): Promise<void> {
    // Before anybody can write a run for this worker.
    await queue.prepare(own);
    await store.hotTransaction(async (tx) => {
      const tasks = parts.tasks.map(({ id: taskId, initialDelayMs }) => {
        return { taskId, readyAt: initialDelayMs == null ? null : iso(startedAt + initialDelayMs) };
      });
      await registerWorker(tx.sql, clock.now(), { id, capacity, ...parts.identity }, tasks);
      tx.signal('events');
    });
  }
  await register();

  const finisher = createBatcher<Finish, AttemptResult | null>(async (finishes) => {
    const ended = await store.hotTransaction(async (tx) => {
      const result = await endAttempts(tx, queue, clock.now(), finishes);
      if (finishes.some((finish) => finish.state === 'RETRY_WAIT')) tx.signal('schedules');
      return result;
    });
    const states = new Map(ended.map((run) => [run.lease, run.state]));
    return finishes.map((finish) => states.get(finish.lease) ?? null);
  }, FINISH_BATCH);

  /** Takes and starts until nothing comes back or no slot is free. Each round takes what has the highest priority of all that waits. */
  async function takeAll(): Promise<void> {
    for (let came = true; came && !stopping && free() > 0;) {
      if (queues.length === 1) {
        came = await takeFrom(queues);
      } else {
        const foremost = await queue.foremost(queues);
        if (foremost === null) return;
        // Others may have been faster with all of the highest: then whatever waits, rather than nothing.
        came = (await takeFrom(foremost.queues, foremost.priority)) || (await takeFrom(queues));
      }
    }
  }

  /**
   * With many queues each gets its share of the free slots in turn, and each round asks them all: a long backlog in one must not keep
   * the others waiting.
   * @returns whether anything came
   */
  async function takeFrom(names: readonly string[], minPriority?: number): Promise<boolean> {
    const inTurn = queues.filter((name) => names.includes(name));
    let came = false;
    for (const [index, name] of inTurn.entries()) {
      const share = Math.ceil(free() / (inTurn.length - index));
      if (stopping || share === 0) break;
      const deliveries = await queue.take(name, share, minPriority);
      if (deliveries.length === 0) continue;
      came = true;
      queues.push(...queues.splice(queues.indexOf(name), 1));
      await start(deliveries);
      // The start is what counts; a delivery that stays behind after a crash is dropped by its condition on (run, attempt).
      await queue.settle(name, deliveries);
    }
    return came;
  }

  async function start(deliveries: Delivery[]): Promise<void> {
    const holds = new Map(deliveries.map(({ runId, attempt }) => [runId, { runId, attempt, lease: crypto.randomUUID() }]));
    const now = clock.now();
    const heard = cancelsHeard;
    const payload = store.signals.payload(['events']);
    const started = await startRuns(store.sql, now, id, now + leaseMs, [...holds.values()], payload);
    if (started.length > 0) store.signals.raise(['events']);
    for (const run of started) {
      const hold = holds.get(run.runId) as Hold;
      const abort = new AbortController();
      const code = Promise.withResolvers<void>();
      occupied.set(hold.lease, nameOf(run));
      const done = attempt(run, hold, abort, code).finally(() => slots.delete(hold.lease));
      slots.set(hold.lease, { hold, abort, done });
      void Promise.allSettled([done, code.promise]).then(() => {
        occupied.delete(hold.lease);
        takes.wake();
      });
    }
    // A cancel that came between the start in the database and this line has looked for slots that were not there yet.
    if (heard !== cancelsHeard) cancels.wake();
  }

  function breakOff(canceled: readonly CanceledHold[]): void {
    for (const { lease, message } of canceled) slots.get(lease)?.abort.abort({ code: 'CANCELED', message });
  }

  /** @param code  to be settled when the task's own code has ended */
  async function attempt(run: StartedRun, hold: Hold, abort: AbortController, code: PromiseWithResolvers<void>): Promise<void> {
    const { tools, close } = openTools(writers, hold, abort);
    const work = () => surrounding.run(nameOf(run), async () => parts.execute(run, abort.signal, tools));
    const outcome = await execute(() => work().finally(code.resolve), run.policy.timeoutMs, abort, clock);
    if (abort.signal.aborted) watch(run, abort.signal.reason as StopReason, code.promise);
    await close();
    const finish = toFinish(hold, run, outcome);
    // The result is kept and offered until it is taken or the lease turns out to be somebody else's: an outage loses no result.
    for (;;) {
      try {
        sayEnd(run, finish, await finisher.add(finish));
        resultsOutage.over();
        return;
      } catch (error) {
        await nap(resultsOutage.failed(error));
      }
    }
  }

  /** @param state  what the run has become, which a cancel decides with; null: it was not held here any more */
  function sayEnd(run: StartedRun, { error }: Finish, state: AttemptResult | null): void {
    if (state === null) return log.warn(nameOf(run), 'a result came too late: the run is not held here any more');
    if (state === 'SUCCEEDED' || state === 'RETRY_WAIT') return;
    // Its message stays with the run: it may hold anything.
    log.info({ ...nameOf(run), code: error?.code }, state === 'CANCELED' ? 'a run was CANCELED' : `a run has ${state}`);
  }

  /** Names code that goes on although its attempt has ended, once. It keeps its place until it ends: it uses what the process has. */
  function watch(run: StartedRun, reason: StopReason, ended: Promise<void>): void {
    // Who is ended by force has ignored it only when that did not help either.
    const graceMs = parts.endedByForce?.has(run.taskKey) === true ? 2 * STOP_GRACE_MS : STOP_GRACE_MS;
    const cancel = clock.after(graceMs, () => {
      watches.delete(cancel);
      const what = `task "${run.taskKey}" of run ${run.runId} ignored ${IGNORED[reason.code]}`;
      log.warn(nameOf(run), `${what}; it keeps its place on this worker until it ends`);
    });
    watches.add(cancel);
    void ended.then(() => {
      cancel();
      watches.delete(cancel);
    });
  }

  /** Ends early when the database is back. */
  async function nap(ms: number): Promise<void> {
    let cancel: () => void = () => undefined;
    let wakeUp: () => void = () => undefined;
    await new Promise<void>((resolve) => {
      wakeUp = resolve;
      naps.add(wakeUp);
      cancel = clock.after(ms, resolve);
    });
    cancel();
    naps.delete(wakeUp);
  }

  function toFinish(hold: Hold, run: StartedRun, outcome: TaskOutcome): Finish {
    if (outcome.ok) return { ...hold, state: 'SUCCEEDED', output: outcome.output, error: null, retryAt: null };
    const { error, retryAfterMs } = outcome;
    const verdict = afterFailure(run.policy.retry, run.attempt, error, Math.random(), retryAfterMs);
    const retryAt = verdict.state === 'RETRY_WAIT' ? iso(clock.now() + verdict.delayMs) : null;
    return { ...hold, state: verdict.state, output: null, error, retryAt };
  }

  /** Runs are finished whether or not this can be said; a worker that could not say it is found to be lost. */
  async function announce(state: 'DRAINING' | 'STOPPED'): Promise<void> {
    try {
      await store.hotTransaction(async (tx) => {
        await setWorkerState(tx.sql, clock.now(), id, state);
        tx.signal('events');
      });
    } catch (error) {
      log.warn({ err: error, state }, 'the worker could not say that it stops');
    }
  }

  const takes = createLoop(async () => {
    cancelPoll();
    let wait = POLL_MS;
    try {
      await takeAll();
      if (takesOutage.over()) for (const wakeUp of naps) wakeUp();
    } catch (error) {
      wait = takesOutage.failed(error);
    }
    if (!stopping) cancelPoll = clock.after(wait, takes.wake);
  });
  /** At once when somebody cancels; each beat is the net below it. */
  const cancels = createLoop(async () => {
    if (slots.size === 0) return;
    try {
      const held = [...slots.values()].map((slot) => slot.hold);
      breakOff(await listCanceling(store.sql, id, held));
      cancelsOutage.over();
    } catch (error) {
      // The next beat looks again.
      cancelsOutage.failed(error);
    }
  });
  const subscriptions = [
    store.signals.on('jobs', takes.wake),
    store.signals.on('cancels', () => {
      cancelsHeard += 1;
      cancels.wake();
    }),
  ];
  const cancelDelays = delayed.map((task) =>
    clock.after(startedAt + (task.initialDelayMs ?? 0) - clock.now(), () => {
      queues.push(taskQueue(task.id));
      takes.wake();
    }),
  );
  takes.wake();

  return {
    id,
    underWay: () => ({ from: surrounding.getStore(), runs: [...occupied.values()] }),
    async beat() {
      const held = [...slots.values()].map((slot) => slot.hold);
      const now = clock.now();
      const known = await store.hotTransaction(async (tx) => {
        if (!(await heartbeat(tx.sql, now, id))) return false;
        const kept = new Set(held.length > 0 ? await keepLeases(tx.sql, id, now + leaseMs, held) : []);
        // Before the lost leases: of one that was taken away by a cancel, the first reason is the true one.
        if (held.length > 0) breakOff(await listCanceling(tx.sql, id, held));
        for (const { lease } of held) {
          if (kept.has(lease)) continue;
          slots.get(lease)?.abort.abort(LEASE_LOST);
        }
        return true;
      });
      // What it held was given away long ago: the next beat breaks it off.
      if (!known) await register();
    },
    async stop(graceMs) {
      stopping = true;
      for (const cancel of cancelDelays) cancel();
      cancelPoll();
      await takes.stop();
      await announce('DRAINING');
      const all = () => Promise.all([...slots.values()].map((slot) => slot.done));
      let cancelGrace: () => void = () => undefined;
      await Promise.race([all(), new Promise<void>((resolve) => (cancelGrace = clock.after(graceMs, resolve)))]);
      cancelGrace();
      for (const slot of slots.values())
        slot.abort.abort({ code: 'SHUTDOWN', message: 'the worker was stopped; the run goes on elsewhere' });
      await all();
      for (const cancel of watches) cancel();
      for (const writer of Object.values(writers)) writer.stop();
      for (const unsubscribe of subscriptions) unsubscribe();
      await cancels.stop();
      await announce('STOPPED');
    },
  };
}

function nameOf({ taskKey, runId, attempt }: StartedRun): NamedAttempt {
  return { task: taskKey, runId, attempt };
}
