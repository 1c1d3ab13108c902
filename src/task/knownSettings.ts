import type { TaskDefinition, TaskRetention, TaskRetry, TaskSchedule } from './defineTask.ts';

type Known<T> = { readonly [Setting in keyof Required<T>]: true | Known<object> };

const RETRY = {
  maxAttempts: true,
  initialInterval: true,
  backoffCoefficient: true,
  maxInterval: true,
  jitter: true,
  nonRetryableErrors: true,
} as const satisfies Known<TaskRetry>;
const RETENTION = { runs: true, count: true } as const satisfies Known<TaskRetention>;
const SCHEDULE = {
  name: true,
  trigger: true,
  description: true,
  timeZone: true,
  overlapPolicy: true,
  bufferLimit: true,
  input: true,
  labels: true,
  pauseAfterFailures: true,
  startAt: true,
  endAt: true,
  spread: true,
  jitter: true,
  maxRuns: true,
  dst: {
    gap: true,
    overlap: true,
  },
  misfire: {
    mode: true,
    graceTime: true,
    catchupWindow: true,
    maxCatchupRuns: true,
  },
  execution: {
    timeout: true,
    retry: RETRY,
    priority: true,
  },
} as const satisfies Known<TaskSchedule>;
const TASK = {
  key: true,
  group: true,
  name: true,
  description: true,
  input: true,
  scope: true,
  labels: true,
  timeout: true,
  priority: true,
  initialDelay: true,
  concurrency: true,
  isolation: true,
  memoryLimitMb: true,
  schedules: true,
  run: true,
  retry: RETRY,
  retention: RETENTION,
} as const satisfies Known<TaskDefinition>;

/**
 * Settings of a definition that nobody knows, as paths: a misspelt one would be left out in silence, which types tell of in TypeScript
 * only. What stands in triggers, inputs and labels is looked at by those who read them.
 */
export function unknownSettings(definition: object): string[] {
  const { schedules } = definition as { schedules?: unknown };
  const declared = Array.isArray(schedules) ? (schedules as unknown[]) : [];
  return [
    ...unknownIn(definition, TASK, ''),
    ...declared.flatMap((schedule, index) => unknownIn(schedule, SCHEDULE, `schedules.${index}.`)),
  ];
}

function unknownIn(given: unknown, known: Known<object>, path: string): string[] {
  if (given === null || typeof given !== 'object') return [];
  return Object.entries(given).flatMap(([setting, value]) => {
    const of = (known as Record<string, true | Known<object> | undefined>)[setting];
    if (of === undefined) return [`${path}${setting}`];
    return of === true ? [] : unknownIn(value, of, `${path}${setting}.`);
  });
}
