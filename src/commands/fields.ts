import { MAX_CATCHUP_RUNS } from '../domain/due.ts';
import type { MisfireMode, MisfirePolicy } from '../domain/due.ts';
import type { ExecutionSettings, RetryPolicy } from '../domain/execution.ts';
import { PRIORITIES } from '../domain/priority.ts';
import { invalid } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { jsonAlterations, storableJson } from '../domain/storableJson.ts';
import { countCharacters, isBlank, quoted } from '../domain/text.ts';
import { formatDuration, parseDuration } from '../trigger/duration.ts';

/** Checks of single input fields. Each adds what is wrong to `errors` and answers a usable value, so that all faults come at once. */
export class Fields {
  readonly errors: UserError[] = [];

  add(path: string[], message: string, constraint?: string): void {
    this.errors.push(invalid(path, message, constraint));
  }

  /** A text that may have lines: a description, a reason. */
  text(path: string[], value: string, limit: { min: number; max: number }): string {
    return this.characters(path, value, limit, ' but line breaks and tabs');
  }

  /** A text of one line: what things are called, listed and looked up by. */
  line(path: string[], value: string, limit: { min: number; max: number }): string {
    return this.characters(path, value, limit, '');
  }

  private characters(path: string[], value: string, { min, max }: { min: number; max: number }, except: string): string {
    const name = nameOf(path);
    const allowed = `${min} to ${max} characters, no control characters`;
    const count = countCharacters(value);
    const [bad] = (except === '' ? /[\p{Cc}\p{Cs}]/u : /(?![\n\t])[\p{Cc}\p{Cs}]/u).exec(value) ?? [];
    if (isBlank(value) && min > 0) {
      this.add(path, `${name} is blank; allowed are ${min} to ${max} characters.`, allowed);
    } else if (countCharacters(value.trim()) < min || count > max) {
      this.add(path, `${name} has ${count} characters; allowed are ${min} to ${max}.`, allowed);
    } else if (bad !== undefined) {
      const what = `${quoted(bad)}, a control character or half a surrogate pair`;
      this.add(path, `${name} ${quoted(value)} contains ${what}; allowed are ${allowed}${except}.`, allowed);
    }
    return value;
  }

  /** @returns milliseconds */
  duration(path: string[], value: string, limit: { minMs: number; maxMs: number }): number {
    const name = nameOf(path);
    const allowed = `${formatDuration(limit.minMs)} to ${formatDuration(limit.maxMs)}`;
    const parsed = parseDuration(value);
    if (!parsed.ok) {
      this.add(path, `${name} ${parsed.message}.`, allowed);
      return limit.minMs;
    }
    if (parsed.ms < limit.minMs || parsed.ms > limit.maxMs)
      this.add(path, `${name} is ${value}; allowed is ${allowed}.`, allowed);
    return parsed.ms;
  }

  number(path: string[], value: number, limit: { min: number; max: number }): number {
    if (!(value >= limit.min && value <= limit.max)) {
      const allowed = `${limit.min} to ${limit.max}`;
      this.add(path, `${path.at(-1)} is ${value}; allowed is ${allowed}.`, allowed);
    }
    return value;
  }

  /** The API does not let fractions in; code may. */
  wholeNumber(path: string[], value: number, limit: { min: number; max: number }): number {
    if (Number.isInteger(value)) return this.number(path, value, limit);
    const allowed = `a whole number from ${limit.min} to ${limit.max}`;
    this.add(path, `${path.at(-1)} is ${value}; allowed is ${allowed}.`, allowed);
    return value;
  }

  /** A JSON object that PostgreSQL can hold, and that comes out of it as it was sent. */
  object(path: string[], value: Record<string, unknown>): Record<string, unknown> {
    const text = storableJson(value);
    if (text === null) {
      this.add(path, `${path.at(-1)} holds a character that cannot be stored, or is nested deeper than 100 levels.`);
      return value;
    }
    const count = countCharacters(text);
    if (count > MAX_INPUT_CHARS) {
      const message = `${path.at(-1)} has ${count} characters as JSON; allowed are ${MAX_INPUT_CHARS}.`;
      this.add(path, message, `at most ${MAX_INPUT_CHARS} characters`);
    }
    this.unaltered(path, value);
    return value;
  }

