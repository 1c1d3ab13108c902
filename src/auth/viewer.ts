import type { Role } from './role.ts';

/** Who is asking. The audit trail names the actor; `name` is what a person recognises, null when there is none. */
export interface Viewer {
  actor: { kind: 'USER' | 'TOKEN' | 'SYSTEM'; id: string; name: string | null };
  role: Role;
  /** When what let the caller in ends by itself, epoch milliseconds; absent: not known to end. */
  validUntil?: number;
}
