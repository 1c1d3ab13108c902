import type { Buckets } from '../domain/buckets.ts';
import { DURATION_SHARES, JUDGED_STATES, LATENESS_SHARES, RUN_STATES, microseconds, summarizeRuns } from '../domain/runStats.ts';
import type { RunStats } from '../domain/runStats.ts';
import { UNFINISHED_STATES } from '../domain/runState.ts';
import type { RunState } from '../domain/runState.ts';
import { conditionsOfRuns } from './runLists.ts';
import type { RunFilter } from './runLists.ts';
import { sqlList, sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

/**
 * Counts and percentiles of runs by their nominal instants. Those that ended are read from run_stats_idx alone, which holds all
 * columns that stand here; those that have not, of which there are few, from the table. A column more would cost a read of the table
 * for each run.
 */

type Db = Pick<PrismaTransaction, '$queryRawUnsafe'>;
/** After `from`, up to and with `until`: what fires at this moment counts, and stretches that meet share nothing. */
export interface Stretch {
  from: Date;
  until: Date;
}
interface StatsRow {
  counts: Partial<Record<RunState, number>>;
  lateness: (number | null)[] | null;
  durations: (number | null)[] | null;
}

const COLUMNS = 'r.scheduled_for, r.state, r.lateness_ms, r.started_at, r.finished_at';
const DURATION_MS = '(extract(epoch FROM finished_at - started_at) * 1000)::float8';
const FIGURES = `jsonb_build_object(${RUN_STATES.map((state) => `'${state}', count(*) FILTER (WHERE state = '${state}')`).join(', ')}) AS counts,
       to_jsonb(percentile_cont(ARRAY[${LATENESS_SHARES.join(', ')}]) WITHIN GROUP (ORDER BY lateness_ms)) AS lateness,
       to_jsonb(percentile_cont(ARRAY[${DURATION_SHARES.join(', ')}]) WITHIN GROUP (ORDER BY ${DURATION_MS})
         FILTER (WHERE state IN ${sqlList(JUDGED_STATES)})) AS durations`;

/** @param condition  over the run r */
const figuresOf = (condition: string) => `SELECT ${FIGURES} FROM ${measured(condition)}`;

const measured = (condition: string) => `(
    SELECT ${COLUMNS} FROM run r WHERE r.finished_at IS NOT NULL AND ${condition}
    UNION ALL
    SELECT ${COLUMNS} FROM run r WHERE r.state IN ${sqlList(UNFINISHED_STATES)} AND ${condition}
  ) r`;

export async function readRunStats(prisma: Db, filter: RunFilter | null, { from, until }: Stretch): Promise<RunStats> {
  const conditions = conditionsOfRuns(filter);
  conditions.add(`r.scheduled_for > ${conditions.param(from.toISOString())}::timestamptz`);
  conditions.add(`r.scheduled_for <= ${conditions.param(until.toISOString())}::timestamptz`);
  const [row] = await sqlOfPrisma(prisma).query<StatsRow>(
    `/* figures of runs */ ${figuresOf(conditions.text())}`,
    conditions.values,
  );
  return toStats(row as StatsRow);
}

/** Of one bucket after the other, by their beginnings in epoch ms; those without runs are left out. */
export async function readRunStatsSeries(prisma: Db, filter: RunFilter | null, buckets: Buckets): Promise<Map<number, RunStats>> {
  const conditions = conditionsOfRuns(filter);
  conditions.within('r.scheduled_for', { from: new Date(buckets.from), until: new Date(buckets.until) });
  const stride = `${conditions.param(buckets.ms)}::float8 * interval '1 ms'`;
  const rows = await sqlOfPrisma(prisma).query<StatsRow & { from: Date }>(
    `/* a series of figures of runs */
SELECT date_bin(${stride}, r.scheduled_for, 'epoch') AS "from", ${FIGURES} FROM ${measured(conditions.text())} GROUP BY 1`,
    conditions.values,
  );
  return new Map(rows.map(({ from, ...row }) => [from.getTime(), toStats(row)]));
}

/** Of many schedules in one statement. @returns in the order in which they are asked for */
export async function readScheduleStats(prisma: Db, asked: readonly (Stretch & { scheduleId: string })[]): Promise<RunStats[]> {
  const rows = await sqlOfPrisma(prisma).query<StatsRow>(
    `/* figures of schedules */
SELECT figures.* FROM ROWS FROM (jsonb_to_recordset($1::jsonb) AS ("scheduleId" text, "from" timestamptz, until timestamptz))
    WITH ORDINALITY AS asked("scheduleId", "from", until, place)
 CROSS JOIN LATERAL (${figuresOf('r.schedule_id = asked."scheduleId" AND r.scheduled_for > asked."from" AND r.scheduled_for <= asked.until')}) figures
 ORDER BY asked.place`,
    [JSON.stringify(asked)],
  );
  return rows.map(toStats);
}

/** Which of a schedule's runs tell how long the next one will take. */
const NEWEST = 20;

/** The median of how long the newest ended runs of schedules took, in milliseconds; absent where nothing tells. */
export async function readUsualDurations(prisma: Db, scheduleIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await sqlOfPrisma(prisma).query<{ id: string; ms: number | null }>(
    `/* usual durations of schedules */
SELECT asked.id, (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY ${DURATION_MS}) FILTER (WHERE state IN ${sqlList(JUDGED_STATES)})
  FROM (SELECT ${COLUMNS} FROM run r WHERE r.schedule_id = asked.id AND r.finished_at IS NOT NULL ORDER BY r.scheduled_for DESC LIMIT ${NEWEST}) newest) AS ms
  FROM jsonb_array_elements_text($1::jsonb) AS asked(id)`,
    [JSON.stringify(scheduleIds)],
  );
  return new Map(rows.flatMap(({ id, ms }) => (ms === null ? [] : [[id, microseconds(ms)]])));
}

function toStats({ counts, lateness, durations }: StatsRow): RunStats {
  return summarizeRuns(counts, lateness, durations);
}
