import { AsyncLocalStorage } from 'node:async_hooks';
import { pathToFileURL } from 'node:url';
import { workerData } from 'node:worker_threads';
import type { MessagePort } from 'node:worker_threads';
import { MAX_LOG_BYTES, MAX_LOG_LINES, toLogEntry } from '../domain/logLine.ts';
import { outputFault } from '../domain/storableJson.ts';
import { TaskError, isCodeTask } from './defineTask.ts';
import type { StepContext, TaskContext, TaskLog } from './defineTask.ts';
import { createCodeExecutor } from './kinds/code.ts';
import { invalidOutput } from './outcome.ts';
import { provideSdk } from './provideSdk.ts';
import { createTaskLog } from './taskLog.ts';
import { textOf } from './textOf.ts';
import { packError, unpackError } from './threadMessages.ts';
import type { FromThread, SentError, ThreadStart, ToThread } from './threadMessages.ts';

/**
 * One attempt of one task, inside of the thread that was made for it (threads.ts is the other end of the port). What a step, a line or a
 * question does is decided there; here they are only asked for.
 */

/** Dense words of progress overtake each other here already: they are written far less often. */
const PROGRESS_MS = 100;
const MAX_PROGRESS_CHARS = 500;
/** Steps and questions that are open at a time: a loop that begins them without waiting must not fill the server's memory. */
const MAX_CALLS = 10_000;

const { port, file, run } = workerData as ThreadStart & { port: MessagePort };
const abort = new AbortController();
const calls = new Map<number, PromiseWithResolvers<unknown>>();
/** Steps by their call, with what their work has thrown. */
const steps = new Map<number, { name: unknown; work: (step: StepContext) => unknown; thrown?: unknown }>();
/** The step that a piece of code runs in, by its call. */
const surrounding = new AsyncLocalStorage<number>();
const within = () => surrounding.getStore() ?? null;
const send = (message: FromThread) => port.postMessage(message);
let lastCall = 0;

async function ask<Result>(describe: (call: number) => FromThread): Promise<Result> {
  if (calls.size >= MAX_CALLS) {
    const message = `${MAX_CALLS} steps and questions of this attempt are open already: wait for some of them first`;
    throw new TaskError('TOO_MANY_CALLS', message, { retryable: false });
  }
  const call = ++lastCall;
  const answer = Promise.withResolvers<unknown>();
  calls.set(call, answer);
  try {
    send(describe(call));
    return (await answer.promise) as Result;
  } finally {
    calls.delete(call);
    steps.delete(call);
  }
}

function hear(message: ToThread): void {
  switch (message.type) {
    case 'abort':
      abort.abort(message.reason);
      return;
    case 'work':
      void doWork(message.call);
      return;
    case 'answer': {
      const call = calls.get(message.call);
      if (message.ok) call?.resolve(JSON.parse(message.json));
      else call?.reject(thrownBy(message.call, message.error));
      return;
    }
    default:
      message satisfies never;
  }
}

function thrownBy(call: number, error: SentError | 'OWN' | 'STOPPED'): unknown {
  if (error === 'STOPPED') return abort.signal.reason;
  return error === 'OWN' ? steps.get(call)?.thrown : unpackError(error);
}

async function doWork(call: number): Promise<void> {
  const step = steps.get(call);
  if (step === undefined) return;
  try {
    const output = await surrounding.run(call, async () => step.work({ signal: abort.signal, log: createLog(call) }));
    send({ type: 'worked', call, json: toJson(output, String(step.name)) });
  } catch (error) {
    step.thrown = error;
    send({ type: 'failed', call, error: packError(error) });
  }
}

/** @throws TaskError INVALID_OUTPUT: the size is looked at here, where the value is, before it travels */
function toJson(output: unknown, step: string): string {
  const fault = outputFault(output);
  if (fault !== null) throw new TaskError('INVALID_OUTPUT', `the step "${step}": ${fault}`, { retryable: false });
  return JSON.stringify(output ?? null);
}

/** What goes beyond what a run keeps is not sent: a loop that writes lines must not keep the server busy. */
const said = { lines: 0, bytes: 0 };
function createLog(step: number | null): TaskLog {
  return createTaskLog((level, words, more) => {
    // The first line beyond is sent: by it the run's log says that there was more.
    if (said.lines > MAX_LOG_LINES || said.bytes > MAX_LOG_BYTES) return;
    const { message, fields, bytes } = toLogEntry(level, textOf(words), more);
    said.lines += 1;
    said.bytes += bytes;
    send({ type: 'log', level, message, fields, within: within(), step });
  });
}

let progress: Extract<FromThread, { type: 'progress' }> | null = null;
let progressAt = -Infinity;
let progressTimer: NodeJS.Timeout | undefined;
function sendProgress(): void {
  clearTimeout(progressTimer);
  progressTimer = undefined;
  if (progress !== null) send(progress);
  progress = null;
  progressAt = performance.now();
}
function sayProgress(done: unknown, total?: unknown, message?: unknown): void {
  if (typeof done !== 'number' || !Number.isFinite(done) || done < 0) return;
  progress = {
    type: 'progress',
    done,
    total: typeof total === 'number' ? total : undefined,
    message: message === undefined ? undefined : String(message).slice(0, MAX_PROGRESS_CHARS),
  };
  // The clock is asked as well: in a loop that never rests no timer fires.
  if (performance.now() - progressAt >= PROGRESS_MS) sendProgress();
  else progressTimer ??= setTimeout(sendProgress, PROGRESS_MS).unref();
}

function doStep(name: unknown, work: unknown): Promise<unknown> {
  return ask((call) => {
    const hasWork = typeof work === 'function';
    if (hasWork) steps.set(call, { name, work: work as (step: StepContext) => unknown });
    return { type: 'step', call, name: typeof name === 'string' ? name : null, hasWork, within: within() };
  });
}

function query(document: unknown, variables: Record<string, unknown> = {}): Promise<unknown> {
  return ask((call) => ({ type: 'query', call, document: String(document), variables: JSON.stringify(variables) }));
}

async function attempt(): Promise<FromThread> {
  let exported: unknown[];
  try {
    provideSdk();
    exported = Object.values((await import(pathToFileURL(file).href)) as Record<string, unknown>);
  } catch (error) {
    return { type: 'broken', message: error instanceof Error ? error.message : textOf(error) };
  }
  const executor = createCodeExecutor(exported.filter(isCodeTask), () => query as TaskContext<unknown>['query']);
  try {
    const outcome = await executor.execute({
      ...run,
      signal: abort.signal,
      progress: sayProgress,
      step: doStep as TaskContext<unknown>['step'],
      log: createLog(null),
    });
    if (!outcome.ok) return { type: 'refused', error: outcome.error };
    const error = invalidOutput(outcome.output);
    return error === null ? { type: 'succeeded', json: JSON.stringify(outcome.output) } : { type: 'refused', error };
  } catch (error) {
    return { type: 'threw', error: packError(error) };
  }
}

port.on('message', hear);
const end = await attempt();
sendProgress();
send(end);
