import { setTimeout as pause } from 'node:timers/promises';

/**
 * Settles with the first answer of `ask` that is neither null nor undefined nor false. For what announces itself by no signal
 * that a test could await, such as another process.
 */
export async function until<T>(
  ask: () => Promise<T | null | undefined | false> | T | null | undefined | false,
  limitMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null && answer !== undefined && answer !== false) return answer;
    if (performance.now() > deadline) throw new Error(`not so within ${limitMs} ms: ${ask.toString()}`);
    await pause(5);
  }
}
