import { hashOf } from '../auth/tokens.ts';

/** So many failed authentications of one network within the window lock it for as long. */
const MOST_FAILURES = 10;
const WINDOW_MS = 60_000;
/** Networks, and tokens that were right, that are remembered; past it those are forgotten that have been quiet longest. */
const MAX_REMEMBERED = 10_000;

interface Record {
  /** Instants of the failures within the window, ascending. */
  failures: number[];
  lockedUntil: number;
}

/** Slows guessing down: a network that fails too often is not listened to for a while. */
export interface Lockout {
  /**
   * A token that was right from this network before is still looked at: who shares an address with somebody who guesses, or with a
   * program that repeats a wrong token, is not shut out.
   * @returns the whole seconds to wait before this token is looked at; null when it is now
   */
  waitFor(network: string, token: string): number | null;
  /** @returns whether the network is locked from now on */
  failed(network: string, token: string): boolean;
  succeeded(network: string, token: string): void;
}

/** @param clock  epoch milliseconds */
export function createLockout(clock: { now(): number }): Lockout {
  const records = new Map<string, Record>();
  const right = new Map<string, true>();
  const keyOf = (network: string, token: string) => `${network} ${hashOf(token)}`;

  return {
    waitFor(network, token) {
      const lockedUntil = records.get(network)?.lockedUntil ?? -Infinity;
      if (lockedUntil === -Infinity || right.has(keyOf(network, token))) return null;
      const left = lockedUntil - clock.now();
      return left <= 0 ? null : Math.ceil(left / 1000);
    },
    failed(network, token) {
      right.delete(keyOf(network, token));
      const now = clock.now();
      const { failures, lockedUntil } = records.get(network) ?? { failures: [], lockedUntil: -Infinity };
      const recent = [...failures.filter((at) => at > now - WINDOW_MS), now];
      const locks = recent.length >= MOST_FAILURES;
      remember(records, network, { failures: locks ? [] : recent, lockedUntil: locks ? now + WINDOW_MS : lockedUntil });
      return locks;
    },
    succeeded(network, token) {
      remember(right, keyOf(network, token), true);
    },
  };
}

/** A Map keeps the order of insertion: taking out and putting back makes its first key the quietest. */
function remember<T>(map: Map<string, T>, key: string, value: T): void {
  map.delete(key);
  map.set(key, value);
  for (const quietest of map.keys()) {
    if (map.size <= MAX_REMEMBERED) break;
    map.delete(quietest);
  }
}
