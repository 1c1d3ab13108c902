/** A line may be dead and say nothing, after the sleep of a computer for one. Milliseconds in which the answer to a ping has to come. */
const ANSWER_MS = 5000;

/** Breaks a line off that answers no ping. @returns what is to be told of pings, answers and the end of the line */
export function watchPulse(breakOff: () => void): {
  ping(received: boolean): void;
  pong(received: boolean): void;
  closed(): void;
} {
  let timer: ReturnType<typeof setTimeout> | undefined;
  return {
    ping(received) {
      if (received) return;
      clearTimeout(timer);
      timer = setTimeout(breakOff, ANSWER_MS);
    },
    pong(received) {
      if (received) clearTimeout(timer);
    },
    closed: () => clearTimeout(timer),
  };
}
