import assert from 'node:assert/strict';
import { compileTrigger } from '../../src/trigger/compile.ts';
import type {
  AtTrigger,
  CalendarIntervalTrigger,
  CalendarTexts,
  CalendarTrigger,
  CronTrigger,
  DayMatch,
  DstGap,
  DstOverlap,
  IntervalTrigger,
  Trigger,
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

export function calendar(
  fields: CalendarTexts,
  timeZone = 'UTC',
  dst: { gap: DstGap | null; overlap: DstOverlap | null } = CONTEXT.dst,
): CalendarTrigger {
  const result = compileTrigger({ calendar: { ...fields, timeZone } }, { ...CONTEXT, dst });
  assert.ok(result.ok && result.trigger.kind === 'CALENDAR', `${JSON.stringify(fields)}: ${JSON.stringify(result)}`);
  return result.trigger;
}

export function calendarInterval(
  input: { every: string; at: string; startOn?: string; timeZone?: string },
  dst: { gap: DstGap | null; overlap: DstOverlap | null } = CONTEXT.dst,
): CalendarIntervalTrigger {
  const result = compileTrigger({ calendarInterval: input }, { ...CONTEXT, dst });
  assert.ok(result.ok && result.trigger.kind === 'CALENDAR_INTERVAL', `${JSON.stringify(input)}: ${JSON.stringify(result)}`);
  return result.trigger;
}

export function interval(every: string, anchorAt?: string): IntervalTrigger {
  const result = compileTrigger({ interval: { every, ...(anchorAt !== undefined && { anchorAt }) } }, CONTEXT);
  assert.ok(result.ok && result.trigger.kind === 'INTERVAL', `${every}: ${JSON.stringify(result)}`);
  return result.trigger;
}

export function at(
  input: { times?: string[]; localTimes?: string[]; timeZone?: string },
  dst: { gap: DstGap | null; overlap: DstOverlap | null } = CONTEXT.dst,
): AtTrigger {
  const result = compileTrigger({ at: input }, { ...CONTEXT, dst });
  assert.ok(result.ok && result.trigger.kind === 'AT', JSON.stringify(result));
  return result.trigger;
}

/** The errors of a refusal, each as `at.localTimes.3: message`; fails when the spec is accepted. */
export function faults(spec: unknown): string[] {
  const result = compileTrigger(spec as TriggerSpec, CONTEXT);
  if (result.ok) assert.fail(`accepted: ${JSON.stringify(spec).slice(0, 200)}`);
  return result.errors.map((error) => `${error.path.join('.')}: ${error.message}`);
}

/** The messages of a refusal; fails when the spec is accepted. */
export function refusals(spec: TriggerSpec): string[] {
  const result = compileTrigger(spec, CONTEXT);
  assert.ok(!result.ok, `accepted: ${JSON.stringify(spec).slice(0, 200)}`);
  return result.errors.map((error) => error.message);
}

/** Occurrences as wall clock with offset, e.g. `2026-03-29T03:00+02:00`. */
export function localTimes(trigger: Trigger, from: string, until: string): string[] {
  return trigger.between(Date.parse(from), Date.parse(until), 1000).map((at) => {
    const { local, offset } = trigger.fireTime(at);
    return local.replace(/:00$/, '') + offset;
  });
}
