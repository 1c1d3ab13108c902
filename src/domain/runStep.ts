import type { RunError } from './runError.ts';
import type { RunState } from './runState.ts';
import { countCharacters } from './text.ts';

const MAX_NAME_CHARS = 200;

/** Why a text is no name of a step; null when it is one. */
export function stepNameFault(name: unknown): string | null {
  if (typeof name !== 'string') return `a step has no name: ${typeof name} instead of a text`;
  const shown = JSON.stringify(name.slice(0, 50));
  const count = countCharacters(name);
  if (count < 1 || count > MAX_NAME_CHARS)
    return `the name of the step ${shown} has ${count} characters; allowed are 1 to ${MAX_NAME_CHARS}`;
  if (/\p{Cc}/u.test(name) || !name.isWellFormed())
    return `the name of the step ${shown} has a control character or half a surrogate pair`;
  return null;
}

/** A step as its worker left it. */
export interface StepEnd {
  state: 'RUNNING' | 'SUCCEEDED' | 'FAILED';
  finishedAt: Date | null;
  error: RunError | null;
}
/** The attempt that a step belongs to. */
interface AttemptEnd {
  state: RunState;
  finishedAt: Date | null;
  error: RunError | null;
}
export interface ShownStepEnd extends Omit<StepEnd, 'state'> {
  state: 'RUNNING' | 'SUCCEEDED' | 'FAILED' | 'CANCELED';
}

/**
 * A step that was RUNNING when its attempt ended has ended with it. Nobody waited for one that an attempt left behind when it succeeded:
 * that one was broken off.
 * @param attempt  null: it is not known any more
 */
export function shownStep(step: StepEnd, attempt: AttemptEnd | null): ShownStepEnd {
  if (step.state !== 'RUNNING' || attempt === null || attempt.finishedAt === null) return step;
  const brokenOff = attempt.state === 'CANCELED' || attempt.state === 'SUCCEEDED';
  return { state: brokenOff ? 'CANCELED' : 'FAILED', finishedAt: attempt.finishedAt, error: attempt.error };
}
