import { MIN_SECRET_CHARS } from '../domain/httpSecrets.ts';

const MARK = '[header value]';
/** The first word of Authorization says how, not what. */
const SCHEMES = /^(?:basic|bearer|digest|token|apikey|api-key)$/i;

/** Blanks header values where an answer repeats them. */
export interface Redactor {
  text(text: string): string;
  /** The strings, names and numbers in a JSON value. */
  json(value: unknown): unknown;
  /** Of a text that was cut off: also what may be the beginning of a value at its end. */
  cutText(text: string): string;
}

/** @param values  as they are sent. Of values of several words each is blanked; words shorter than 6 characters are not */
export function createRedactor(values: readonly string[]): Redactor {
  const spellings = new Set(
    values.flatMap((value) => {
      const words = value.split(/\s+/).filter((word) => !SCHEMES.test(word));
      return [value, ...words, ...passwordOf(value)].flatMap((part) => [part, JSON.stringify(part).slice(1, -1)]);
    }),
  );
  const secrets = [...spellings]
    .filter((spelling) => spelling.length >= MIN_SECRET_CHARS)
    .toSorted((a, b) => b.length - a.length); // a shorter one may be part of a longer one
  const text = (given: string): string => {
    let shown = given;
    for (const secret of secrets) shown = shown.replaceAll(secret, MARK);
    return shown;
  };
  const json = (value: unknown): unknown => {
    if (typeof value === 'string') return text(value);
    if (typeof value === 'number') return secrets.includes(String(value)) ? MARK : value;
    if (Array.isArray(value)) return value.map(json);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [text(name), json(member)]));
  };
  return {
    text,
    json: secrets.length === 0 ? (value) => value : json,
    cutText(given) {
      const shown = text(given);
      const overlaps = secrets.map((secret) => overlap(shown, secret));
      return shown.slice(0, shown.length - Math.max(0, ...overlaps));
    },
  };
}

/** RFC 7617: what receivers make of a header is the name and the password, and it is those that they repeat. */
function passwordOf(value: string): string[] {
  const encoded = /^basic\s+(\S+)$/i.exec(value)?.[1];
  return encoded === undefined
    ? []
    : [
        Buffer.from(encoded, 'base64')
          .toString()
          .replace(/^[^:]*:/, ''),
      ];
}

/** How many characters at the end of a text are the beginning of a secret. */
function overlap(text: string, secret: string): number {
  for (let length = Math.min(secret.length - 1, text.length); length > 0; length -= 1)
    if (text.endsWith(secret.slice(0, length))) return length;
  return 0;
}
