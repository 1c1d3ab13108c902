import { HELD_STATES } from '../domain/runState.ts';
import type { RunError } from '../domain/runError.ts';
import type { StepEnd } from '../domain/runStep.ts';
import type { RunStep as StepRow } from './generated/client.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso } from './runs.ts';
import type { Hold } from './runs.ts';
import { sqlList } from './sql.ts';
import type { PrismaTransaction, Sql } from './sql.ts';

/** The steps of runs. Every write carries the lease: who does not hold it any more changes nothing. */

const HELD = sqlList(HELD_STATES);

export interface StepRecord extends Omit<StepRow, 'state' | 'error'> {
  state: StepEnd['state'];
  error: RunError | null;
}
export interface StepStart extends Hold {
  name: string;
  /** With an event of its run. */
  announce: boolean;
}
export interface StepFinish extends StepStart {
  state: 'SUCCEEDED' | 'FAILED';
  output: unknown;
  error: RunError | null;
}
/** `remembered`: an earlier attempt did it, and this is its output. */
export interface BegunStep {
  lease: string;
  name: string;
  remembered: boolean;
  output: unknown;
}

/** Those of the input that are held, with a column each, `step` for its name. One step stands in it once. */
const MINE = `mine AS MATERIALIZED (
  SELECT r.*, r.state AS old_state, i.name AS step, i.announce, i.nth FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.state IN ${HELD} ORDER BY r.id FOR NO KEY UPDATE OF r
)`;
/** One event for each run, however many of its steps change, and one NOTIFY for all. */
const announced = (changed: string, notify: string) => `said AS (
  SELECT DISTINCT ON (m.id) m.* FROM mine m JOIN ${changed} c ON c.run_id = m.id AND c.name = m.step WHERE m.announce ORDER BY m.id
), events AS (${appendRunEvents('said')}
), told AS MATERIALIZED (SELECT pg_notify('carillon', ${notify})::text AS notified FROM (SELECT 1 FROM said LIMIT 1) any_said)`;

/**
 * Begins steps, except those that are done already.
 * @param notify  payload for NOTIFY
 * @returns one for each start that is held
 */
export function beginSteps(sql: Sql, now: number, starts: readonly StepStart[], notify: string): Promise<BegunStep[]> {
  return sql.query(
    `/* beginSteps */
WITH input AS (
  SELECT * FROM ROWS FROM (jsonb_to_recordset($2::jsonb) AS ("runId" text, attempt int, lease text, name text, announce boolean))
    WITH ORDINALITY AS i("runId", attempt, lease, name, announce, nth)
), ${MINE}, begun AS (
  INSERT INTO run_step (run_id, name, place, state, attempt, started_at)
  SELECT m.id, m.step, coalesce((SELECT max(s.place) FROM run_step s WHERE s.run_id = m.id), 0) + row_number() OVER (PARTITION BY m.id ORDER BY m.nth),
         'RUNNING', m.attempt, $1::timestamptz
    FROM mine m
  ON CONFLICT (run_id, name) DO UPDATE
    SET state = 'RUNNING', attempt = excluded.attempt, started_at = excluded.started_at, finished_at = NULL, output = NULL, error = NULL
    WHERE run_step.state <> 'SUCCEEDED'
  RETURNING run_id, name
), ${announced('begun', '$3')}
SELECT m.lease, m.step AS name, coalesce(s.state = 'SUCCEEDED', false) AS remembered, s.output, (SELECT notified FROM told) AS notified
  FROM mine m LEFT JOIN run_step s ON s.run_id = m.id AND s.name = m.step`,
    [iso(now), JSON.stringify(starts), notify],
  );
}

/**
 * Ends steps. Saying the same once more, because the first answer was lost, changes nothing.
 * @param notify  payload for NOTIFY
 * @returns one for each end that is held
 */
export function finishSteps(
  sql: Sql,
  now: number,
  finishes: readonly StepFinish[],
  notify: string,
): Promise<{ lease: string; name: string }[]> {
  return sql.query(
    `/* finishSteps */
WITH input AS (
  SELECT * FROM ROWS FROM (jsonb_to_recordset($2::jsonb)
      AS ("runId" text, attempt int, lease text, name text, announce boolean, state text, output jsonb, error jsonb))
    WITH ORDINALITY AS i("runId", attempt, lease, name, announce, state, output, error, nth)
), ${MINE}, ended AS (
  UPDATE run_step s SET state = i.state, finished_at = $1::timestamptz, output = CASE WHEN jsonb_typeof(i.output) <> 'null' THEN i.output END,
         error = CASE WHEN jsonb_typeof(i.error) = 'object' THEN i.error END
    FROM mine m JOIN input i ON i.nth = m.nth WHERE s.run_id = m.id AND s.name = m.step AND s.attempt = m.attempt AND s.state = 'RUNNING'
  RETURNING s.run_id, s.name
), ${announced('ended', '$3')}
SELECT m.lease, m.step AS name, (SELECT notified FROM told) AS notified FROM mine m`,
    [iso(now), JSON.stringify(finishes), notify],
  );
}

/** Announces once for each run what its steps have done since the last event. @param notify payload for NOTIFY */
export async function announceSteps(sql: Sql, now: number, holds: readonly Hold[], notify: string): Promise<void> {
  await sql.query(
    `/* announceSteps */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS r("runId" text, attempt int, lease text)),
said AS MATERIALIZED (
  SELECT r.*, r.state AS old_state FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.state IN ${HELD} ORDER BY r.id FOR NO KEY UPDATE OF r
), events AS (${appendRunEvents('said')})
SELECT pg_notify('carillon', $3)::text AS notified FROM (SELECT 1 FROM said LIMIT 1) any_said`,
    [iso(now), JSON.stringify(holds), notify],
  );
}

/** The steps of each run, in the order in which it first came to them. */
export async function findSteps(prisma: Pick<PrismaTransaction, 'runStep'>, runIds: readonly string[]): Promise<StepRecord[]> {
  const where = { runId: { in: [...runIds] } };
  return (await prisma.runStep.findMany({ where, orderBy: [{ runId: 'asc' }, { place: 'asc' }] })) as unknown as StepRecord[];
}

/**
 * Gives a run the outputs of another one's steps, as far as they stand before the step of this name: it will do that step and all
 * behind it, and none of those. In the new run their attempt is 0. The caller has written that run and it has no steps yet.
 * @returns how many; null when the run has no such step, and then nothing is copied
 */
export async function copyStepsBefore(sql: Sql, fromRunId: string, toRunId: string, stepName: string): Promise<number | null> {
  const [row] = await sql.query<{ known: boolean; copied: number }>(
    `/* copyStepsBefore */
WITH wanted AS (SELECT place FROM run_step WHERE run_id = $1 AND name = $3),
copied AS (
  INSERT INTO run_step (run_id, name, place, state, attempt, started_at, finished_at, output)
  SELECT $2::text, s.name, s.place, s.state, 0, s.started_at, s.finished_at, s.output FROM run_step s, wanted w
   WHERE s.run_id = $1 AND s.place < w.place AND s.state = 'SUCCEEDED'
  RETURNING 1
)
SELECT EXISTS (SELECT 1 FROM wanted) AS known, (SELECT count(*)::int FROM copied) AS copied`,
    [fromRunId, toRunId, stepName],
  );
  return row?.known === true ? row.copied : null;
}
