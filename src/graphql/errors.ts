import { GraphQLError, Kind } from 'graphql';
import type { ExecutionResult, FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { Logger } from 'pino';
import { Forbidden } from '../auth/can.ts';
import { Refused } from '../auth/refused.ts';
import { isDatabaseAway } from '../databaseAway.ts';

/** The top-level error codes of the API, with the HTTP status of an answer that holds nothing else. */
const STATUS_OF_CODE = {
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  BAD_USER_INPUT: 400,
  GRAPHQL_PARSE_FAILED: 400,
  GRAPHQL_VALIDATION_FAILED: 400,
  OPERATION_TOO_COMPLEX: 400,
  RATE_LIMITED: 429,
  CURSOR_EXPIRED: 410,
  UNAVAILABLE: 503,
  INTERNAL_SERVER_ERROR: 500,
} as const;

export type ErrorCode = keyof typeof STATUS_OF_CODE;

/** Codes that Apollo Server gives to faults of the request; the API has one word for them. */
const APOLLO_REQUEST_CODES: unknown[] = [
  'BAD_REQUEST',
  'OPERATION_RESOLUTION_FAILURE',
  'PERSISTED_QUERY_NOT_FOUND',
  'PERSISTED_QUERY_NOT_SUPPORTED',
];

/** What a value in a document looks like: an error that points at one is about the caller's input. */
const INPUT_NODES: ReadonlySet<string> = new Set([
  Kind.VARIABLE_DEFINITION,
  Kind.VARIABLE,
  Kind.INT,
  Kind.FLOAT,
  Kind.STRING,
  Kind.BOOLEAN,
  Kind.NULL,
  Kind.ENUM,
  Kind.LIST,
  Kind.OBJECT,
]);

/** An error that reaches the caller as it is: message, code and facts. */
export function apiError(code: ErrorCode, message: string, facts: Record<string, unknown> = {}): GraphQLError {
  return new GraphQLError(message, { extensions: { ...facts, code } });
}

/** Both print the same JSON. */
export type ShownError = GraphQLFormattedError | GraphQLError;

/** The same error of graphql-js, which gives none, with a code. */
export function withCode(error: GraphQLError, code: ErrorCode): GraphQLError {
  return new GraphQLError(error.message, {
    nodes: error.nodes ?? null,
    source: error.source ?? null,
    positions: error.positions ?? null,
    originalError: error,
    extensions: { ...error.extensions, code },
  });
}

/** Status and headers of an HTTP answer that holds only these errors. */
export function httpHead(errors: readonly ShownError[]): { status: number; headers: [string, string][] } {
  const [first] = errors;
  const code = first?.extensions?.['code'];
  const headers: [string, string][] = [];
  if (code === 'UNAUTHENTICATED') headers.push(['www-authenticate', 'Bearer']);
  if (code === 'RATE_LIMITED') headers.push(['retry-after', String(first?.extensions?.['retryAfter'])]);
  return { status: isErrorCode(code) ? STATUS_OF_CODE[code] : 500, headers };
}

/**
 * What a caller may see of an error. Documented codes pass; a database that is away becomes UNAVAILABLE; all else is
 * logged once, with its stack, and shown as a request id that finds it in the log. Never a stack, never a cause.
 */
export function maskError(error: unknown, log: Logger, requestId: string): GraphQLFormattedError {
  const code = error instanceof GraphQLError ? callerCode(error) : null;
  if (error instanceof GraphQLError && code !== null) {
    const { http: _, stacktrace: __, ...facts } = error.extensions;
    return { ...error.toJSON(), message: cut(error.message), extensions: { ...facts, code } };
  }
  const root = rootOf(error);
  if (root instanceof Forbidden) return masked(error, root.message, { code: 'FORBIDDEN' });
  if (root instanceof Refused) return masked(error, root.message, { code: root.code });
  const entry = { err: root, path: error instanceof GraphQLError ? error.path : undefined, requestId };
  if (isDatabaseAway(error)) {
    // One line for each request: that the database is away is a warning of the parts that notice by themselves.
    log.info({ ...entry, err: undefined, reason: root instanceof Error ? root.message : String(root) }, 'database away');
    return masked(error, 'The database cannot be reached right now; try again.', { code: 'UNAVAILABLE' });
  }
  log.error(entry, 'unexpected error');
  return masked(error, `Internal server error (request ${requestId})`, { code: 'INTERNAL_SERVER_ERROR', requestId });
}

/** graphql-js and graphql-scalars repeat a value that they refuse, which may be as long as a request. */
const LONGEST_MESSAGE = 2_000;
const TAIL = 500;

/** The beginning and the end: a value stands in the middle, what is wrong with it at the end. */
function cut(message: string): string {
  if (message.length <= LONGEST_MESSAGE) return message;
  return `${message.slice(0, LONGEST_MESSAGE - TAIL).toWellFormed()} … ${message.slice(-TAIL).toWellFormed()}`;
}

/** A result of graphql-js as a caller may see it. */
export function maskResult(
  { errors, ...rest }: ExecutionResult,
  mask: (error: unknown) => GraphQLFormattedError,
): FormattedExecutionResult {
  return errors ? { errors: errors.map(mask), ...rest } : rest;
}

function callerCode(error: GraphQLError): ErrorCode | null {
  const { code } = error.extensions;
  if (isErrorCode(code)) return code === 'INTERNAL_SERVER_ERROR' ? null : code;
  if (APOLLO_REQUEST_CODES.includes(code)) return 'BAD_USER_INPUT';
  // graphql-js 16 leaves some faults of variables to the execution of the field, where they carry no code: a nullable
  // variable in a @oneOf field is one. They point at the value; an error of a resolver points at its field.
  const pointsAtInput = error.nodes?.length && error.nodes.every((node) => INPUT_NODES.has(node.kind));
  return code === undefined && pointsAtInput ? 'BAD_USER_INPUT' : null;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === 'string' && Object.hasOwn(STATUS_OF_CODE, code);
}

function rootOf(error: unknown): unknown {
  return error instanceof GraphQLError && error.originalError ? rootOf(error.originalError) : error;
}

function masked(error: unknown, message: string, extensions: { code: ErrorCode; requestId?: string }): GraphQLFormattedError {
  const { locations, path } = error instanceof GraphQLError ? error.toJSON() : {};
  return { message, ...(locations && { locations }), ...(path && { path }), extensions };
}
