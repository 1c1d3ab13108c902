import { AsyncLocalStorage } from 'node:async_hooks';
import { MessageChannel, Worker, receiveMessageOnPort } from 'node:worker_threads';
import type { Clock } from '../clock.ts';
import { STOP_GRACE_MS } from '../domain/cancel.ts';
import type { RunError } from '../domain/runError.ts';
import type { Logger } from '../log.ts';
import type { StepContext, TaskContext, TaskLog } from './defineTask.ts';
import type { TaskOutcome } from './outcome.ts';
import { packError, unpackError } from './threadMessages.ts';
import type { FromThread, ThreadStart, ToThread } from './threadMessages.ts';

/** What an attempt needs of the server, wherever its code runs. */
type ThreadRun = ThreadStart['run'] & Pick<TaskContext<unknown>, 'signal' | 'progress' | 'step' | 'log' | 'query'>;
/** Where the code lies, and what it may use. */
interface ThreadTask {
  /** absolute */
  file: string;
  /** undefined: as much as Node gives a thread */
  memoryLimitMb: number | undefined;
}

/** Threads of attempts whose tasks ask for one. */
export interface Threads {
  /**
   * Runs one attempt in a thread of its own. When the signal aborts, the code may end by itself for as long as `STOP_GRACE_MS`; then
   * its thread is ended, whatever it does.
   * @returns settles when the code has ended; a thread that dies is an outcome: THREAD_ENDED, OUT_OF_MEMORY
   * @throws what the handler throws
   */
  execute(task: ThreadTask, run: ThreadRun): Promise<TaskOutcome>;
  /** Threads that there are. */
  count(): number;
  /** Ends them all. Code that is inside of a system call cannot be ended; it is waited for no longer than a second. */
  close(): Promise<void>;
}

const ENTRY = new URL('./thread.ts', import.meta.url);
const CLOSE_MS = 1_000;

export function createThreads({ clock, log }: { clock: Clock; log: Logger }): Threads {
  const threads = new Map<Worker, Promise<void>>();

  function execute({ file, memoryLimitMb }: ThreadTask, run: ThreadRun): Promise<TaskOutcome> {
    const { signal, taskKey, runId, attempt, scheduledFor, input } = run;
    const { port1: port, port2 } = new MessageChannel();
    const start: ThreadStart = { file, run: { taskKey, runId, attempt, scheduledFor, input } };
    const thread = new Worker(ENTRY, {
      name: taskKey,
      workerData: { ...start, port: port2 },
      transferList: [port2],
      ...(memoryLimitMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: memoryLimitMb } }),
    });
    const outcome = Promise.withResolvers<TaskOutcome>();
    const exited = Promise.withResolvers<void>();
    threads.set(thread, exited.promise);
    let cancelEnd: () => void = () => undefined;
    let death: RunError | undefined;

    function tell(): void {
      const { reason } = signal as { reason: { code?: string } };
      port.postMessage({ type: 'abort', reason } satisfies ToThread);
      cancelEnd = clock.after(STOP_GRACE_MS, () => {
        const what = `task "${taskKey}" of run ${runId} ignored that it is to end (${reason.code})`;
        log.warn({ task: taskKey, runId, attempt }, `${what}: its thread is ended`);
        void thread.terminate();
      });
    }
    const hear = createHearer(run, (message) => port.postMessage(message), {
      settle(result) {
        if (result instanceof Error) outcome.reject(result);
        else outcome.resolve(result);
        void thread.terminate();
      },
    });
    port.on('message', hear);
    thread.on('error', (error: NodeJS.ErrnoException) => (death = diedOf(error, memoryLimitMb)));
    thread.on('exit', (code) => {
      // What it has said last counts, also when it comes behind the news of its end.
      for (let last = receiveMessageOnPort(port); last !== undefined; last = receiveMessageOnPort(port)) hear(last.message);
      port.close();
      signal.removeEventListener('abort', tell);
      cancelEnd();
      threads.delete(thread);
      outcome.resolve({ ok: false, error: death ?? threadEnded(`with exit code ${code}, before the task did`) });
      exited.resolve();
    });
    if (signal.aborted) tell();
    else signal.addEventListener('abort', tell, { once: true });
    return outcome.promise;
  }

  return {
    execute,
    count: () => threads.size,
    async close() {
      const ends = [...threads].map(async ([thread, exited]) => {
        await thread.terminate();
        await exited;
      });
      let cancel: () => void = () => undefined;
      await Promise.race([Promise.all(ends), new Promise<void>((resolve) => (cancel = clock.after(CLOSE_MS, resolve)))]);
      cancel();
    },
  };
}

