/** Longest text of a caller that is looked at: a cron list of every minute has 170 characters. */
export const LONGEST_TEXT = 1000;

/** A caller's text for an error message, cut to what helps the reader. */
export function shorten(text: string): string {
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
