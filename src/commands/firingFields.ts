import { MAX_RUNS } from '../domain/runLimit.ts';
import { MAX_OFFSET_MS } from '../domain/timing.ts';
import type { ScheduleDefinition } from '../store/schedules.ts';
import { formatDuration } from '../trigger/duration.ts';
import type { Fields } from './fields.ts';
import type { SchedulePatch } from './definition.ts';

type Firing = Pick<ScheduleDefinition, 'spreadMs' | 'jitterMs' | 'maxRuns'>;

/** When the occurrences of a schedule are due, and how many of them run: what a patch makes of it. */
export function parseFiring(fields: Fields, path: string[], base: Partial<Firing>, patch: SchedulePatch): Firing {
  const offset = (name: 'spread' | 'jitter', before = 0): number => {
    const value = patch[name];
    if (value === undefined) return before;
    return value === null ? 0 : fields.duration([...path, name], value, { minMs: 0, maxMs: MAX_OFFSET_MS });
  };
  const [spreadMs, jitterMs] = [offset('spread', base.spreadMs), offset('jitter', base.jitterMs)];
  if (spreadMs > 0 && jitterMs > 0) {
    const both = `spread ${formatDuration(spreadMs)} and jitter ${formatDuration(jitterMs)} exclude each other: set one of them to PT0S.`;
    fields.add([...path, patch.jitter == null ? 'spread' : 'jitter'], both, 'spread or jitter, not both');
  }
  const { maxRuns = base.maxRuns ?? null } = patch;
  if (patch.maxRuns != null) fields.wholeNumber([...path, 'maxRuns'], patch.maxRuns, { min: 1, max: MAX_RUNS });
  return { spreadMs, jitterMs, maxRuns };
}
