import type { PauseRecord } from '../store/pauses.ts';
import type { Fields } from './fields.ts';

/** What is said of a pause when it begins. */
export interface PauseInput {
  reason: string;
  until?: Date | null | undefined;
}

export function checkPause(fields: Fields, path: string[], { reason, until }: PauseInput, now: number): void {
  fields.text([...path, 'reason'], reason, { min: 1, max: 2_000 });
  if (until == null) return;
  if (Number.isNaN(until.getTime())) {
    fields.add([...path, 'until'], 'until is not an instant.', 'an ISO 8601 instant');
  } else if (until.getTime() <= now) {
    const message = `until is ${until.toISOString()}; allowed is later than now, which is ${new Date(now).toISOString()}.`;
    fields.add([...path, 'until'], message, 'later than now');
  }
}

/**
 * The pause as it is from here on: one that runs keeps when it began, and that failures were its cause.
 * @returns null when all of it is so already
 */
export function pauseFrom(
  now: number,
  by: PauseRecord['by'],
  { reason, until: end }: PauseInput,
  running: PauseRecord | null,
): PauseRecord | null {
  const until = end?.toISOString() ?? null;
  if (running !== null && running.reason === reason && (running.until ?? null) === until) return null;
  const cause = running?.cause === undefined ? {} : { cause: running.cause };
  return { since: running?.since ?? new Date(now).toISOString(), until, reason, by, ...cause };
}

/** A pause in the audit trail. */
export function pauseWords(pause: PauseRecord | null): { reason: string; until: string | null } | null {
  return pause && { reason: pause.reason, until: pause.until ?? null };
}
