import { useSyncExternalStore } from 'react';

/** One timer for all that tick on the page, on the second. */
const listeners = new Set<() => void>();
let timer: ReturnType<typeof setTimeout> | null = null;
let second = Math.floor(Date.now() / 1000);

function tick(): void {
  second = Math.floor(Date.now() / 1000);
  timer = listeners.size > 0 ? setTimeout(tick, 1000 - (Date.now() % 1000) + 5) : null;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setTimeout(tick, 0);
  return () => listeners.delete(listener);
}

/** Epoch milliseconds of this browser, in whole steps: what shows them is drawn anew once in a step. */
export function useNow(stepMs = 1000): number {
  return useSyncExternalStore(subscribe, () => Math.floor((second * 1000) / stepMs) * stepMs);
}
