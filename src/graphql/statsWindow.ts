import type { Stretch } from '../store/runStats.ts';
import { formatDuration, parseDuration } from '../trigger/duration.ts';
import { apiError } from './errors.ts';

const SHORTEST_MS = 60_000;
const LONGEST_MS = 400 * 86_400_000;

/** The stretch of time of this length that ends now. @throws BAD_USER_INPUT for a length that cannot be */
export function windowBefore(now: number, window: string): Stretch {
  const parsed = parseDuration(window);
  if (!parsed.ok) throw apiError('BAD_USER_INPUT', `window ${parsed.message}.`);
  if (parsed.ms < SHORTEST_MS || parsed.ms > LONGEST_MS) {
    const allowed = `${formatDuration(SHORTEST_MS)} to ${formatDuration(LONGEST_MS)}`;
    throw apiError('BAD_USER_INPUT', `window is ${window}; allowed is ${allowed}.`);
  }
  return { from: new Date(now - parsed.ms), until: new Date(now) };
}
