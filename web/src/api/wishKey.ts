import { randomKey } from './randomKey.ts';

/** Makes an idempotency key for each wish: the same wish, sent again because its answer got lost, has the same key and its effect once. */
export function newKey(): (wish: object) => string {
  const keys = new Map<string, string>();
  return (wish) => {
    const text = JSON.stringify(wish);
    const known = keys.get(text) ?? randomKey();
    keys.set(text, known);
    return known;
  };
}
