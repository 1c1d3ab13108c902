import type { Clock } from '../../src/clock.ts';

/** A clock that stands still until it is told to move. Timers fire in order while it passes them. */
export interface FakeClock extends Clock {
  /** Moves to an instant (epoch ms), firing every timer on the way. Going back fires nothing. */
  advanceTo(instant: number): void;
  /** When the first of the waiting timers is due; null when none waits. */
  nextTimer(): number | null;
}

export function createFakeClock(start: number): FakeClock {
  let now = start;
  let timers: { at: number; run: () => void }[] = [];
  return {
    now: () => now,
    after(delayMs, run) {
      const timer = { at: now + delayMs, run };
      timers.push(timer);
      return () => {
        timers = timers.filter((other) => other !== timer);
      };
    },
    advanceTo(instant) {
      for (;;) {
        const due = timers.filter((timer) => timer.at <= instant).sort((a, b) => a.at - b.at)[0];
        if (due === undefined) break;
        timers = timers.filter((other) => other !== due);
        now = Math.max(now, due.at);
        due.run();
      }
      now = instant;
    },
    nextTimer: () => (timers.length === 0 ? null : Math.min(...timers.map((timer) => timer.at))),
  };
}
