import type { Fire, MisfirePolicy, Skip } from '../../src/domain/due.ts';
import type { PlannedRun } from '../../src/domain/overlap.ts';

/** Instants of one fixed day, written as its clock shows them: `10:00`, `10:00:59.999`. */
export const at = (time: string): number => Date.parse(`2026-03-02T${time}Z`);

export function timeOf(instant: number): string {
  return new Date(instant)
    .toISOString()
    .slice(11, -1)
    .replace(/(:00)?\.000$/, '');
}

/** `10:00 SCHEDULE QUEUED` for a fire, `10:00-10:40 MISSED 5` for what is not run. */
export function print(item: Fire | PlannedRun | Skip): string {
  if (item.kind === 'fire') return [timeOf(item.scheduledFor), item.origin, ...('state' in item ? [item.state] : [])].join(' ');
  return `${timeOf(item.scheduledFor)}-${timeOf(item.through)} ${item.verdict} ${item.count}`;
}

const HOUR = 3_600_000;

/** Of a schedule that comes every ten minutes: a minute of grace, an hour in which is made up for. */
export const misfire = (given: Partial<MisfirePolicy> = {}): MisfirePolicy => ({
  mode: 'FIRE_ONCE',
  graceMs: 60_000,
  catchupWindowMs: HOUR,
  maxCatchupRuns: 100,
  ...given,
});
