import { HELD_STATES } from '../domain/runState.ts';
import { appendRunEvents } from './runEvents.ts';
import { iso } from './runs.ts';
import type { Hold } from './runs.ts';
import { sqlList } from './sql.ts';
import type { Sql } from './sql.ts';

/** How far an attempt has come, in a unit of the task's own. */
export interface Progress {
  done: number;
  total: number | null;
  message: string | null;
  /** ISO instant */
  updatedAt: string;
}

/**
 * Writes what running attempts say of their progress, each with an event of its run. Who does not hold the lease any more says
 * nothing.
 * @param notify  payload for NOTIFY
 */
export async function writeProgress(
  sql: Sql,
  now: number,
  said: readonly (Hold & { progress: Progress })[],
  notify: string,
): Promise<void> {
  await sql.query(
    `/* writeProgress */
WITH input AS (SELECT * FROM jsonb_to_recordset($2::jsonb) AS r("runId" text, attempt int, lease text, progress jsonb)),
mine AS MATERIALIZED (
  SELECT r.id, r.state AS old_state, i.progress FROM run r JOIN input i ON i."runId" = r.id AND i.attempt = r.attempt AND i.lease = r.lease
   WHERE r.state IN ${sqlList(HELD_STATES)} ORDER BY r.id FOR NO KEY UPDATE OF r
), said AS (
  UPDATE run SET progress = mine.progress FROM mine WHERE run.id = mine.id RETURNING run.*, mine.old_state
), events AS (${appendRunEvents('said')})
SELECT pg_notify('carillon', $3)::text AS notified FROM (SELECT 1 FROM said LIMIT 1) any_said`,
    [iso(now), JSON.stringify(said), notify],
  );
}
