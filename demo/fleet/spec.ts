import type { ApplySchedulesInput } from '../../src/commands/applyPlan.ts';

export type Spec = ApplySchedulesInput['schedules'][number];
type Definition = Omit<Spec, 'name' | 'task' | 'trigger' | 'timeZone' | 'labels'>;

/**
 * A schedule in one line.
 * @param labels  such as { env: 'prod' }
 */
export function schedule(
  name: string,
  task: string,
  trigger: NonNullable<Spec['trigger']>,
  timeZone: string,
  labels: Record<string, string>,
  more: Definition = {},
): Spec {
  return {
    name,
    task: { key: task },
    trigger,
    timeZone,
    labels: Object.entries(labels).map(([key, value]) => ({ key, value })),
    ...more,
  };
}

export const cron = (expression: string) => ({ cron: { expression } });
export const every = (duration: string) => ({ interval: { every: duration } });
export const PROD = { env: 'prod' };
export const STAGING = { env: 'staging' };
