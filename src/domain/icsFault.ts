/** What is wrong with an iCalendar text; thrown inside of its reading only. */
export class IcsFault extends Error {
  override readonly name = 'IcsFault';
  readonly allowed: string;
  constructor(message: string, allowed = 'iCalendar text (RFC 5545)') {
    super(message);
    this.allowed = allowed;
  }
}

/** What a message shows of a text that somebody sent. */
export function shorten(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}
