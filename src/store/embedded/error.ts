type EmbeddedPostgresErrorCode =
  'ALREADY_RUNNING' | 'DISK_FULL' | 'INIT_FAILED' | 'NO_ACCESS' | 'NO_BINARIES' | 'START_FAILED' | 'WRONG_VERSION';

/** The PostgreSQL that comes with the package could not be started. The message is for the user: what is wrong, what to do. */
export class EmbeddedPostgresError extends Error {
  readonly code: EmbeddedPostgresErrorCode;

  constructor(code: EmbeddedPostgresErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EmbeddedPostgresError';
    this.code = code;
  }
}

/** The way out that every message about an unusable embedded server can name. */
export const USE_OWN_POSTGRES = 'set DATABASE_URL to a PostgreSQL server of your own';

/** @returns the error code of a system call (ENOENT, …) or of PostgreSQL (28P01, …) */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

/**
 * The failure of one of PostgreSQL's programs, with the last lines it printed.
 * @param what    one sentence without its full stop
 * @param output  what the program printed in this attempt, not in earlier ones
 */
export function programFailure(
  code: 'INIT_FAILED' | 'START_FAILED',
  what: string,
  directory: string,
  output: string,
): EmbeddedPostgresError {
  if (/no space left|disk quota exceeded/i.test(output)) return diskFull(directory);
  const lines = output.trim().split('\n').slice(-8).join('\n  ');
  return new EmbeddedPostgresError(code, `${what}. ${lines === '' ? 'It printed nothing.' : `It said:\n  ${lines}`}`);
}

/** Turns what the file system refused into a message that says what to do; anything else is returned as it is. */
export function fileFailure(error: unknown, directory: string): unknown {
  switch (codeOf(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
    case '53100': // PostgreSQL's disk_full
      return diskFull(directory);
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST': {
      const reason = error instanceof Error ? error.message : String(error);
      const message = `The data directory ${directory} cannot be used (${reason}). Make it writable for this user, or choose another data directory.`;
      return new EmbeddedPostgresError('NO_ACCESS', message, { cause: error });
    }
    default:
      return error;
  }
}

function diskFull(directory: string): EmbeddedPostgresError {
  const message = `No space left on the disk that holds ${directory}. Free some space and start again; what was stored before is safe.`;
  return new EmbeddedPostgresError('DISK_FULL', message);
}
