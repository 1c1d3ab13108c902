import type { Clock } from './clock.ts';

/** Whether this process has reached the database of late, and for how long without a break. */
export interface Pulse {
  beaten(): void;
  /** A beat failed: no need to wait until the next one is overdue. */
  missed(): void;
  alive(): boolean;
  /** After an outage the others' leases have run out as well: they get the time to say that they live. */
  steady(): boolean;
}

/** What a beat may be late before it counts as missed: a database that hangs fails nothing, it only does not answer. */
const LATE_MS = 1_000;

export function createPulse(clock: Clock, beatMs: number, leaseMs: number): Pulse {
  let beatenAt = clock.now();
  let steadySince = -Infinity;
  let failed = false;
  return {
    beaten() {
      const now = clock.now();
      if (now - beatenAt > leaseMs) steadySince = now;
      beatenAt = now;
      failed = false;
    },
    missed() {
      failed = true;
    },
    alive: () => !failed && clock.now() - beatenAt < beatMs + LATE_MS,
    steady: () => clock.now() - steadySince >= leaseMs,
  };
}