  /** JSON that is stored: nothing of it may become something else. */
  unaltered(path: string[], value: unknown): void {
    for (const { path: inner, message, allowed } of jsonAlterations(value)) {
      const place = [...path, ...inner];
      this.add(place, `${nameOf(place)} ${message}.`, allowed);
    }
  }
}

/** The field as a message names it: an element of a list with its list. */
function nameOf(path: string[]): string {
  const last = path.at(-1) ?? '';
  return /^\d+$/.test(last) ? `${path.at(-2)}[${last}]` : last;
}

const MAX_INPUT_CHARS = 64 * 1024;
const DAY_MS = 86_400_000;
const WEEK_MS = 7 * DAY_MS;
const YEAR_MS = 366 * DAY_MS;

interface RetryInput {
  maxAttempts: number;
  initialInterval?: string | null | undefined;
  backoffCoefficient?: number | null | undefined;
  maxInterval?: string | null | undefined;
  jitter?: string | null | undefined;
  nonRetryableErrors?: readonly string[] | null | undefined;
}
export interface ExecutionInput {
  timeout?: string | null | undefined;
  retry?: RetryInput | null | undefined;
  priority?: number | null | undefined;
  /** Of tasks only: parseTaskExecution. */
  concurrency?: number | null | undefined;
}
export interface MisfireInput {
  mode?: MisfireMode | null | undefined;
  graceTime?: string | null | undefined;
  catchupWindow?: string | null | undefined;
  maxCatchupRuns?: number | null | undefined;
}

export function parseExecution(fields: Fields, path: string[], input: ExecutionInput): ExecutionSettings {
  const { timeout, retry, priority } = input;
  return {
    timeoutMs: timeout == null ? null : fields.duration([...path, 'timeout'], timeout, { minMs: 1, maxMs: WEEK_MS }),
    retry: retry == null ? null : parseRetry(fields, [...path, 'retry'], retry),
    priority: priority == null ? null : fields.wholeNumber([...path, 'priority'], priority, PRIORITIES),
  };
}

function parseRetry(fields: Fields, path: string[], input: RetryInput): RetryPolicy {
  const interval = (name: 'initialInterval' | 'maxInterval' | 'jitter', value: string) =>
    fields.duration([...path, name], value, { minMs: 0, maxMs: DAY_MS });
  const nonRetryableErrors = [...(input.nonRetryableErrors ?? [])];
  if (nonRetryableErrors.length > 50)
    fields.add([...path, 'nonRetryableErrors'], 'More than 50 error codes are given.', 'at most 50');
  nonRetryableErrors.forEach((code, index) =>
    fields.line([...path, 'nonRetryableErrors', String(index)], code, { min: 1, max: 100 }),
  );
  return {
    maxAttempts: fields.wholeNumber([...path, 'maxAttempts'], input.maxAttempts, { min: 1, max: 100 }),
    initialIntervalMs: interval('initialInterval', input.initialInterval ?? 'PT1S'),
    backoffCoefficient: fields.number([...path, 'backoffCoefficient'], input.backoffCoefficient ?? 2, { min: 1, max: 100 }),
    maxIntervalMs: input.maxInterval == null ? null : interval('maxInterval', input.maxInterval),
    jitterMs: input.jitter == null ? 0 : interval('jitter', input.jitter),
    nonRetryableErrors,
  };
}

export function parseMisfire(fields: Fields, path: string[], input: MisfireInput, defaults: MisfirePolicy): MisfirePolicy {
  const duration = (name: 'graceTime' | 'catchupWindow', fallback: number) => {
    const value = input[name];
    return value == null ? fallback : fields.duration([...path, name], value, { minMs: 0, maxMs: YEAR_MS });
  };
  const runs = input.maxCatchupRuns ?? defaults.maxCatchupRuns;
  return {
    mode: input.mode ?? defaults.mode,
    graceMs: duration('graceTime', defaults.graceMs),
    catchupWindowMs: duration('catchupWindow', defaults.catchupWindowMs),
    maxCatchupRuns: fields.wholeNumber([...path, 'maxCatchupRuns'], runs, { min: 1, max: MAX_CATCHUP_RUNS }),
  };
}
