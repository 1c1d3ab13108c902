import type { LogLevel } from '../domain/logLine.ts';
import type { RunError } from '../domain/runError.ts';
import { TaskError } from './defineTask.ts';
import type { TaskContext } from './defineTask.ts';
import { textOf } from './textOf.ts';

/**
 * What an attempt in a thread of its own and its worker say to each other. Values travel as JSON text: what is not JSON is refused
 * where it arises, and both sides see the same.
 */

/** What the thread is given at its start. */
export interface ThreadStart {
  /** the module that the task lies in, absolute */
  file: string;
  run: Pick<TaskContext<unknown>, 'runId' | 'attempt' | 'scheduledFor'> & {
    taskKey: string;
    input: Record<string, unknown> | null;
  };
}

export type ToThread =
  | { type: 'abort'; reason: unknown }
  /** Do the work of the step that this call has begun. */
  | { type: 'work'; call: number }
  | ({ type: 'answer'; call: number } & Answer);

/** OWN: what the work of the step has thrown in the thread. STOPPED: the reason of the signal. */
type Answer = { ok: true; json: string } | { ok: false; error: SentError | 'OWN' | 'STOPPED' };

/** `within`: the call of the step that it was said in, `step`: that of the step whose own log it was said to; null: none. */
export type FromThread =
  | { type: 'log'; level: LogLevel; message: string; fields: unknown; within: number | null; step: number | null }
  | { type: 'progress'; done: number; total: number | undefined; message: string | undefined }
  | { type: 'step'; call: number; name: string | null; hasWork: boolean; within: number | null }
  | { type: 'worked'; call: number; json: string }
  | { type: 'failed'; call: number; error: SentError }
  | { type: 'query'; call: number; document: string; variables: string }
  | { type: 'succeeded'; json: string }
  | { type: 'refused'; error: RunError }
  | { type: 'threw'; error: SentError }
  | { type: 'broken'; message: string };

/** What makes an error tell the same on the other side. */
export interface SentError {
  name: string;
  message: string;
  stack: string | undefined;
  /** Only of a TaskError. */
  said: { code: string; retryable: boolean } | null;
}

/** An error may carry anything, even a message that cannot be read. */
export function packError(error: unknown): SentError {
  try {
    const known = error instanceof Error ? error : new Error(textOf(error));
    const { name, message, stack } = known;
    // By its name: a task may lie in a package with a copy of TaskError of its own.
    const isSaid = name === 'TaskError' && 'code' in known && typeof known.code === 'string';
    const said = isSaid ? { code: known.code as string, retryable: (known as TaskError).retryable !== false } : null;
    return { name: textOf(name), message: textOf(message), stack: stack === undefined ? stack : textOf(stack), said };
  } catch {
    return { name: 'Error', message: '(an error that cannot be read)', stack: undefined, said: null };
  }
}

export function unpackError({ name, message, stack, said }: SentError): Error {
  const error = said === null ? new Error(message) : new TaskError(said.code, message, { retryable: said.retryable });
  if (error.name !== name) Object.assign(error, { name });
  return Object.assign(error, stack === undefined ? {} : { stack });
}
