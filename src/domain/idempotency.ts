import { countCharacters } from './text.ts';
import { invalid } from './userError.ts';
import type { UserError } from './userError.ts';

/** How long the result of a call with a key is answered again, from when it was first seen. */
export const KEY_LIFE_MS = 86_400_000;
const MAX_KEY_CHARS = 200;
/** More than any input that can be stored. */
const MAX_LEVELS = 200;

/** What is wrong with a key; null: nothing. */
export function keyFault(key: string): UserError | null {
  const allowed = `1 to ${MAX_KEY_CHARS} printable characters`;
  const fault = (what: string) =>
    invalid(['input', 'idempotencyKey'], `idempotencyKey ${what}; allowed are ${allowed}.`, allowed);
  if (key.trim() === '') return fault('is blank');
  const count = countCharacters(key);
  if (count > MAX_KEY_CHARS) return fault(`has ${count} characters`);
  return /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u.test(key) ? fault('contains a character that cannot be seen') : null;
}

/**
 * One text for inputs that say the same: members in order of their names, those that are absent left out, instants in UTC. null is
 * not absent: for some fields it means to clear.
 * @returns null when it is nested deeper than any input that can be stored
 */
export function canonicalJson(value: unknown, levels = MAX_LEVELS): string | null {
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  // An instant that is none has no text; as an input it is refused later.
  if (value instanceof Date) return JSON.stringify(value);
  if (levels === 0) return null;
  if (Array.isArray(value)) {
    const items = value.map((item) => canonicalJson(item, levels - 1));
    return items.includes(null) ? null : `[${items.join()}]`;
  }
  const members: string[] = [];
  for (const [name, member] of Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    if (member === undefined) continue;
    const text = canonicalJson(member, levels - 1);
    if (text === null) return null;
    members.push(`${JSON.stringify(name)}:${text}`);
  }
  return `{${members.join()}}`;
}
