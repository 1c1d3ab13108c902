/** What a caller may do, least first: each role may do all that the roles before it may. */
export const ROLES = ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'] as const;

export type Role = (typeof ROLES)[number];

/** Whether `actual` may do what is open from `needed` up. */
export function roleAtLeast(actual: Role, needed: Role): boolean {
  return ROLES.indexOf(actual) >= ROLES.indexOf(needed);
}
