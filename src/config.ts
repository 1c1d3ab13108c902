import { isIP, isIPv6 } from 'node:net';
import path from 'node:path';
import { readJwtConfig } from './configJwt.ts';
import type { JwtConfig } from './configJwt.ts';

/** Everything that the environment decides, in the units the code uses. Each default stands here and nowhere else. */
export interface Config {
  /** 0: any free port */
  port: number;
  host: string;
  /** null: the embedded PostgreSQL */
  databaseUrl: string | null;
  /** absolute */
  dataDir: string;
  /** When set, the first admin token. */
  adminToken: string | null;
  /** null: no JWT lets anybody in */
  jwt: JwtConfig | null;
  /** Whether a caller without a token is a VIEWER. */
  anonymousViewer: boolean;
  /** Proxies in front whose X-Forwarded-For says who asks. */
  trustProxy: number;
  /** Private addresses that HTTP tasks may send to: all, none, or addresses, CIDR ranges, host names and `*.` with a name. */
  httpAllowPrivate: boolean | readonly string[];
  /** What secrets are stored under; null: the file beside the embedded database, or none. */
  secretKey: Buffer | null;
  /** Open what was stored under them. */
  oldSecretKeys: readonly Buffer[];
  /** Folder of code tasks, absolute. */
  tasksDir: string;
  /** How long what happened is kept, in milliseconds; null: for ever. */
  keep: { runsMs: number | null; eventsMs: number | null; ledgerMs: number | null };
  /** Cost points per minute and principal (graphql/rateLimit.ts). */
  rateLimit: number | 'off';
  /** JSON file of documents by their SHA-256, absolute; null: none. */
  persistedDocuments: string | null;
  /** Only those are run. */
  requirePersisted: boolean;
  /** Web origins whose pages may ask from a browser. */
  corsOrigins: readonly string[];
  /** Web sockets and event streams that are open at a time. */
  maxStreams: number;
  logLevel: (typeof LOG_LEVELS)[number];
  /** NODE_ENV=production: no introspection. */
  production: boolean;
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
const NODE_ENVS = ['development', 'production', 'test'] as const;
const MIN_TOKEN_LENGTH = 16;
const DAY_MS = 86_400_000;
const KEY_ALLOWED = '32 bytes in base64, as `openssl rand -base64 32` prints them';
/** Longer lists are a mistake, or slow down every connection. */
const MAX_ALLOWED_PRIVATE = 100;

/** Names every bad variable at once; the start stops with it. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  constructor(problems: readonly string[]) {
    super(`The configuration cannot be used:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`);
  }
}

/**
 * @param env  environment variables; an empty text counts as not set
 * @param cwd  what CARILLON_DATA is relative to
 * @throws ConfigError naming every bad variable, its value (secrets excepted) and what is allowed
 */
export function readConfig(env: Record<string, string | undefined>, cwd: string): Config {
  const problems: string[] = [];
  const read = <T>(name: string, fallback: T, allowed: string, parse: (text: string) => T | undefined, secret = false): T => {
    const text = env[name]?.trim();
    if (text === undefined || text === '') return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    problems.push(`${name}${secret ? '' : `="${text.slice(0, 100)}"`} is not allowed: ${allowed}`);
    return fallback;
  };
  const oneOf = <T extends string>(values: readonly T[]) => {
    return (text: string): T | undefined => values.find((value) => value === text);
  };
  const keep = (name: string, days: number) =>
    read<number | null>(name, days * DAY_MS, "'forever', or days as P1D to P36500D", (text) => {
      if (text === 'forever') return null;
      const given = wholeNumber(1, 36_500)(/^P(\d+)D$/.exec(text)?.[1] ?? '');
      return given === undefined ? undefined : given * DAY_MS;
    });
  const config: Config = {
    port: read('PORT', 4000, 'a whole number from 0 (any free port) to 65535', wholeNumber(0, 65_535)),
    host: read('HOST', '127.0.0.1', 'a host name or address without a port', (text) =>
      isIPv6(text) || /^[\w.-]+$/.test(text) ? text : undefined,
    ),
    databaseUrl: read<string | null>(
      'DATABASE_URL',
      null,
      'a postgres:// or postgresql:// URL with a database name',
      postgresUrl,
      true,
    ),
    dataDir: path.resolve(cwd, read('CARILLON_DATA', '.carillon', 'a path', pathText)),
    tasksDir: path.resolve(cwd, read('CARILLON_TASKS', 'tasks', 'a path', pathText)),
    adminToken: read<string | null>(
      'CARILLON_ADMIN_TOKEN',
      null,
      `${MIN_TOKEN_LENGTH} to 500 characters, letters, digits and -._~+/= only`,
      (text) => (/^[\w\-.~+/=]+$/.test(text) && text.length >= MIN_TOKEN_LENGTH && text.length <= 500 ? text : undefined),
      true,
    ),
    jwt: readJwtConfig(env, cwd, read, (problem) => problems.push(problem)),
    anonymousViewer: read('CARILLON_ANONYMOUS_VIEWER', false, 'true or false', trueOrFalse),
    trustProxy: read('CARILLON_TRUST_PROXY', 0, 'how many proxies lie in front, from 0 to 10', wholeNumber(0, 10)),
    httpAllowPrivate: read<boolean | readonly string[]>(
      'CARILLON_HTTP_ALLOW_PRIVATE',
      false,
      'true, false, or a comma-separated list of addresses (10.1.2.3), ranges (10.0.0.0/8), host names (api.internal) and their ' +
        'parents (*.internal); localhost is the only name without a dot',
      allowPrivate,
    ),
    secretKey: read<Buffer | null>('CARILLON_SECRET_KEY', null, KEY_ALLOWED, secretKeyOf, true),
    oldSecretKeys: read<readonly Buffer[]>(
      'CARILLON_SECRET_KEY_OLD',
      [],
      `each, separated by commas, ${KEY_ALLOWED}`,
      secretKeysOf,
      true,
    ),
    keep: {
      runsMs: keep('CARILLON_KEEP_RUNS', 30),
      eventsMs: keep('CARILLON_KEEP_EVENTS', 7),
      ledgerMs: keep('CARILLON_KEEP_LEDGER', 365),
    },
    rateLimit: read<number | 'off'>('CARILLON_RATE_LIMIT', 60_000, 'off, or cost points per minute from 1 to 10000000', (text) =>
      text === 'off' ? 'off' : wholeNumber(1, 10_000_000)(text),
    ),
    persistedDocuments: read<string | null>('CARILLON_PERSISTED_DOCUMENTS', null, 'a path', (text) => {
      return pathText(text) === undefined ? undefined : path.resolve(cwd, text);
    }),
    requirePersisted: read('CARILLON_REQUIRE_PERSISTED', false, 'true or false', trueOrFalse),
    corsOrigins: read<readonly string[]>(
      'CARILLON_CORS_ORIGINS',
      [],
      'origins as a browser sends them, such as https://ops.example.com, separated by commas',
      origins,
    ),
    maxStreams: read('CARILLON_MAX_STREAMS', 5_000, 'a whole number from 1 to 1000000', wholeNumber(1, 1_000_000)),
    logLevel: read('LOG_LEVEL', 'info', LOG_LEVELS.join(', '), oneOf(LOG_LEVELS)),
    production: read('NODE_ENV', 'development', NODE_ENVS.join(', '), oneOf(NODE_ENVS)) === 'production',
  };
  // With the embedded database the file beside it seals.
  if (config.oldSecretKeys.length > 0 && config.secretKey === null && config.databaseUrl !== null)
    problems.push('CARILLON_SECRET_KEY_OLD is not allowed without CARILLON_SECRET_KEY, the key that secrets are stored under');
  if (config.requirePersisted && !env['CARILLON_PERSISTED_DOCUMENTS']?.trim())
    problems.push('CARILLON_REQUIRE_PERSISTED="true" needs the documents that may run: set CARILLON_PERSISTED_DOCUMENTS');
  if (problems.length > 0) throw new ConfigError(problems);
  return config;
}

/** Reads digits only, no more than the largest number has. */
function wholeNumber(least: number, most: number): (text: string) => number | undefined {
  return (text) => {
    const value = /^\d+$/.test(text) && text.length <= String(most).length ? Number(text) : NaN;
    return value >= least && value <= most ? value : undefined;
  };
}

function trueOrFalse(text: string): boolean | undefined {
  return text === 'true' ? true : text === 'false' ? false : undefined;
}

/** No '*': who trusts every page in the world can say so to a proxy in front. */
function origins(text: string): string[] | undefined {
  const given = text.split(',').map((part) => part.trim());
  const isOrigin = (origin: string) => /^https?:[^*]+$/.test(origin) && URL.parse(origin)?.origin === origin;
  return given.every(isOrigin) ? [...new Set(given)] : undefined;
}

function pathText(text: string): string | undefined {
  return text.includes('\0') ? undefined : text;
}

function postgresUrl(text: string): string | undefined {
  const url = URL.parse(text);
  return url !== null && /^postgres(ql)?:\/\//i.test(text) && url.pathname.length > 1 ? text : undefined;
}

/** @returns undefined for what is not 32 bytes in base64 */
export function secretKeyOf(text: string): Buffer | undefined {
  // Buffer.from skips what is not base64: the text is told from its length.
  return /^[A-Za-z0-9+/]{43}=$/.test(text) ? Buffer.from(text, 'base64') : undefined;
}

function secretKeysOf(text: string): Buffer[] | undefined {
  const keys = text.split(',').map((part) => secretKeyOf(part.trim()));
  return keys.includes(undefined) ? undefined : (keys as Buffer[]);
}

function allowPrivate(text: string): boolean | string[] | undefined {
  if (text === 'true' || text === 'false') return text === 'true';
  const entries = text.split(',').map((entry) => entry.trim().toLowerCase());
  return entries.length <= MAX_ALLOWED_PRIVATE && entries.every(isAllowEntry) ? entries : undefined;
}

function isAllowEntry(entry: string): boolean {
  const [net = '', prefix, ...rest] = entry.split('/');
  const family = net.includes('%') ? 0 : isIP(net);
  if (family !== 0) {
    const bits = family === 4 ? 32 : 128;
    return rest.length === 0 && (prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= bits));
  }
  if (entry === 'localhost') return true;
  // A lone word is a mistyped true or false, and what ends in a number is no name but an address (WHATWG URL).
  const labels = entry.replace(/^\*\./, '').split('.');
  const named = labels.every((label) => /^[a-z0-9_-]{1,63}$/.test(label)) && !/^(?:\d+|0x[0-9a-f]*)$/.test(labels.at(-1) ?? '');
  return named && entry.includes('.') && entry.length <= 255;
}
