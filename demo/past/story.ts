import type { CodeTask } from '../../src/task/defineTask.ts';
import { registerTasks } from '../../src/codeTasks.ts';
import { applySchedules } from '../../src/commands/applySchedules.ts';
import { backfillSchedule } from '../../src/commands/backfillSchedule.ts';
import type { Caller, CommandParts, CommandResult } from '../../src/commands/command.ts';
import { createApiToken } from '../../src/commands/createApiToken.ts';
import { createFreeze } from '../../src/commands/createFreeze.ts';
import { createHttpTask } from '../../src/commands/createHttpTask.ts';
import { createSchedule } from '../../src/commands/createSchedule.ts';
import { endFreeze } from '../../src/commands/endFreeze.ts';
import { pauseSchedules, resumeSchedules } from '../../src/commands/pauseSchedules.ts';
import { pauseTask } from '../../src/commands/pauseTask.ts';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import { registerTask } from '../../src/commands/registerTask.ts';
import { revokeApiToken } from '../../src/commands/revokeApiToken.ts';
import { skipOccurrence } from '../../src/commands/skipOccurrence.ts';
import { updateSchedule } from '../../src/commands/updateSchedule.ts';
import type { Logger } from '../../src/log.ts';
import { iso } from '../../src/store/runs.ts';
import { createChance } from '../chance.ts';
import { billingSchedules } from '../fleet/billing.ts';
import { calendars } from '../fleet/calendars.ts';
import { dataSchedules, searchSchedules } from '../fleet/data.ts';
import { growthSchedules } from '../fleet/growth.ts';
import { ANNA, JONAS, MATEO, PRIYA, tokenCaller } from '../fleet/people.ts';
import { lively, platformSchedules } from '../fleet/platform.ts';
import { orderRepair, shopSchedules } from '../fleet/shop.ts';
import type { Spec } from '../fleet/spec.ts';
import { WAREHOUSE, httpTasks } from '../fleet/tasks.ts';
import { PARTNER_GONE, httpWork } from '../works/httpWorks.ts';
import type { World } from './act.ts';
import { createChronicle } from './chronicle.ts';
import type { Chronicle, StoryClock } from './chronicle.ts';
import { incidentsBefore } from './tale.ts';
import type { Tale } from './tale.ts';
import { writeWorkers } from './write.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The newest runs need a moment in which they can have ended. */
const OPEN_MS = 1_500;

/** When the fleet was set up. @param now  epoch ms */
export const storyBegin = (now: number): number => now - 14 * DAY_MS - 6 * HOUR_MS;

export interface Stage {
  /** Under a queue that delivers nothing: what commands want to run in the past is not run. */
  parts: CommandParts & { clock: StoryClock };
  log: Logger;
  world: World;
  codeTasks: readonly CodeTask[];
  /** Of the target of HTTP tasks. */
  origin: string;
}

/** Sets up the fleet two weeks ago and lets everything happen to it that happens to fleets. */
export async function tellStory(stage: Stage): Promise<void> {
  const { parts, world } = stage;
  const { now } = world;
  const chronicle = createChronicle(parts, world, stage.origin, talesOf(stage), incidentsBefore(now));
  const scenes = scenesOf(stage, chronicle).toSorted((a, b) => a.at - b.at);
  for (const { at, happen } of scenes) {
    await chronicle.advanceTo(at);
    await happen(at);
  }
  world.now = Date.now();
  // What is due from then on the server finds.
  await chronicle.advanceTo(world.now - OPEN_MS);
  await chronicle.close();
}

interface Scene {
  at: number;
  happen(at: number): Promise<unknown>;
}

function talesOf({ world: { now }, origin }: Stage): Record<string, Tale> {
  const refused = () => ({ delayMs: 310, status: 409, body: { error: 'the ledger of the provider is locked: LEDGER_LOCKED' } });
  return {
    'stock-acme': { broken: { from: now - 9 * HOUR_MS, work: httpWork('partner.stock', origin, () => PARTNER_GONE) } },
    'settlement-hourly': { broken: { from: now - 11 * HOUR_MS, work: httpWork('payments.settle', origin, refused) } },
    'warehouse-export': { abandonedFrom: now - 3 * HOUR_MS },
    'thumbnails-backlog': { slow: { share: 0.02, factor: 150 } },
    'reindex-suggestions': { slow: { share: 0.04, factor: 3.5 } },
    'sales-live': { slow: { share: 0.015, factor: 60 } },
    'sales-hourly': { slow: { share: 0.01, factor: 140 } },
  };
}

