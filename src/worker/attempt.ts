import { AsyncLocalStorage } from 'node:async_hooks';
import { toLogEntry } from '../domain/logLine.ts';
import { stepNameFault } from '../domain/runStep.ts';
import { outputFault } from '../domain/storableJson.ts';
import type { Hold } from '../store/runs.ts';
import { TaskError } from '../task/defineTask.ts';
import type { StepContext, TaskContext, TaskLog } from '../task/defineTask.ts';
import { createTaskLog } from '../task/taskLog.ts';
import { textOf } from '../task/textOf.ts';
import { LEASE_LOST, thrownError } from './execute.ts';
import type { LogWriter } from './logs.ts';
import type { ProgressWriter } from './progress.ts';
import type { StepWriter } from './steps.ts';

/** What an attempt may say and remember while it goes on. */
export type AttemptTools = Pick<TaskContext<unknown>, 'progress' | 'step' | 'log'>;

/** The step that a piece of code runs in, however deep it was called and whatever it awaited. */
const surrounding = new AsyncLocalStorage<{ lease: string; name: string; open: boolean }>();

/**
 * The tools of one attempt.
 * @param abort  aborted when a write of a step shows that the lease is somebody else's
 */
export function openTools(
  writers: { progress: ProgressWriter; steps: StepWriter; logs: LogWriter },
  hold: Hold,
  abort: AbortController,
): {
  tools: AttemptTools;
  /** The attempt is over: nothing more is heard. Settles when all it has said is written. */
  close(): Promise<void>;
} {
  const { progress, steps, logs } = writers;
  const { signal } = abort;
  const names = new Set<string>();
  let over = false;

  /** @param step  undefined: the one that the caller runs in, if any */
  function createLog(step?: string): TaskLog {
    return createTaskLog((level, message, fields) => {
      if (over) return;
      const around = surrounding.getStore();
      const name = step ?? (around?.lease === hold.lease ? around.name : null);
      logs.add(hold, name, toLogEntry(level, textOf(message), fields));
    });
  }

  function checkStep(name: unknown, work: unknown): void {
    const around = surrounding.getStore();
    const fault =
      stepNameFault(name) ?? (typeof work === 'function' ? null : `the step ${JSON.stringify(name)} has no function to do it`);
    if (fault !== null) throw refused('INVALID_STEP', fault);
    if (over) throw refused('ATTEMPT_OVER', `the step "${String(name)}" was begun after its attempt had ended`);
    if (around?.lease === hold.lease && around.open) {
      const message = `the step "${String(name)}" was begun inside of the step "${around.name}": steps may run side by side, not in each other`;
      throw refused('NESTED_STEP', message);
    }
    if (names.has(String(name))) throw refused('DUPLICATE_STEP', `there are two steps named "${String(name)}" in this attempt`);
    names.add(String(name));
  }

  function lost(): never {
    abort.abort(LEASE_LOST);
    // Aborted before, it keeps its first reason.
    throw signal.reason;
  }

  async function doStep(name: string, work: (step: StepContext) => unknown): Promise<unknown> {
    checkStep(name, work);
    const begun = await steps.begin(hold, name, signal);
    if (begun === null) lost();
    if (begun.remembered) return begun.output;
    const around = { lease: hold.lease, name, open: true };
    let output: unknown;
    try {
      output = (await surrounding.run(around, async () => work({ signal, log: createLog(name) }))) ?? null;
      const fault = outputFault(output);
      if (fault !== null) throw refused('INVALID_OUTPUT', `the step "${name}": ${fault}`);
      // As a later attempt gets it: what would differ then differs at once.
      output = JSON.parse(JSON.stringify(output));
    } catch (error) {
      around.open = false;
      // What an attempt still does when it has been told to stop is not recorded: its steps have ended as it has.
      if (over || signal.aborted) throw error;
      if (!(await steps.finish(hold, name, { error: thrownError(error) }, signal))) lost();
      throw error;
    }
    around.open = false;
    signal.throwIfAborted();
    if (!over && !(await steps.finish(hold, name, { output }, signal))) lost();
    return output;
  }

  return {
    tools: {
      progress: (...words) => {
        if (!over) progress.say(hold, ...words);
      },
      step: doStep as AttemptTools['step'],
      log: createLog(),
    },
    async close() {
      over = true;
      steps.forget(hold);
      await progress.flush(hold);
      await logs.flush(hold);
    },
  };
}

function refused(code: string, message: string): TaskError {
  return new TaskError(code, message, { retryable: false });
}
