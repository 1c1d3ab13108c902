import { z } from 'zod';
import type { InputSchema } from '../domain/inputSchema.ts';
import type { DstGap, DstOverlap, TriggerSpec } from '../trigger/trigger.ts';
import { unknownSettings } from './knownSettings.ts';

export { z } from 'zod';

/**
 * What authors of code tasks write with: `import { defineTask, z } from 'carillon'` in a module of the tasks folder. Each exported
 * task is registered when a server starts, and can then be scheduled and triggered like any other.
 */

/**
 * Writes lines to the log of the run. It never throws and never waits; lines are stored and streamed within about 100 ms.
 * Of a message 4,000 characters are kept; fields are an object of up to 8 KiB as JSON.
 */
export interface TaskLog {
  trace(message: string, fields?: Record<string, unknown>): void;
  debug(message: string, fields?: Record<string, unknown>): void;
  info(message: string, fields?: Record<string, unknown>): void;
  warn(message: string, fields?: Record<string, unknown>): void;
  error(message: string, fields?: Record<string, unknown>): void;
}

/** What the function of a step gets. */
export interface StepContext {
  /** That of the attempt. */
  signal: AbortSignal;
  /** Its lines carry the name of the step wherever they are written. */
  log: TaskLog;
}

/** What a handler gets. */
export interface TaskContext<Input> {
  /** As the schema made it: defaults filled in, unknown keys removed. */
  input: Input;
  /** The same for every attempt of a run: a key for making what it does happen once. */
  runId: string;
  /** From 1. */
  attempt: number;
  /** Nominal instant of the occurrence. */
  scheduledFor: Date;
  /**
   * Aborted when the attempt must end: its time limit, a cancel, a shutdown, a lease that was lost. `reason` is `{ code, message }`.
   * What the handler does after that is not recorded any more.
   */
  signal: AbortSignal;
  /**
   * Says how far the work is; cheap to call often, stored and streamed about twice a second.
   * @param done   in any unit, not below 0
   * @param total  in the same unit; without it no percentage can be shown
   */
  progress(done: number, total?: number, message?: string): void;
  /**
   * Does a part of the work once, however many attempts the run takes: a later attempt gets the output that was stored, and `work` is
   * not called. What it throws fails the step, and the next attempt does the step again. Steps may run side by side, not in each other.
   * @param name  1 to 200 characters, different for each step of an attempt
   * @returns the output as JSON gives it back; a Date has become a text, and nothing null
   * @throws TaskError DUPLICATE_STEP, NESTED_STEP, INVALID_STEP, INVALID_OUTPUT: not to be tried again
   */
  step<Output>(name: string, work: (step: StepContext) => Output): Promise<Awaited<Output>>;
  /** Lines that are written inside of a step carry its name. */
  log: TaskLog;
  /**
   * Asks this server's own GraphQL API, with the rights of a VIEWER.
   * @returns `data`
   * @throws Error with the messages when the answer has errors
   */
  query<Data>(document: string, variables?: Record<string, unknown>): Promise<Data>;
}

/** Durations are ISO 8601 texts such as PT10M. */
export interface TaskRetry {
  /** 1 to 100; 1: at most once */
  maxAttempts: number;
  initialInterval?: string;
  backoffCoefficient?: number;
  maxInterval?: string;
  jitter?: string;
  /** Codes of TaskError that end the run at once. */
  nonRetryableErrors?: string[];
}

/** Each part limits by itself. */
export interface TaskRetention {
  /** Removed this long after their end, in place of what the server says; PT1H to P36500D. */
  runs?: string;
  /** Of each schedule the newest so many, and as many of those without one; 1 to 100000. */
  count?: number;
}

/** A schedule that comes with the task, in the words of the API's ScheduleSpecInput. It is kept as the code says. */
export interface TaskSchedule {
  /** unique among all schedules */
  name: string;
  trigger: TriggerSpec;
  description?: string;
  timeZone?: string;
  dst?: { gap?: DstGap; overlap?: DstOverlap };
  overlapPolicy?: 'SKIP' | 'BUFFER_ONE' | 'BUFFER_ALL' | 'CANCEL_OTHER' | 'TERMINATE_OTHER' | 'ALLOW_ALL';
  /** BUFFER_ALL: most occurrences that wait at once; default 100. */
  bufferLimit?: number;
  /** `graceTime` below PT5S counts fires as late that are only the usual milliseconds late. */
  misfire?: { mode?: 'SKIP' | 'FIRE_ONCE' | 'FIRE_ALL'; graceTime?: string; catchupWindow?: string; maxCatchupRuns?: number };
  execution?: { timeout?: string; retry?: TaskRetry; priority?: number };
  input?: Record<string, unknown>;
  /** Text by key, for filters; runs get them, over those of the task. */
  labels?: Record<string, string>;
  /** 1 to 1000: so many runs in a row may fail before the schedule is paused. Without it: any number. */
  pauseAfterFailures?: number;
  /** Occurrences outside of [startAt, endAt] do not exist; ISO instants. */
  startAt?: string | Date;
  endAt?: string | Date;
  /** Not both; at most P1D. */
  spread?: string;
  jitter?: string;
  /** After so many runs on time or made up for it is completed. */
  maxRuns?: number;
}

