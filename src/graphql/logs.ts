import { levelsFrom } from '../domain/logLine.ts';
import type { LogLevel } from '../domain/logLine.ts';
import { RunRemoved } from '../events/logs.ts';
import type { LogBatch, LogReader } from '../events/logs.ts';
import { hasLogLinesThrough, readLogHeads, readLogLines } from '../store/logs.ts';
import type { LogLineRecord } from '../store/logs.ts';
import { readPageSize } from './connections.ts';
import type { ApiParts } from './context.ts';
import { apiError } from './errors.ts';

/** A place in the log of a run: behind the line `seq`. */
interface LogPlace {
  runId: string;
  seq: number;
}
export interface LogPage {
  lines: LogLineRecord[];
  hasNextPage: boolean;
  hasPreviousPage(): Promise<boolean>;
}
export interface LogEdgeModel {
  cursor: string;
  node: LogLineRecord;
}
export interface LogBatchModel extends LogPlace, LogBatch {}

interface LogArgs {
  after?: string | null | undefined;
  minLevel?: LogLevel | null | undefined;
}
const DEFAULT_SIZE = 100;

/** @throws BAD_USER_INPUT, CURSOR_EXPIRED */
export async function readLogPage(
  { store }: ApiParts,
  run: { id: string; logLines: number },
  { first, after, minLevel }: LogArgs & { first?: number | null },
): Promise<LogPage> {
  const size = readPageSize('first', first ?? DEFAULT_SIZE);
  const levels = levelsFrom(minLevel ?? 'DEBUG');
  const place = readLogCursor(after, run.id, run.logLines);
  const found = await readLogLines(store.prisma, run.id, place, levels, size + 1);
  return {
    lines: found.slice(0, size),
    hasNextPage: found.length > size,
    hasPreviousPage: async () => place > 0 && hasLogLinesThrough(store.prisma, run.id, place, levels),
  };
}

export const logConnectionResolvers = {
  edges: (page: LogPage): LogEdgeModel[] => page.lines.map((node) => ({ node, cursor: printLogCursor(node) })),
  nodes: (page: LogPage) => page.lines,
  pageInfo: ({ lines, hasNextPage, hasPreviousPage }: LogPage) => ({
    hasNextPage,
    hasPreviousPage,
    startCursor: cursorOf(lines.at(0)),
    endCursor: cursorOf(lines.at(-1)),
  }),
};

/** @throws BAD_USER_INPUT, CURSOR_EXPIRED */
export async function followRunLogs(
  parts: ApiParts,
  { runId, after, minLevel, batchSize }: LogArgs & { runId: string; batchSize?: number | null },
): Promise<AsyncIterableIterator<LogBatchModel>> {
  const size = readPageSize('batchSize', batchSize ?? DEFAULT_SIZE);
  const [head] = await readLogHeads(parts.store.sql, [runId]);
  if (head === undefined) throw apiError('BAD_USER_INPUT', `runId: there is no run with the id "${runId}".`);
  const place = readLogCursor(after, runId, head.lines);
  return toModels(runId, parts.logs.follow(runId, place, levelsFrom(minLevel ?? 'DEBUG'), size));
}

/** Hand-written instead of an async generator, whose `return()` would wait for the pending read of a quiet run. */
function toModels(runId: string, reader: LogReader): AsyncIterableIterator<LogBatchModel> {
  return {
    async next() {
      const result = await reader.next().catch((error: unknown) => {
        throw error instanceof RunRemoved ? apiError('CURSOR_EXPIRED', 'The run was removed, and its log with it.') : error;
      });
      if (result.done === true) return { done: true, value: undefined };
      return { done: false, value: { ...result.value, runId, seq: result.value.through } };
    },
    async return() {
      await reader.return();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Opaque to clients; it names its run, for a place in one log is none in another. */
export function printLogCursor({ runId, seq }: LogPlace): string {
  return Buffer.from(`log.${runId}.${seq}`).toString('base64url');
}

function cursorOf(line: LogLineRecord | undefined): string | null {
  return line === undefined ? null : printLogCursor(line);
}

/** @param lines  number of the run's last line: a cursor behind it is from before the database was restored */
function readLogCursor(after: string | null | undefined, runId: string, lines: number): number {
  if (after == null) return 0;
  const match = /^log\.(\w{1,100})\.(\d{1,9})$/.exec(Buffer.from(after, 'base64url').toString());
  if (match?.[1] !== runId) throw apiError('BAD_USER_INPUT', 'after is not a cursor of the log of this run.');
  const seq = Number(match[2]);
  if (seq > lines)
    throw apiError('CURSOR_EXPIRED', 'after is behind the last line of this log: read it again from its beginning.');
  return seq;
}
