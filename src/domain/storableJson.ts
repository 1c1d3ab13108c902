const MAX_JSON_LEVELS = 100;

/**
 * Prints a value for a jsonb column, which knows neither U+0000 nor half a surrogate pair and parses by recursion.
 * @returns null when the value is not JSON, cannot be held, or is nested deeper than 100 levels
 */
export function storableJson(value: unknown): string | null {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch {
    // A cycle or a bigint: like the other values that JSON does not have.
  }
  // JSON.stringify escapes exactly what jsonb refuses. After an even run of backslashes `\u0000` is an escape, else plain text.
  if (json === undefined || /(?<!\\)(?:\\\\)*\\u(?:0000|d[89a-f])/.test(json)) return null;
  return deeperThan(value, MAX_JSON_LEVELS) ? null : json;
}

/** What of a caller's JSON would be kept as something else. */
interface JsonAlteration {
  /** Within the value. */
  path: string[];
  /** Goes on after the name of the place. */
  message: string;
  allowed: string;
}
const MOST_ALTERATIONS = 20;
/** From here on numbers are written with an exponent, and nobody takes their digits for all of them. */
const EXPONENT_FROM = 1e21;

/**
 * Where JSON that a caller sent would be kept as something else than what was sent: a whole number that has lost digits when it was
 * read, and a name that objects do not keep. To be refused wherever it is stored. Of many the first 20.
 * @param value  as storableJson takes it
 */
export function jsonAlterations(value: unknown): JsonAlteration[] {
  const found: JsonAlteration[] = [];
  const look = (member: unknown, path: string[]): void => {
    if (found.length >= MOST_ALTERATIONS) return;
    if (typeof member === 'number' && Number.isInteger(member) && !Number.isSafeInteger(member)) {
      if (Math.abs(member) >= EXPONENT_FROM) return;
      const allowed = `whole numbers from -${Number.MAX_SAFE_INTEGER} to ${Number.MAX_SAFE_INTEGER}; larger ones as text`;
      found.push({
        path,
        message: `is a whole number that was read as ${member}, and may have lost digits: send it as text`,
        allowed,
      });
    }
    if (typeof member !== 'object' || member === null) return;
    for (const [name, inner] of Object.entries(member)) {
      const place = [...path, name];
      if (name !== '__proto__') look(inner, place);
      else found.push({ path: place, message: 'is a name that is not kept: choose another', allowed: 'any name but __proto__' });
    }
  };
  look(value, []);
  return found;
}

export function deeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some((member) => deeperThan(member, levels - 1));
}

/** What a run or a step may leave behind. It travels with every answer that asks for it: what is larger belongs elsewhere, and its place here. */
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** Why a value cannot be kept as an output; null when it can. `undefined` can: it becomes null. */
export function outputFault(value: unknown): string | null {
  if (value === undefined) return null;
  const json = storableJson(value);
  if (json === null)
    return 'the output is not JSON that can be stored: a cycle, U+0000, half a surrogate pair, or nested deeper than 100 levels';
  const bytes = Buffer.byteLength(json);
  return bytes > MAX_OUTPUT_BYTES ? `the output has ${bytes} bytes as JSON; allowed are ${MAX_OUTPUT_BYTES}` : null;
}

/** The same text with what jsonb refuses replaced by U+FFFD: for messages, which matter more than their odd characters. */
export function storableText(text: string): string {
  return text.toWellFormed().replaceAll('\0', '\ufffd');
}