export interface TaskDefinition<Schema extends z.ZodType = z.ZodType> {
  /** What schedules and scripts call it by: letters, digits and . _ - / : up to 200 characters. */
  key: string;
  /** default: `code` */
  group?: string;
  /** default: the key */
  name?: string;
  description?: string;
  /** A zod schema of an object. Inputs are checked against it when they are written and again when a run starts. */
  input?: Schema;
  /** GLOBAL (default): one run somewhere. LOCAL: one run on every live worker that has the code. */
  scope?: 'GLOBAL' | 'LOCAL';
  /** Text by key, for filters; runs get them. */
  labels?: Record<string, string>;
  /** For each attempt; default PT15M. */
  timeout?: string;
  retry?: TaskRetry;
  /** -100 to 100; of runs that wait for a worker the higher goes first. Default 0. */
  priority?: number;
  /** For so long after its start a worker takes no run of it, on every start; others go on. At most P1D; default: not at all. */
  initialDelay?: string;
  /** Most runs at once in the whole cluster, of all its schedules together; default: any number. Not for LOCAL. */
  concurrency?: number;
  /** What is kept of its runs that have ended; default: as long as the server says. */
  retention?: TaskRetention;
  /**
   * NONE (default): attempts run in the server's own thread. THREAD: each attempt runs in a thread of its own, which imports the module
   * anew and is ended when the attempt must end and its code does not; a loop that calculates holds up nobody.
   */
  isolation?: 'NONE' | 'THREAD';
  /** Of the JavaScript heap of such a thread, 32 to 65536; beyond it the attempt fails with OUT_OF_MEMORY. Default: as Node decides. */
  memoryLimitMb?: number;
  schedules?: TaskSchedule[];
  /** Does the work. What it answers is the run's output, as JSON; what it throws fails the attempt (TaskError says how). */
  run(context: TaskContext<z.output<Schema>>): unknown;
}

/** A task as the server takes it. */
export interface CodeTask {
  readonly definition: TaskDefinition;
  /** JSON Schema of what may be given as input; null when anything may. */
  readonly inputSchema: InputSchema | null;
  /** The module that it lies in, absolute; only of what was loaded from the tasks folder. */
  readonly file?: string;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._\-/:]{0,199}$/;
/** With less a thread has no room for what every task imports. */
const MEMORY_LIMIT_MB = [32, 65_536] as const;
/** Tasks may come from another copy of this module (a package of their own), so no class could tell them. */
const BRAND = Symbol.for('carillon.task');

/**
 * Makes a task of a definition.
 * @throws TypeError naming what is wrong with the definition; its durations and schedules, and whether its input's JSON Schema can be
 *         compiled, are checked when it is registered: each thread of a task comes through here, and a compiler takes long to load
 */
export function defineTask<Schema extends z.ZodType = z.ZodType>(definition: TaskDefinition<Schema>): CodeTask {
  const { key, scope, run, input } = definition;
  if (typeof key !== 'string' || !KEY.test(key)) {
    throw new TypeError(
      `key ${JSON.stringify(key)} is not allowed: letters, digits and . _ - / : up to 200 characters, starting with a letter or digit`,
    );
  }
  if (typeof run !== 'function') throw new TypeError(`task "${key}" has no function run`);
  if (scope !== undefined && scope !== 'GLOBAL' && scope !== 'LOCAL')
    throw new TypeError(`task "${key}": scope ${JSON.stringify(scope)} is not allowed: GLOBAL or LOCAL`);
  checkIsolation(definition);
  const unknown = unknownSettings(definition);
  if (unknown.length > 0) throw new TypeError(`task "${key}" has settings that there are not: ${unknown.join(', ')}`);
  const task: CodeTask = {
    definition: definition as unknown as TaskDefinition,
    inputSchema: input === undefined ? null : toInputSchema(key, input),
  };
  return Object.freeze(Object.assign(task, { [BRAND]: true }));
}

function checkIsolation({ key, isolation, memoryLimitMb }: Pick<TaskDefinition, 'key' | 'isolation' | 'memoryLimitMb'>): void {
  if (isolation !== undefined && isolation !== 'NONE' && isolation !== 'THREAD')
    throw new TypeError(`task "${key}": isolation ${JSON.stringify(isolation)} is not allowed: NONE or THREAD`);
  if (memoryLimitMb === undefined) return;
  if (isolation !== 'THREAD')
    throw new TypeError(`task "${key}": memoryLimitMb is for tasks with a thread of their own: isolation: 'THREAD'`);
  const [min, max] = MEMORY_LIMIT_MB;
  if (!Number.isInteger(memoryLimitMb) || memoryLimitMb < min || memoryLimitMb > max)
    throw new TypeError(`task "${key}": memoryLimitMb ${JSON.stringify(memoryLimitMb)} is not allowed: ${min} to ${max}, whole`);
}

export function isCodeTask(value: unknown): value is CodeTask {
  return typeof value === 'object' && value !== null && BRAND in value;
}

/** Thrown by a handler: fails the attempt with a code of its own. */
export class TaskError extends Error {
  override readonly name = 'TaskError';
  /** UPPER_SNAKE and stable: `retry.nonRetryableErrors` is matched against it. */
  readonly code: string;
  readonly retryable: boolean;
  /** @param options.retryable  false: no further attempt whatever the retry policy says */
  constructor(code: string, message: string, options: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? true;
  }
}

/** What may be given, not what comes out: a field with a default need not be there. */
function toInputSchema(key: string, schema: z.ZodType): InputSchema {
  let described: InputSchema;
  try {
    described = z.toJSONSchema(schema, { io: 'input', target: 'draft-2020-12' }) as InputSchema;
  } catch (error) {
    throw new TypeError(`task "${key}": its input cannot be described as JSON Schema: ${(error as Error).message}`, {
      cause: error,
    });
  }
  if (described['type'] !== 'object') throw new TypeError(`task "${key}": its input must be a z.object, as a run's input is one`);
  // What is stored is JSON: this is how it comes back, to be compared with.
  return JSON.parse(JSON.stringify(described)) as InputSchema;
}
