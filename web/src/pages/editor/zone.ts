import { useForm } from '../../form/form.tsx';
import { moveWall, wallOf } from '../../time/wallClock.ts';
import type { Spec } from './spec.ts';

const zoneOf = (spec: Spec): string => (typeof spec['timeZone'] === 'string' ? spec['timeZone'] : 'UTC');

/** Of the schedule that is edited: what its wall clocks show. */
export const useZone = (): string => zoneOf(useForm().value);

/** The bounds are read on the schedule's clock: in another zone they are the same times of that clock. */
export function keepWalls(before: Spec, after: Spec): Spec {
  const [from, to] = [zoneOf(before), zoneOf(after)];
  if (from === to) return after;
  const moved = (['startAt', 'endAt'] as const).flatMap((name) => {
    const at = after[name];
    return typeof at === 'string' ? [[name, moveWall(at, from, to)]] : [];
  });
  return { ...after, ...Object.fromEntries(moved) };
}

/** What the clock of a zone shows now; of a zone that is none, UTC's. */
export function wallNow(zone: string): string {
  try {
    return wallOf(Date.now(), zone);
  } catch {
    return wallOf(Date.now(), 'UTC');
  }
}

/** The day on the schedule's clock. */
export const useToday = (): string => wallNow(useZone()).slice(0, 10);
