import type { Actor } from '../store/actor.ts';
import type { Role } from './role.ts';

/** Who is asking. The audit trail names the actor; `name` is what a person recognises, null when there is none. */
export interface Viewer {
  actor: Actor;
  role: Role;
  /** When what let the caller in ends by itself, epoch milliseconds; absent: not known to end. */
  validUntil?: number;
  /** Whose cost points are used, when it is not the actor's own. */
  principal?: string;
}
