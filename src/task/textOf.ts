import { inspect } from 'node:util';

/** Code is not checked against its types: what it says may be anything, even an object that has no text. */
export function textOf(message: unknown): string {
  if (typeof message === 'string') return message;
  try {
    return inspect(message);
  } catch {
    return '(a message that has no text)';
  }
}
