import type { TriggerSpec } from './trigger.ts';

/** Deepest that a trigger may stand inside others; one that stands alone is 0 deep. */
export const DEEPEST = 5;

/**
 * The calendars that a trigger names, in order, each once.
 * @param spec  need not have compiled: what is no trigger names nothing, and what stands too deep is not looked at
 */
export function calendarNames(spec: TriggerSpec): string[] {
  const names = new Set<string>();
  collect(spec, 0, names);
  return [...names].sort();
}

function collect(spec: unknown, depth: number, names: Set<string>): void {
  if (depth > DEEPEST) return;
  const { anyOf, allOf, except, bounded } = Object(spec) as Record<string, unknown>;
  const inside = (entry: unknown): void => collect(entry, depth + 1, names);
  if (Array.isArray(anyOf)) anyOf.forEach(inside);
  const { triggers } = Object(allOf) as Record<string, unknown>;
  if (Array.isArray(triggers)) triggers.forEach(inside);
  inside((Object(bounded) as Record<string, unknown>)['trigger']);
  const { base, excluding } = Object(except) as Record<string, unknown>;
  inside(base);
  if (!Array.isArray(excluding)) return;
  for (const exclusion of excluding) {
    const { calendar, trigger } = Object(exclusion) as Record<string, unknown>;
    if (typeof calendar === 'string') names.add(calendar.trim());
    inside(trigger);
  }
}