function scenesOf(stage: Stage, chronicle: Chronicle): Scene[] {
  const { parts, world, codeTasks, origin, log } = stage;
  const { now, outage } = world;
  const ago = (days: number, hours = 0) => now - days * DAY_MS - hours * HOUR_MS;
  const tokens = new Map<string, { id: string; name: string }>();
  const pipeline = (): Caller => tokenCaller(tokens.get('ci-deploy') as { id: string; name: string });
  const apply = async (team: string, schedules: readonly Spec[]) =>
    wellDone(applySchedules(parts, pipeline(), { managedBy: `git:${team}`, schedules }));
  const create = (by: Caller, spec: Spec) => wellDone(createSchedule(parts, by, { spec }));
  const token = async (by: Caller, name: string, role: 'VIEWER' | 'OPERATOR' | 'EDITOR', expiresAt: number | null = null) => {
    const input = { name, role, expiresAt: expiresAt === null ? null : new Date(expiresAt) };
    const { apiToken } = await wellDone(createApiToken(parts, by, input));
    tokens.set(name, apiToken);
  };
  const freeze = (
    by: Caller,
    reason: string,
    from: number,
    until: number,
    labels: Record<string, string>,
    exit: 'SKIP' | 'FIRE_ONCE' = 'SKIP',
  ) => {
    const filter = { labels: Object.entries(labels).map(([key, value]) => ({ key, in: [value] })) };
    return wellDone(createFreeze(parts, by, { reason, from: new Date(from), until: new Date(until), select: { filter }, exit }));
  };
  const pause = (by: Caller, name: string, reason: string, until: number | null = null) =>
    wellDone(pauseSchedules(parts, by, { select: { names: [name] }, reason, until: until === null ? null : new Date(until) }));
  const update = (by: Caller, name: string, reason: string, patch: Parameters<typeof updateSchedule>[2]['patch']) =>
    wellDone(updateSchedule(parts, by, { ref: { name }, patch, reason }));

  const begin: Scene[] = [
    {
      at: storyBegin(now),
      async happen() {
        await token(ANNA, 'ci-deploy', 'EDITOR');
        await token(ANNA, 'grafana', 'VIEWER');
        await token(ANNA, 'old-pipeline', 'EDITOR');
        await token(JONAS, 'contractor-lena', 'OPERATOR', ago(4));
        for (const calendar of calendars(now)) await wellDone(putCalendar(parts, ANNA, calendar));
        await registerTasks(parts, log, codeTasks);
        await wellDone(registerTask(parts, SERVER_OF_DATA, WAREHOUSE));
        for (const task of httpTasks(origin)) await wellDone(createHttpTask(parts, MATEO, task));
        await writeWorkers(parts.store.sql, world.workers);
        await apply('platform', platformSchedules());
        await apply('shop', shopSchedules(now));
        await apply('data', dataSchedules(now));
        for (const spec of searchSchedules()) await create(PRIYA, spec);
        for (const spec of growthSchedules()) await create(MATEO, spec);
      },
    },
    { at: storyBegin(now) + 20 * MINUTE_MS, happen: () => apply('billing', billingSchedules()) },
    { at: ago(6), happen: () => create(JONAS, orderRepair()) },
    ...lively().map(({ spec, hours }, index) => ({
      at: ago(0, hours) - index * 7_000,
      happen: () => create(spec.name.startsWith('health') ? ANNA : JONAS, spec),
    })),
  ];

  const changes: Scene[] = [
    { at: ago(13), happen: () => wellDone(revokeApiToken(parts, ANNA, tokens.get('old-pipeline')?.id as string)) },
    {
      at: ago(9, 3),
      happen: () =>
        update(MATEO, 'status-page', 'on the hour, so that people know when to look', {
          trigger: { cron: { expression: '0 * * * *' } },
        }),
    },
    {
      at: ago(8, 5),
      happen: () => update(PRIYA, 'reindex-products', 'the catalogue has grown', { execution: { timeout: 'PT3H' } }),
    },
    { at: ago(7, 2), happen: () => apply('platform', platformSchedules().map(changed)) },
    { at: ago(4, 6), happen: () => token(JONAS, 'oncall-bot', 'OPERATOR', now + 90 * DAY_MS) },
    { at: ago(3, 1), happen: () => skipNext(parts, ANNA, 'invoices-jp', 'public holiday in Japan') },
    { at: ago(2, 9), happen: () => skipNext(parts, PRIYA, 'reindex-nightly', 'the catalogue is being moved') },
    { at: ago(0, 6), happen: () => skipNext(parts, PRIYA, 'sales-apac', 'the report of today was made by hand') },
  ];

  const standstills: Scene[] = [
    { at: ago(11, 8), happen: () => freeze(ANNA, 'Upgrade of the database', ago(11), ago(11) + 3 * HOUR_MS, { team: 'data' }) },
    {
      at: ago(7, 1),
      happen: () => freeze(JONAS, 'Release 4.18', ago(7), ago(7) + 90 * MINUTE_MS, { env: 'prod', team: 'shop' }, 'FIRE_ONCE'),
    },
    {
      at: ago(3, 4),
      async happen() {
        const { freeze: made } = await freeze(PRIYA, 'Move of the search cluster', ago(3, 4), ago(2), { team: 'search' });
        early = made.id;
      },
    },
    { at: ago(3), happen: () => wellDone(endFreeze(parts, PRIYA, early)) },
    {
      at: ago(1, 2),
      happen: () => freeze(ANNA, 'Black Friday: nothing changes', now + 3 * DAY_MS, now + 7 * DAY_MS, { team: 'billing' }),
    },
    {
      at: ago(0, 2.5),
      happen: () => freeze(JONAS, 'Staging is rebuilt', ago(0, 2.5), now + 5 * HOUR_MS, { env: 'staging' }, 'FIRE_ONCE'),
    },
    { at: ago(8), happen: () => pause(MATEO, 'campaign-autumn', 'the autumn campaign is being revised') },
    {
      at: ago(6, 1),
      happen: () =>
        wellDone(resumeSchedules(parts, PRIYA, { select: { names: ['campaign-autumn'] }, reason: 'the revision is live' })),
    },
    { at: ago(5, 10), happen: () => pause(JONAS, 'payment-reminders', 'customers got two of them: waits for the mail team') },
    { at: ago(1, 5), happen: () => pause(PRIYA, 'newsletter', 'texts are late', now + 18 * HOUR_MS) },
    {
      at: ago(1),
      happen: () => pause(ANNA, 'prices-globex', 'Globex maintains its interface until tomorrow', now + 20 * HOUR_MS),
    },
    {
      at: ago(0, 26),
      happen: () =>
        wellDone(
          pauseTask(
            parts,
            PRIYA,
            { key: 'leads.score' },
            { reason: 'a model is trained again', until: new Date(now + 30 * HOUR_MS) },
          ),
        ),
    },
  ];
  let early = '';

  const byHand: Scene[] = [
    {
      at: ago(13, 12),
      happen: (at) =>
        backfilled(
          stage,
          chronicle,
          at,
          'sales-hourly',
          storyBegin(now) - 36 * HOUR_MS,
          storyBegin(now),
          3,
          'the dashboard needs the days before',
        ),
    },
    {
      at: outage.until + 2 * HOUR_MS,
      happen: (at) => backfilled(stage, chronicle, at, 'health-edge', outage.from, outage.until, 2, 'the outage'),
    },
    { at: now - 2 * MINUTE_MS, happen: () => runByHand(stage, chronicle, pipeline()) },
  ];
  return [...begin, ...changes, ...standstills, ...byHand];
}