/** A step whose work is done in the thread. */
interface ThreadStep {
  log: TaskLog;
  /** Calls what it is given as if from inside of the step. */
  inside: (say: () => void) => void;
  done: PromiseWithResolvers<unknown>;
  /** What its work has thrown. */
  thrown?: Error;
}

/** Does what the thread of an attempt asks for, with the tools that code in this process would use. */
function createHearer(
  run: ThreadRun,
  send: (message: ToThread) => void,
  { settle }: { settle(result: TaskOutcome | Error): void },
): (message: FromThread) => void {
  const steps = new Map<number, ThreadStep>();
  const { signal } = run;
  const insideOf = (call: number | null, say: () => void) => {
    const step = call === null ? undefined : steps.get(call);
    if (step === undefined) say();
    else step.inside(say);
  };

  async function answer(call: number, work: () => Promise<unknown>): Promise<void> {
    try {
      send({ type: 'answer', call, ok: true, json: JSON.stringify((await work()) ?? null) });
    } catch (error) {
      const stopped = signal.aborted && error === signal.reason;
      const own = error !== undefined && error === steps.get(call)?.thrown;
      send({ type: 'answer', call, ok: false, error: stopped ? 'STOPPED' : own ? 'OWN' : packError(error) });
    }
  }

  function begin({ call, name, hasWork }: Extract<FromThread, { type: 'step' }>): Promise<void> {
    const work = ({ log }: StepContext): unknown => {
      const step: ThreadStep = { log, inside: AsyncLocalStorage.snapshot(), done: Promise.withResolvers<unknown>() };
      steps.set(call, step);
      send({ type: 'work', call });
      return step.done.promise;
    };
    return answer(call, () => run.step(name as string, hasWork ? work : (undefined as never)));
  }

  return (message) => {
    switch (message.type) {
      case 'log': {
        const { step, level, message: text, fields, within } = message;
        const to = (step === null ? undefined : steps.get(step)?.log) ?? run.log;
        const word = level.toLowerCase() as Lowercase<typeof level>;
        insideOf(within, () => to[word](text, (fields as Record<string, unknown> | null) ?? undefined));
        return;
      }
      case 'progress':
        run.progress(message.done, message.total, message.message);
        return;
      case 'step':
        insideOf(message.within, () => void begin(message));
        return;
      case 'worked':
        steps.get(message.call)?.done.resolve(JSON.parse(message.json));
        return;
      case 'failed': {
        const step = steps.get(message.call);
        if (step === undefined) return;
        step.thrown = unpackError(message.error);
        step.done.reject(step.thrown);
        return;
      }
      case 'query': {
        const { call, document, variables } = message;
        void answer(call, () => run.query(document, JSON.parse(variables) as Record<string, unknown>));
        return;
      }
      case 'succeeded':
        return settle({ ok: true, output: JSON.parse(message.json) as unknown });
      case 'refused':
        return settle({ ok: false, error: message.error });
      case 'threw':
        return settle(unpackError(message.error));
      case 'broken':
        return settle({
          ok: false,
          error: threadEnded(`before the task began: its module could not be imported: ${message.message}`),
        });
      default:
        message satisfies never;
    }
  };
}

function diedOf(error: NodeJS.ErrnoException, memoryLimitMb: number | undefined): RunError {
  if (error?.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    const limit = memoryLimitMb === undefined ? 'the limit of Node' : `its limit of ${memoryLimitMb} MB`;
    return {
      code: 'OUT_OF_MEMORY',
      name: 'OutOfMemory',
      message: `its thread needed more memory than ${limit}`,
      retryable: true,
    };
  }
  const { name, message, stack } = packError(error);
  return { ...threadEnded(`by an error that nothing caught: ${name}: ${message}`), ...(stack !== undefined && { stack }) };
}

function threadEnded(how: string): RunError {
  return { code: 'THREAD_ENDED', name: 'ThreadEnded', message: `its thread ended ${how}`, retryable: true };
}
