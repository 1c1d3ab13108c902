import path from 'node:path';

const ROLES = ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'] as const;
type Role = (typeof ROLES)[number];

/** Whose JWTs are trusted. */
export interface JwtConfig {
  issuer: string;
  audience: string;
  /** Absolute, when it is a file. */
  jwks: { url: string } | { file: string };
  roleClaim: string;
  roles: ReadonlyMap<string, Role>;
  clockToleranceMs: number;
}

/** Reads one variable; the fallback when it is not set, or is not allowed, which is remembered. */
type Read = <T>(name: string, fallback: T, allowed: string, parse: (text: string) => T | undefined) => T;

const NEEDED = ['CARILLON_JWT_ISSUER', 'CARILLON_JWT_AUDIENCE', 'CARILLON_JWT_JWKS'] as const;
const OTHERS = ['CARILLON_JWT_ROLE_CLAIM', 'CARILLON_JWT_ROLES', 'CARILLON_JWT_CLOCK_TOLERANCE'] as const;
const MOST_TOLERANCE_S = 300;

/**
 * @param cwd  what a file of keys is relative to
 * @param problem  told what is missing: half a configuration would let nobody in, or would be taken to protect what it does not
 * @returns null when none of it is set
 */
export function readJwtConfig(
  env: Record<string, string | undefined>,
  cwd: string,
  read: Read,
  problem: (text: string) => void,
): JwtConfig | null {
  const isSet = (name: string) => (env[name]?.trim() ?? '') !== '';
  const text = (name: string) =>
    read<string | null>(name, null, '1 to 500 characters', (value) => (value.length <= 500 ? value : undefined));
  const issuer = text('CARILLON_JWT_ISSUER');
  const audience = text('CARILLON_JWT_AUDIENCE');
  const jwks = read<JwtConfig['jwks'] | null>(
    'CARILLON_JWT_JWKS',
    null,
    'an https:// URL, an http:// URL of this machine (localhost, 127.0.0.1, [::1]), or a path',
    (value) => location(value, cwd),
  );
  const roleClaim = read('CARILLON_JWT_ROLE_CLAIM', 'role', 'a claim, or names with dots between them', (value) =>
    value.length <= 200 ? value : undefined,
  );
  const roles = read<JwtConfig['roles']>(
    'CARILLON_JWT_ROLES',
    new Map(ROLES.map((role) => [role, role])),
    `value=ROLE pairs with commas between them, each value once; roles are ${ROLES.join(', ')}`,
    mapping,
  );
  const clockToleranceMs = read('CARILLON_JWT_CLOCK_TOLERANCE', 30_000, `PT0S to PT${MOST_TOLERANCE_S}S`, (value) => {
    const seconds = Number(/^PT(\d{1,3})S$/.exec(value)?.[1]);
    return seconds <= MOST_TOLERANCE_S ? seconds * 1000 : undefined;
  });
  const [set, missing] = [[...NEEDED, ...OTHERS].filter(isSet), NEEDED.filter((name) => !isSet(name))];
  for (const name of set.length > 0 ? missing : []) problem(`${name} is not set: ${set[0]} needs it`);
  if (issuer === null || audience === null || jwks === null) return null;
  return { issuer, audience, jwks, roleClaim, roles, clockToleranceMs };
}

function location(text: string, cwd: string): JwtConfig['jwks'] | undefined {
  if (/^https:\/\//i.test(text)) return URL.canParse(text) ? { url: text } : undefined;
  if (/^http:\/\//i.test(text)) {
    const host = URL.parse(text)?.hostname;
    return host === 'localhost' || host === '127.0.0.1' || host === '[::1]' ? { url: text } : undefined;
  }
  return /^[a-z][a-z\d+.-]+:/i.test(text) || text.includes('\0') ? undefined : { file: path.resolve(cwd, text) };
}

function mapping(text: string): ReadonlyMap<string, Role> | undefined {
  const roles = new Map<string, Role>();
  for (const pair of text.split(',')) {
    // A value may hold = itself: the last one is meant.
    const at = pair.lastIndexOf('=');
    const [value, name] = [pair.slice(0, Math.max(at, 0)).trim(), pair.slice(at + 1).trim()];
    const role = ROLES.find((known) => known === name);
    if (value === '' || role === undefined || roles.has(value)) return undefined;
    roles.set(value, role);
  }
  return roles;
}
