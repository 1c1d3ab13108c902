import type { z } from 'zod';
import type { RunError } from '../../domain/runError.ts';
import type { CodeTask, TaskContext } from '../defineTask.ts';
import type { TaskOutcome } from '../outcome.ts';
import type { Threads } from '../threads.ts';

/** The attempt that a handler is called for. */
export interface CodeRun extends Omit<TaskContext<unknown>, 'input' | 'query'> {
  taskKey: string;
  input: Record<string, unknown> | null;
}
type Query = TaskContext<unknown>['query'];

const MAX_FAULTS = 5;

/**
 * Calls the handlers of code tasks.
 * @param queryFor  the API as the task of this key may ask it
 * @param threads   for tasks that ask for one of their own; without it the caller's thread is it
 */
export function createCodeExecutor(tasks: readonly CodeTask[], queryFor: (taskKey: string) => Query, threads?: Threads) {
  const byKey = new Map(tasks.map((task) => [task.definition.key, task]));
  return {
    /** @throws whatever the handler throws */
    async execute(run: CodeRun): Promise<TaskOutcome> {
      const { taskKey, input, ...context } = run;
      const task = byKey.get(taskKey);
      if (task === undefined) return { ok: false, error: noCode(taskKey) };
      const { isolation, memoryLimitMb } = task.definition;
      if (threads !== undefined && isolation === 'THREAD')
        return threads.execute({ file: fileOf(task), memoryLimitMb }, { ...run, query: queryFor(taskKey) });
      const checked = await checkInput(task, input);
      if (!checked.ok) return checked;
      const output = await task.definition.run({ ...context, input: checked.input, query: queryFor(taskKey) });
      return { ok: true, output: output ?? null };
    },
  };
}

/** Tasks without one are not registered. */
function fileOf({ definition: { key }, file }: CodeTask): string {
  if (file === undefined) throw new Error(`the task "${key}" has no module that a thread could import`);
  return file;
}

async function checkInput(
  { definition }: CodeTask,
  input: Record<string, unknown> | null,
): Promise<{ ok: true; input: unknown } | { ok: false; error: RunError }> {
  if (definition.input === undefined) return { ok: true, input: input ?? {} };
  const parsed = await definition.input.safeParseAsync(input ?? {});
  return parsed.success ? { ok: true, input: parsed.data } : { ok: false, error: invalidInput(parsed.error) };
}

/** Trying again would not help: the input of a run does not change. */
function invalidInput({ issues }: z.ZodError): RunError {
  const faults = issues.slice(0, MAX_FAULTS).map(({ path, message }) => `${['input', ...path].join('.')}: ${message}`);
  if (issues.length > MAX_FAULTS) faults.push(`and ${issues.length - MAX_FAULTS} more`);
  return { code: 'INVALID_INPUT', name: 'InvalidInput', message: faults.join('; '), retryable: false };
}

/** The queues of tasks whose code is not here are not asked, so this is a delivery that lost its way. */
function noCode(taskKey: string): RunError {
  return { code: 'NO_CODE', name: 'NoCode', message: `this worker has no code for the task "${taskKey}"`, retryable: true };
}
