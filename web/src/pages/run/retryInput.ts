type Read = { ok: true; input?: Record<string, unknown> | null } | { ok: false; fault: string };

/**
 * What somebody has made of a run's input.
 * @param edited  null: it was not touched
 * @returns without input: it stays as it was; null: none
 */
export function readInput(edited: string | null, before: string): Read {
  if (edited === null || edited === before) return { ok: true };
  if (edited.trim() === '') return { ok: true, input: null };
  try {
    const value = JSON.parse(edited) as unknown;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return { ok: true, input: value as Record<string, unknown> };
    return { ok: false, fault: 'An input is an object: { "name": "value" }. Leave it empty for none.' };
  } catch (problem) {
    return { ok: false, fault: `This is no JSON: ${problem instanceof Error ? problem.message : 'it cannot be read'}` };
  }
}

/** Makes a key for each wish: the same wish, sent again, has the same key. */
export function newKey(): (wish: object) => string {
  const keys = new Map<string, string>();
  return (wish) => {
    const text = JSON.stringify(wish);
    const known = keys.get(text) ?? random();
    keys.set(text, known);
    return known;
  };
}

// Not randomUUID: browsers have it for pages over HTTPS only.
const random = (): string =>
  Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
