import { readInput } from '../../parts/readInput.ts';

type Read = { ok: true; input?: Record<string, unknown> | null } | { ok: false; fault: string };

/**
 * What somebody has made of a run's input.
 * @param edited  null: it was not touched
 * @returns without input: it stays as it was; null: none
 */
export function readRetryInput(edited: string | null, before: string): Read {
  if (edited === null || edited === before) return { ok: true };
  const { value, fault } = readInput(edited);
  return fault === null ? { ok: true, input: value } : { ok: false, fault };
}
