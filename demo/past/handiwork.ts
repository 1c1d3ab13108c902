import { backfillSchedule } from '../../src/commands/backfillSchedule.ts';
import { iso } from '../../src/store/runs.ts';
import { createChance } from '../chance.ts';
import { ANNA, JONAS, MATEO, PRIYA } from '../fleet/people.ts';
import type { Chronicle } from './chronicle.ts';
import { pipelineOf } from './founding.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, agoIn, storyBegin, wellDone } from './stage.ts';
import type { Scene, Stage } from './stage.ts';

/** What was run by hand: backfills, runs of schedules, and failed ones once more. */
export function handiwork(stage: Stage): Scene[] {
  const { now, outage } = stage.world;
  const ago = agoIn(stage);
  const begin = storyBegin(now);
  return [
    backfilled(stage, ago(13, 12), 'sales-hourly', { from: begin - 36 * HOUR_MS, until: begin }, 3, 'the days before are wanted'),
    backfilled(stage, outage.until + 2 * HOUR_MS, 'health-edge', outage, 2, 'the outage'),
    { at: now - 2 * MINUTE_MS, happen: (chronicle) => runByHand(stage, chronicle) },
    ...['crm-sync', 'sales-live', 'orders-sync-us', 'campaign-autumn', 'crm-sync', 'trial-metrics'].map((name, index) => {
      const by = (index % 2 === 0 ? JONAS : PRIYA).viewer.actor;
      const at = ago(0.4 + index * 1.7);
      return { at, happen: (chronicle: Chronicle) => chronicle.retry(name, { at, by, reason: 'the cause is mended' }) };
    }),
  ];
}

/** A backfill that was asked for and has been done. */
function backfilled(
  { parts }: Stage,
  at: number,
  name: string,
  { from, until }: { from: number; until: number },
  concurrency: number,
  reason: string,
): Scene {
  const range = { from: new Date(from), until: new Date(until) };
  return { at, happen };

  async function happen(chronicle: Chronicle): Promise<void> {
    const { backfill } = await wellDone(backfillSchedule(parts, JONAS, { ref: { name }, range, concurrency, reason }));
    if (backfill === null) return;
    const { id } = backfill;
    const instants = await parts.store.hotTransaction(async ({ sql }) => {
      const rows = await sql.query<{ at: Date }>(
        `/* demoBackfill */
WITH begun AS (DELETE FROM run WHERE backfill_id = $1 RETURNING scheduled_for), open AS (DELETE FROM backfill_instant WHERE backfill_id = $1 RETURNING scheduled_for)
SELECT scheduled_for AS at FROM begun UNION ALL SELECT scheduled_for FROM open ORDER BY 1`,
        [id],
      );
      return rows.map((row) => row.at.getTime());
    });
    const runs = await chronicle.backfill(id, name, instants, at, concurrency);
    const endedAt = Math.max(at, ...runs.map((run) => run.attempts.at(-1)?.finishedAt ?? 0));
    const failed = runs.filter(({ state }) => state !== 'SUCCEEDED').length;
    await parts.store.sql.query(
      `/* demoBackfillEnd */
UPDATE backfill SET state = 'COMPLETED', written = total, failed = $2, updated_at = $3::timestamptz, finished_at = $3::timestamptz WHERE id = $1`,
      [id, failed, iso(endedAt)],
    );
  }
}

/** What was run by hand all the time, told at once. */
async function runByHand(stage: Stage, chronicle: Chronicle): Promise<void> {
  const { now } = stage.world;
  const chance = createChance('by hand');
  const instants = (count: number, days: number) =>
    Array.from({ length: count }, () => Math.round(now - HOUR_MS - chance.next() * days * DAY_MS)).toSorted((a, b) => a - b);
  const deployments = instants(46, 13);
  await chronicle.byHand(
    'smoke-test',
    deployments.map((at, index) => ({ at, by: pipelineOf(stage).viewer.actor, reason: `deployment ${1_204 + index}` })),
  );
  await chronicle.byHand(
    'ad-hoc-report',
    instants(14, 12).map((at) => ({
      at,
      by: chance.pick([ANNA, PRIYA, MATEO]).viewer.actor,
      reason: chance.pick(['board meeting', 'asked by finance', 'a customer wants numbers']),
    })),
  );
}
