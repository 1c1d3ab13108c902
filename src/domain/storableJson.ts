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

function deeperThan(value: unknown, levels: number): boolean {
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
