import { setImmediate } from 'node:timers/promises';
import { defineTask, z } from 'carillon';

/** Numbers that are looked at before others get their turn: the server that runs this has other work, too. */
const SLICE = 200_000;

/** Work that takes a while, says how far it is, and stops when it is told to. */
export default defineTask({
  key: 'example.count-primes',
  group: 'examples',
  name: 'Count primes',
  description: 'Counts the prime numbers up to a limit with the sieve of Eratosthenes: a long task with progress.',
  input: z.object({ limit: z.int().min(2).max(2_000_000_000).default(50_000_000) }),
  timeout: 'PT30M',
  retry: { maxAttempts: 1 },
  async run({ input, signal, progress }) {
    const small = sieve(Math.floor(Math.sqrt(input.limit)));
    let count = 0;
    for (let from = 2; from <= input.limit; from += SLICE) {
      signal.throwIfAborted();
      const until = Math.min(from + SLICE, input.limit + 1);
      count += countPrimes(small, from, until);
      progress(until - 1, input.limit, `${count} primes`);
      await setImmediate();
    }
    return { limit: input.limit, primes: count };
  },
});

/** The primes up to and including `limit`. */
function sieve(limit: number): number[] {
  const composite = new Uint8Array(limit + 1);
  const primes: number[] = [];
  for (let number = 2; number <= limit; number += 1) {
    if (composite[number] === 1) continue;
    primes.push(number);
    for (let multiple = number * number; multiple <= limit; multiple += number) composite[multiple] = 1;
  }
  return primes;
}

/** @param small  all primes up to the square root of until */
function countPrimes(small: readonly number[], from: number, until: number): number {
  const composite = new Uint8Array(until - from);
  for (const prime of small) {
    if (prime * prime >= until) break;
    const first = Math.max(prime * prime, Math.ceil(from / prime) * prime);
    for (let multiple = first; multiple < until; multiple += prime) composite[multiple - from] = 1;
  }
  return composite.reduce((count, flag) => count + 1 - flag, 0);
}
