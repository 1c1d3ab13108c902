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
  return { spreadMs, jitterMs, maxRuns: runsOf(fields, [...path, 'maxRuns'], base.maxRuns ?? null, patch.maxRuns) };
}

function runsOf(fields: Fields, path: string[], before: number | null, given: number | null | undefined): number | null {
  if (given == null) return given === null ? null : before;
  const allowed = `1 to ${MAX_RUNS}`;
  // The API sees to whole numbers; code may declare others.
  if (!Number.isInteger(given)) fields.add(path, `maxRuns is ${given}; allowed are whole numbers, ${allowed}.`, allowed);
  return fields.number(path, given, { min: 1, max: MAX_RUNS });
}