const SERVER_OF_DATA: Caller = {
  viewer: { actor: { kind: 'SYSTEM', id: 'carillon', name: 'Carillon' }, role: 'ADMIN' },
  requestId: 'start',
  source: 'code',
};

function changed(spec: Spec): Spec {
  return spec.name === 'clean-temp' ? { ...spec, description: 'On every worker, in the quiet minutes of the hour.' } : spec;
}

async function skipNext(parts: CommandParts, by: Caller, name: string, reason: string): Promise<void> {
  const { nextScheduledFor } = await parts.store.prisma.schedule.findFirstOrThrow({ where: { name } });
  await wellDone(skipOccurrence(parts, by, { ref: { name }, scheduledFor: nextScheduledFor as Date, reason }));
}

/** A backfill that was asked for and has been done. */
async function backfilled(
  { parts }: Stage,
  chronicle: Chronicle,
  at: number,
  name: string,
  from: number,
  until: number,
  concurrency: number,
  reason: string,
): Promise<void> {
  const range = { from: new Date(from), until: new Date(until) };
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

async function runByHand({ world: { now } }: Stage, chronicle: Chronicle, pipeline: Caller): Promise<void> {
  const chance = createChance('by hand');
  const instants = (count: number, days: number) =>
    Array.from({ length: count }, () => Math.round(now - HOUR_MS - chance.next() * days * DAY_MS)).toSorted((a, b) => a - b);
  const deployments = instants(46, 13);
  await chronicle.byHand(
    'smoke-test',
    deployments.map((at, index) => ({ at, by: pipeline.viewer.actor, reason: `deployment ${1_204 + index}` })),
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

/** The value of a command. @throws Error with what it refuses: the story is wrong then */
export async function wellDone<T>(result: Promise<CommandResult<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.userErrors.map(({ code, message }) => `${code}: ${message}`).join('; '));
  return settled.value;
}
