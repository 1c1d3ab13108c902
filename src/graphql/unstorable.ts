import type { DocumentNode } from 'graphql';

/** GraphQL has no other way to write U+0000; unpaired surrogates are refused by its lexer. */
const NUL_IN_SOURCE = /\0|\\u(?:0000|\{0+\})/;

/**
 * Whether a request holds text that PostgreSQL cannot store (U+0000, unpaired surrogates): refused once, here, it
 * cannot become a database error in some statement later.
 */
export function holdsUnstorableText(document: DocumentNode, variables: unknown): boolean {
  if (NUL_IN_SOURCE.test(document.loc?.source.body ?? '')) return true;
  const waiting = [variables];
  while (waiting.length > 0) {
    const value = waiting.pop();
    if (typeof value === 'string') {
      if (value.includes('\0') || !value.isWellFormed()) return true;
    } else if (Array.isArray(value)) {
      for (const item of value) waiting.push(item);
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) waiting.push(key, item);
    }
  }
  return false;
}
