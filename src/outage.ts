import { inspect } from 'node:util';
import type { Logger } from 'pino';
import { isDatabaseAway } from './databaseAway.ts';

/** Milliseconds until the next try, the last from then on. */
const BACKOFF_MS = [100, 200, 500, 1_000, 2_000] as const;

/**
 * What one part of the process does about failures that it must get over by itself: it tries again, more and more patiently, and
 * says once that the database is away and once that it is back. Any other error is said whenever it is another one than before.
 */
export interface Outage {
  /** @returns milliseconds until the next try */
  failed(error: unknown): number;
  /** Call it after every success. @returns whether it ended an outage */
  over(): boolean;
}

/** @param part  as a log line begins: 'the engine' */
export function createOutage(part: string, log: Logger): Outage {
  let failures = 0;
  let said: string | null = null;
  return {
    failed(error) {
      const reason = reasonOf(error);
      const away = isDatabaseAway(error);
      const kind = away ? 'away' : reason;
      // Away is what an outage does in many words (refused, starting up, terminated): for people it is one thing.
      if (kind === said) log.debug({ reason }, `${part}: failed again`);
      else if (away) log.warn({ reason }, `${part}: the database is away; it is tried again until it is back`);
      else log.error({ err: error }, `${part}: failed; it is tried again`);
      said = kind;
      const wait = BACKOFF_MS[Math.min(failures, BACKOFF_MS.length - 1)] as number;
      failures += 1;
      return wait;
    },
    over() {
      if (said === null) return false;
      log.info({ failures }, said === 'away' ? `${part}: the database is back` : `${part}: works again`);
      failures = 0;
      said = null;
      return true;
    },
  };
}

/** What is thrown need not be an Error: pg-boss hands on plain copies, which keep the message. */
function reasonOf(error: unknown): string {
  const message = typeof error === 'object' && error !== null && 'message' in error ? error.message : error;
  return typeof message === 'string' ? message : inspect(error, { depth: 0 });
}
