import { isDeepStrictEqual } from 'node:util';
import type { RetryPolicy } from '../domain/execution.ts';
import { listLabels } from '../domain/labels.ts';
import type { ScheduleDefinition } from '../store/schedules.ts';
import { formatDuration } from '../trigger/duration.ts';
import { BLANK } from './definition.ts';

/** A definition in the shape of ScheduleSpecInput, as JSON. */
export type ScheduleSpec = Record<string, unknown> & { name: string };

/**
 * What createSchedule takes to make the same definition: name, task and trigger, and of all else what is not as of a schedule about
 * which nothing is said. Two definitions are the same when their specs are.
 * @param taskKey  null: the task is named by its id
 */
export function specOf(definition: ScheduleDefinition, taskKey: string | null): ScheduleSpec {
  const { name, taskId, triggerSpec, timeZone, dst, startAt, endAt, overlapPolicy, bufferLimit, misfire } = definition;
  const { description, spreadMs, jitterMs, maxRuns, execution, input, labels, pauseAfterFailures } = definition;
  const spec = {
    name,
    task: taskKey === null ? { id: taskId } : { key: taskKey },
    trigger: triggerSpec,
    description: description ?? undefined,
    timeZone: unless(timeZone, BLANK.timeZone),
    dst: dst.gap === null && dst.overlap === null ? undefined : { gap: dst.gap ?? undefined, overlap: dst.overlap ?? undefined },
    startAt: startAt?.toISOString(),
    endAt: endAt?.toISOString(),
    spread: durationUnless(spreadMs, BLANK.spreadMs),
    jitter: durationUnless(jitterMs, BLANK.jitterMs),
    maxRuns: maxRuns ?? undefined,
    overlapPolicy: unless(overlapPolicy, BLANK.overlapPolicy),
    bufferLimit: unless(bufferLimit, BLANK.bufferLimit),
    misfire: isDeepStrictEqual({ ...misfire }, BLANK.misfire)
      ? undefined
      : {
          mode: unless(misfire.mode, BLANK.misfire.mode),
          graceTime: durationUnless(misfire.graceMs, BLANK.misfire.graceMs),
          catchupWindow: durationUnless(misfire.catchupWindowMs, BLANK.misfire.catchupWindowMs),
          maxCatchupRuns: unless(misfire.maxCatchupRuns, BLANK.misfire.maxCatchupRuns),
        },
    execution: execution === null ? undefined : executionOf(execution),
    input: input ?? undefined,
    labels: Object.keys(labels).length === 0 ? undefined : listLabels(labels),
    pauseAfterFailures: pauseAfterFailures ?? undefined,
  };
  // As it is after a way over the wire or through the database: comparable, and without what is undefined.
  return JSON.parse(JSON.stringify(spec)) as ScheduleSpec;
}

/** The fields of ScheduleSpecInput in which two specs differ. */
export function differingFields(before: ScheduleSpec, after: ScheduleSpec): string[] {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...names].filter((name) => !isDeepStrictEqual(before[name], after[name]));
}

function executionOf({ timeoutMs, retry, priority }: NonNullable<ScheduleDefinition['execution']>) {
  return {
    timeout: timeoutMs === null ? undefined : formatDuration(timeoutMs),
    priority: priority ?? undefined,
    retry: retry === null ? undefined : retryOf(retry),
  };
}

/** Said in full but for what is null: a retry policy replaces the task's whole, and its defaults are those of the input. */
function retryOf(retry: RetryPolicy) {
  const { maxAttempts, initialIntervalMs, backoffCoefficient, maxIntervalMs, jitterMs, nonRetryableErrors } = retry;
  return {
    maxAttempts,
    initialInterval: formatDuration(initialIntervalMs),
    backoffCoefficient,
    maxInterval: maxIntervalMs === null ? undefined : formatDuration(maxIntervalMs),
    jitter: durationUnless(jitterMs, 0),
    nonRetryableErrors: nonRetryableErrors.length === 0 ? undefined : nonRetryableErrors,
  };
}

const unless = <T>(value: T, usual: T): T | undefined => (value === usual ? undefined : value);
const durationUnless = (ms: number, usual: number): string | undefined => (ms === usual ? undefined : formatDuration(ms));
