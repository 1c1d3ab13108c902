import type { Role } from '../../api/schema.generated.ts';

export type TokenState = 'IN_USE' | 'EXPIRED' | 'REVOKED';

/** @param now  epoch milliseconds of the server's clock */
export function stateOf(
  { expiresAt, revokedAt }: { expiresAt: string | null; revokedAt: string | null },
  now: number,
): TokenState {
  if (revokedAt !== null) return 'REVOKED';
  return expiresAt !== null && Date.parse(expiresAt) <= now ? 'EXPIRED' : 'IN_USE';
}

export const TOKEN_LOOKS: Record<TokenState, { color: string; word: string }> = {
  IN_USE: { color: 'green', word: 'Lets in' },
  EXPIRED: { color: 'gray', word: 'Expired' },
  REVOKED: { color: 'red', word: 'Revoked' },
};

export const ROLES: readonly { value: Role; label: string; description: string }[] = [
  { value: 'VIEWER', label: 'VIEWER', description: 'Sees everything but secrets.' },
  { value: 'OPERATOR', label: 'OPERATOR', description: 'Also pauses, resumes, triggers, cancels and freezes.' },
  { value: 'EDITOR', label: 'EDITOR', description: 'Also creates, changes and deletes tasks, schedules and calendars.' },
  { value: 'ADMIN', label: 'ADMIN', description: 'Also makes and revokes tokens, and reads the audit trail.' },
];

/** How long a token lasts, in days; null: until it is revoked. */
export const LASTINGS: readonly { value: string; label: string; days: number | null }[] = [
  { value: '30', label: '30 days', days: 30 },
  { value: '90', label: '90 days', days: 90 },
  { value: '365', label: 'One year', days: 365 },
  { value: 'at', label: 'Until a date', days: null },
  { value: 'never', label: 'Until it is revoked', days: null },
];
