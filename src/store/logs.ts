import { LOG_CAP_NOTICE, MAX_LOG_BYTES, MAX_LOG_LINES } from '../domain/logLine.ts';
import type { LogEntry, LogLevel } from '../domain/logLine.ts';
import { HELD_STATES, UNFINISHED_STATES } from '../domain/runState.ts';
import type { LogLine as LogLineRow } from './generated/client.ts';
import type { Hold } from './runs.ts';
import { sqlList } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

/** The logs of runs: how they are written by workers and read by everybody. */

export interface SaidLine extends LogEntry {
  /** ISO instant */
  at: string;
  step: string | null;
}
export interface LogLineRecord extends Omit<LogLineRow, 'level' | 'fields'> {
  level: LogLevel;
  fields: Record<string, unknown> | null;
}

/**
 * Appends what attempts have said, numbered on under the lock of each run's row. At the cap of a run one last line says so, and what
 * follows is not kept. Who does not hold the lease any more says nothing.
 * @param notify  payload for NOTIFY
 * @returns those that were heard; of a run that is `truncated` no line is kept any more
 */
export function appendLogs(
  sql: Sql,
  said: readonly (Hold & { lines: readonly SaidLine[] })[],
  notify: string,
): Promise<{ lease: string; truncated: boolean }[]> {
  return sql.query(
    `/* appendLogs */
WITH input AS (SELECT * FROM jsonb_to_recordset($1::jsonb) AS r("runId" text, attempt int, lease text, lines jsonb)),
mine AS MATERIALIZED (
  SELECT r.id, r.lease, r.attempt, r.log_lines, r.log_bytes, r.logs_truncated, i.lines
    FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.state IN ${sqlList(HELD_STATES)} ORDER BY r.id FOR NO KEY UPDATE OF r
), line AS MATERIALIZED (
  SELECT m.id, m.attempt, m.log_lines, l.*,
         m.log_lines + l.place <= $2 AND m.log_bytes + sum(l.bytes) OVER (PARTITION BY m.id ORDER BY l.place) <= $3 AS fits
    FROM mine m, ROWS FROM (jsonb_to_recordset(m.lines) AS (at timestamptz, level text, message text, step text, fields jsonb, bytes int))
         WITH ORDINALITY AS l(at, level, message, step, fields, bytes, place)
   WHERE NOT m.logs_truncated
), tally AS MATERIALIZED (
  SELECT id, attempt, log_lines, count(*) FILTER (WHERE fits) AS kept, coalesce(sum(bytes) FILTER (WHERE fits), 0) AS bytes,
         min(at) FILTER (WHERE NOT fits) AS cut_at, NOT bool_and(fits) AS cut
    FROM line GROUP BY id, attempt, log_lines
), inserted AS (
  INSERT INTO log_line (run_id, seq, at, level, message, attempt, step, fields)
  SELECT id, log_lines + place, at, level, message, attempt, step, CASE WHEN jsonb_typeof(fields) = 'object' THEN fields END FROM line WHERE fits
  UNION ALL
  SELECT id, log_lines + kept + 1, cut_at, 'WARN', $4, attempt, NULL, NULL FROM tally WHERE cut
), counted AS (
  UPDATE run SET log_lines = t.log_lines + t.kept + t.cut::int, log_bytes = run.log_bytes + t.bytes, logs_truncated = t.cut
    FROM tally t WHERE run.id = t.id
)
SELECT m.lease, m.logs_truncated OR coalesce(t.cut, false) AS truncated,
       (SELECT pg_notify('carillon', $5)::text FROM (SELECT 1 FROM tally LIMIT 1) any_line) AS notified
  FROM mine m LEFT JOIN tally t ON t.id = m.id`,
    [JSON.stringify(said), MAX_LOG_LINES, MAX_LOG_BYTES, LOG_CAP_NOTICE, notify],
  );
}

/** Where the log of a run ends. */
export interface LogHead {
  runId: string;
  /** number of the last line; 0: none */
  lines: number;
  /** Nothing can be added any more. */
  ended: boolean;
}

/** @returns those of the runs that there are */
export function readLogHeads(sql: Sql, runIds: readonly string[]): Promise<LogHead[]> {
  return sql.query(
    `/* readLogHeads */
SELECT id AS "runId", log_lines AS lines, state NOT IN ${sqlList(UNFINISHED_STATES)} AS ended FROM run
 WHERE id = ANY(SELECT jsonb_array_elements_text($1::jsonb))`,
    [JSON.stringify(runIds)],
  );
}

/** The first lines of these levels behind the line `after`, in their order. */
export async function readLogLines(
  prisma: Pick<PrismaTransaction, 'logLine'>,
  runId: string,
  after: number,
  levels: readonly LogLevel[],
  limit: number,
): Promise<LogLineRecord[]> {
  const where = { runId, seq: { gt: after }, level: { in: [...levels] } };
  return (await prisma.logLine.findMany({ where, orderBy: { seq: 'asc' }, take: limit })) as LogLineRecord[];
}

/** Whether a line of these levels stands at or before the line `through`. */
export async function hasLogLinesThrough(
  prisma: Pick<PrismaTransaction, 'logLine'>,
  runId: string,
  through: number,
  levels: readonly LogLevel[],
): Promise<boolean> {
  const where = { runId, seq: { lte: through }, level: { in: [...levels] } };
  return (await prisma.logLine.findFirst({ where, select: { seq: true } })) !== null;
}
