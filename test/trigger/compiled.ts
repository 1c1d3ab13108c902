import assert from 'node:assert/strict';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type {
  CronTrigger,
  DayMatch,
  DstGap,
  DstOverlap,
  IntervalTrigger,
  TriggerContext,
  TriggerSpec,
} from '../../src/trigger/trigger.ts';

export const CONTEXT: TriggerContext = { timeZone: 'UTC', dst: { gap: null, overlap: null }, anchorAt: Date.UTC(2026, 0, 1) };

export function cron(
  expression: string,
  timeZone = 'UTC',
  dst: { gap: DstGap | null; overlap: DstOverlap | null } = CONTEXT.dst,
  dayMatch: DayMatch = 'CRONTAB',
): CronTrigger {
  const result = compileTrigger({ cron: { expression, timeZone, dayMatch } }, { ...CONTEXT, dst });
  assert.ok(result.ok && result.trigger.kind === 'CRON', `${expression}: ${JSON.stringify(result)}`);
  return result.trigger;
}

export function interval(every: string, anchorAt?: string): IntervalTrigger {
  const result = compileTrigger({ interval: { every, ...(anchorAt !== undefined && { anchorAt }) } }, CONTEXT);
  assert.ok(result.ok && result.trigger.kind === 'INTERVAL', `${every}: ${JSON.stringify(result)}`);
  return result.trigger;
}

/** The messages of a refusal; fails when the spec is accepted. */
export function refusals(spec: TriggerSpec): string[] {
  const result = compileTrigger(spec, CONTEXT);
  assert.ok(!result.ok, `accepted: ${JSON.stringify(spec).slice(0, 200)}`);
  return result.errors.map((error) => error.message);
}

/** Occurrences as wall clock with offset, e.g. `2026-03-29T03:00+02:00`. */
export function localTimes(trigger: CronTrigger, from: string, until: string): string[] {
  return trigger.between(Date.parse(from), Date.parse(until), 1000).map((at) => {
    const { local, offset } = trigger.fireTime(at);
    return local.replace(/:00$/, '') + offset;
  });
}
