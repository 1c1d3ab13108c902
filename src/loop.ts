export interface Loop {
  /** Asks for one more round, after the running one if there is one. Many calls during a round make one more round, not many. */
  wake(): void;
  /** Settles when no round is running or asked for. */
  idle(): Promise<void>;
  /** No further round starts; settles when the running one has ended. */
  stop(): Promise<void>;
}

/** Runs `round` one at a time, as often as it is woken. `round` handles its own errors: one that escapes is a bug and is thrown. */
export function createLoop(round: () => Promise<void>): Loop {
  let active = false;
  let running = Promise.resolve();
  let again = false;
  let stopped = false;

  async function rounds(): Promise<void> {
    // Before the first one begins: a round may wake its own loop before it answers a promise.
    active = true;
    do {
      again = false;
      await round();
    } while (again && !stopped);
    // In the same turn as the check above: a wake-up in between would else be lost.
    active = false;
  }
  async function idle(): Promise<void> {
    while (active) await running;
  }
  return {
    wake() {
      if (stopped) return;
      if (active) again = true;
      else running = rounds();
    },
    idle,
    async stop() {
      stopped = true;
      await idle();
    },
  };
}
