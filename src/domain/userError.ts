/** Expected failures of a mutation: values, never thrown past the commands. `path` starts at `input`. */
interface Base {
  message: string;
  path: string[] | null;
}
export interface ConflictError extends Base {
  type: 'ConflictError';
  code: 'ALREADY_EXISTS' | 'ALREADY_RUNNING' | 'INVALID_STATE';
  /** a task, schedule or run */
  existingId: string | null;
}
export interface VersionConflictError extends Base {
  type: 'VersionConflictError';
  code: 'VERSION_CONFLICT';
  currentVersion: number;
  currentId: string;
}
export interface LimitError extends Base {
  type: 'LimitError';
  code: 'LIMIT_EXCEEDED';
  limit: number;
}
export interface IdempotencyError extends Base {
  type: 'IdempotencyError';
  code: 'IDEMPOTENCY_MISMATCH' | 'IDEMPOTENCY_IN_PROGRESS';
  firstSeenAt: Date;
}
export type UserError =
  | (Base & { type: 'InvalidInputError'; code: 'INVALID'; constraint: string | null })
  | (Base & { type: 'NotFoundError'; code: 'NOT_FOUND' })
  | ConflictError
  | LimitError
  | IdempotencyError
  | VersionConflictError;

/** Carries user errors out of a transaction, which rolls back: a mutation with user errors has changed nothing. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  readonly userErrors: UserError[];
  constructor(userErrors: UserError[]) {
    super(userErrors.map((error) => error.message).join('; '));
    this.userErrors = userErrors;
  }
}

export function invalid(path: string[], message: string, constraint?: string): UserError {
  return { type: 'InvalidInputError', code: 'INVALID', path, message, constraint: constraint ?? null };
}

export function notFound(path: string[], message: string): UserError {
  return { type: 'NotFoundError', code: 'NOT_FOUND', path, message };
}

export function limitExceeded(path: string[], message: string, limit: number): UserError {
  return { type: 'LimitError', code: 'LIMIT_EXCEEDED', path, message, limit };
}

export function idempotencyError(code: IdempotencyError['code'], path: string[], message: string, firstSeenAt: Date): UserError {
  return { type: 'IdempotencyError', code, path, message, firstSeenAt };
}

export function conflict(
  code: 'ALREADY_EXISTS' | 'ALREADY_RUNNING' | 'INVALID_STATE',
  path: string[] | null,
  message: string,
  existingId: string | null,
): UserError {
  return { type: 'ConflictError', code, path, message, existingId };
}
