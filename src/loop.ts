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
  let running: Promise<void> | null = null;
  let again = false;
  let stopped = false;

  async function rounds(): Promise<void> {
    do {
      again = false;
      await round();
    } while (again && !stopped);
    // In the same turn as the check above: a wake-up in between would else be lost.
    running = null;
  }
  async function idle(): Promise<void> {
    while (running !== null) await running;
  }
  return {
    wake() {
      if (stopped) return;
      if (running === null) running = rounds();
      else again = true;
    },
    idle,
    async stop() {
      stopped = true;
      await idle();
    },
  };
}
