/** One reason why an instant is an occurrence, or is not. */
export interface Cause {
  /** What decides: a field such as `hour`, a policy such as `dst.gap`, a bound. */
  subject: string;
  /** Lets the instant through. */
  passes: boolean;
  /** For people. */
  message: string;
}

/** Whether the last cause, which decides, lets the instant through. */
export const letsThrough = (causes: readonly Cause[]): boolean => causes.at(-1)?.passes === true;

/** The causes as far as the first that stops the instant. */
export function asFarAsDecided(causes: readonly Cause[]): Cause[] {
  const stop = causes.findIndex((cause) => !cause.passes);
  return stop < 0 ? [...causes] : causes.slice(0, stop + 1);
}
