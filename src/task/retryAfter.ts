import type { IncomingHttpHeaders } from 'node:http';

/** RFC 6585 §4 (429) and RFC 9110 §15.6.4 (503): those with which a server says when it will be ready again. */
const BUSY = [429, 503];

/**
 * How long an answer asks not to be asked again (RFC 9110 §10.2.3): in seconds, or until a date, which is read by the server's own
 * clock, as that is the one it was written by.
 * @returns ms; null when it asks for nothing, or for what cannot be read
 */
export function retryAfterMs(status: number, headers: Pick<IncomingHttpHeaders, 'retry-after' | 'date'>): number | null {
  const asked = headers['retry-after']?.trim();
  if (asked === undefined || !BUSY.includes(status)) return null;
  if (/^\d{1,9}$/.test(asked)) return Number(asked) * 1_000;
  // Both dates name the day of the week: what does not is no HTTP date, though Date.parse would read it.
  const wait = /^[A-Z][a-z]+,? /.test(asked) ? Date.parse(asked) - Date.parse(headers.date ?? '') : NaN;
  return wait > 0 ? wait : null;
}
