/** Where time comes from. Everything that asks for the time or waits for it takes one of these. */
export interface Clock {
  /** Epoch milliseconds, whole, on the database's clock. May step back by a little when the offset is sampled anew. */
  now(): number;
  /** Calls `run` once after `delayMs`, unless the returned function is called first. Never delays by more than its argument asks. */
  after(delayMs: number, run: () => void): () => void;
}

/** A clock that follows the database: skewed machines must agree on what is due. */
export interface DatabaseClock extends Clock {
  /** Takes the best of a few samples of the database's time; a failure keeps the last offset. */
  sync(): Promise<void>;
}

const SAMPLES = 4;

/** @param askDatabase answers the database's `clock_timestamp()` in epoch milliseconds */
export function createDatabaseClock(askDatabase: () => Promise<number>): DatabaseClock {
  let offsetMs = 0;
  const local = () => performance.timeOrigin + performance.now();
  return {
    // performance.now() does not follow steps of the wall clock; the offset, sampled anew every few seconds, does.
    now: () => Math.floor(local() + offsetMs),
    after(delayMs, run) {
      const timer = setTimeout(run, delayMs);
      return () => clearTimeout(timer);
    },
    async sync() {
      let best = { roundTripMs: Infinity, offsetMs };
      for (let sample = 0; sample < SAMPLES; sample += 1) {
        const before = local();
        const database = await askDatabase();
        const roundTripMs = local() - before;
        // The answer was read somewhere inside the round trip: the shortest trip errs least (Cristian's algorithm).
        if (roundTripMs < best.roundTripMs) best = { roundTripMs, offsetMs: database - before - roundTripMs / 2 };
      }
      offsetMs = best.offsetMs;
    },
  };
}
