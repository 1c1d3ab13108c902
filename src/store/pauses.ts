import type { Actor } from './actor.ts';

/** Why, since when and by whom something does not fire. */
export interface PauseRecord {
  /** ISO instant */
  since: string;
  /** ISO instant at which it ends by itself; null or absent: somebody has to end it. */
  until?: string | null;
  reason: string;
  by: Actor;
  /** There when runs that failed are why: its end forgets them. */
  cause?: 'FAILURES';
}

/** What holds a schedule back from outside, as it was when it began: a copy, so that no claim has to look at what it comes from. */
export interface HoldRecord extends PauseRecord {
  kind: 'TASK_PAUSE';
}
