import type { CommandParts } from '../../src/commands/command.ts';
import type { Actor } from '../../src/store/actor.ts';
import { claimSchedules, writeVerdicts } from '../../src/store/claims.ts';
import { countSuppressed, forgetFreezes } from '../../src/store/freezes.ts';
import { setFailures } from '../../src/store/scheduleFailures.ts';
import { forgetSkips, readSkips } from '../../src/store/skips.ts';
import { RETENTION_KEY } from '../../src/builtin/retention.ts';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { ENDPOINTS, httpWork } from '../works/httpWorks.ts';
import type { Work } from '../works/work.ts';
import { createChance } from '../chance.ts';
import { act } from './act.ts';
import type { World } from './act.ts';
import { endOf } from './run.ts';
import type { PastAttempt, PastRun } from './run.ts';
import { ownerOf, simulate } from './simulate.ts';
import type { Cast, Lane } from './simulate.ts';
import type { Incident, Tale } from './tale.ts';
import { writeOccurrences, writeRuns } from './write.ts';

/** A clock that stands where the story is. */
export interface StoryClock {
  now(): number;
  after(): () => void;
  set(at: number): void;
}
export function createStoryClock(start: number): StoryClock {
  let now = start;
  return { now: () => now, after: () => () => undefined, set: (at) => void (now = at) };
}

/** Of older runs, of tasks without steps, nothing is known but how they went. */
const DETAILED_MS = 36 * 3_600_000;
/** Nor of those that were not among so many newest of their schedule when they were written. */
const DETAILED = 40;

interface ByHand {
  /** Epoch ms. */
  at: number;
  by: Actor;
  reason: string;
}

/** Tells the past stretch by stretch; between two of them commands may change whatever they like. */
export interface Chronicle {
  /** Everything up to then happens, and is written but for what is still under way. */
  advanceTo(at: number): Promise<void>;
  /** What somebody has run by hand, at these instants. */
  byHand(scheduleName: string, calls: readonly ByHand[]): Promise<void>;
  /** Somebody does the newest run that failed before then once more. */
  retry(scheduleName: string, call: ByHand): Promise<void>;
  /** Runs of a backfill, in the order in which they are made, so many at once. */
  backfill(id: string, scheduleName: string, instants: readonly number[], from: number, concurrency: number): Promise<PastRun[]>;
  /** Writes what is left. */
  close(): Promise<void>;
}

export function createChronicle(
  parts: CommandParts & { clock: StoryClock },
  world: World,
  origin: string,
  tales: Record<string, Tale>,
  incidents: readonly Incident[],
): Chronicle {
  const { store, clock } = parts;
  const lanes = new Map<string, Lane>();
  const told = new Map<string, PastRun[]>();
  let pending: PastRun[] = [];
  const works: Record<string, Work> = { ...CODE_WORKS, [RETENTION_KEY]: RETENTION };
  for (const [key, { answer }] of Object.entries(ENDPOINTS)) works[key] = httpWork(key, origin, answer);

  function workOf(taskKey: string): Work {
    const work = works[taskKey];
    if (work === undefined) throw new Error(`nobody knows what the task ${taskKey} does`);
    return work;
  }

  function keep(runs: readonly PastRun[]): void {
    pending.push(...runs);
    for (const run of runs) {
      const own = told.get(run.owner.scheduleName);
      if (own === undefined) told.set(run.owner.scheduleName, [run]);
      else own.push(run);
    }
  }

  async function advanceTo(at: number): Promise<void> {
    const rows = await store.prisma.schedule.findMany({
      where: { state: 'ACTIVE', deletedAt: null, nextScheduledFor: { lte: new Date(at) } },
      select: { id: true, pauseAfterFailures: true, task: { select: { key: true } } },
    });
    const known = new Map(rows.map((row) => [row.id, row]));
    await store.hotTransaction(async ({ sql }) => {
      const claimed = (await claimSchedules(sql, [...known.keys()])).filter(({ hold }) => hold === null);
      const skips = await readSkips(
        sql,
        claimed.filter(({ skipCount }) => skipCount > 0).map(({ id }) => id),
      );
      const chapters = claimed.map((schedule) => {
        const row = known.get(schedule.id) as (typeof rows)[number];
        const cast: Cast = {
          taskKey: row.task.key,
          work: workOf(row.task.key),
          tale: tales[schedule.name] ?? {},
          incidents,
          pauseAfterFailures: row.pauseAfterFailures,
        };
        let lane = lanes.get(schedule.id);
        if (lane === undefined) lanes.set(schedule.id, (lane = { underway: [], failures: 0 }));
        const chapter = simulate(schedule, parts.triggerOf(schedule), skips.get(schedule.id) ?? [], cast, lane, at, world);
        return { schedule, lane, chapter };
      });
      keep(chapters.flatMap(({ chapter }) => chapter.runs));
      await writeOccurrences(
        sql,
        chapters.flatMap(({ chapter }) => chapter.occurrences),
      );
      await writeVerdicts(
        sql,
        at,
        [],
        [],
        chapters.map(({ chapter }) => chapter.advance),
      );
      await forgetSkips(
        sql,
        chapters
          .filter(({ schedule }) => skips.has(schedule.id))
          .map(({ chapter: { advance } }) => ({ id: advance.id, before: advance.nextScheduledFor })),
      );
      await countSuppressed(
        sql,
        chapters.flatMap(({ chapter }) => chapter.held),
      );
      await forgetFreezes(
        sql,
        chapters.map(({ chapter: { advance } }) => ({
          id: advance.id,
          settled: advance.nextScheduledFor === null ? at : Math.min(at, Date.parse(advance.nextScheduledFor)),
        })),
      );
      await flush(sql, at);
      const counted = chapters.map(({ schedule, lane, chapter }) => ({
        at: chapter.gaveUpAt ?? at,
        id: schedule.id,
        count: lane.failures,
      }));
      for (const [when, failures] of Map.groupBy(counted, (one) => one.at)) await setFailures(sql, when, failures);
    });
    clock.set(at);
  }

  /** Writes what has ended by then: what has not may be ended by something that comes. */
  async function flush(sql: Parameters<typeof writeRuns>[0], at: number): Promise<void> {
    const ended = pending.filter((run) => endOf(run) <= at);
    pending = pending.filter((run) => endOf(run) > at);
    const newest = new Set(Array.from(told.values(), (runs) => runs.slice(-DETAILED)).flat());
    const recent = (run: PastRun) => run.createdAt > world.now - DETAILED_MS || run.attempts.some(hasSteps);
    await writeRuns(sql, ended, new Set(ended.filter((run) => newest.has(run) && recent(run))));
  }

  async function actOf(
    scheduleName: string,
  ): Promise<(run: Pick<PastRun, 'origin' | 'scheduledFor' | 'createdAt' | 'releasedAt'>) => PastRun> {
    const row = await store.prisma.schedule.findFirstOrThrow({ where: { name: scheduleName }, include: { task: true } });
    const [schedule] = await store.hotTransaction(({ sql }) => claimSchedules(sql, [row.id]));
    if (schedule === undefined) throw new Error(`there is no schedule ${scheduleName}`);
    const role = { work: workOf(row.task.key), policy: ownerOf(schedule).policy, input: schedule.input };
    return (run) => {
      const seed = `${scheduleName}:${run.origin}:${run.scheduledFor}`;
      const fate = createChance(seed).happens(0.06) ? ('BADLY' as const) : ('WELL' as const);
      const acted = act({ ...role, fate, slowness: 1, warehouse: false, workerId: null }, seed, run.releasedAt, world);
      return { id: null, owner: ownerOf(schedule), effectiveAt: run.scheduledFor, localWorkerId: null, ...run, ...acted };
    };
  }

  return {
    advanceTo,
    async byHand(scheduleName, calls) {
      const play = await actOf(scheduleName);
      keep(
        calls.map(({ at, by, reason }) => ({
          ...play({ origin: 'MANUAL', scheduledFor: at, createdAt: at, releasedAt: at }),
          requestedBy: by,
          reason,
        })),
      );
    },
    async retry(scheduleName, { at, by, reason }) {
      const failed = told.get(scheduleName)?.findLast((run) => run.state === 'FAILED' && endOf(run) < at);
      if (failed === undefined) return;
      const play = await actOf(scheduleName);
      const run = play({ origin: 'RETRY', scheduledFor: failed.scheduledFor, createdAt: at, releasedAt: at });
      keep([{ ...run, effectiveAt: at, requestedBy: by, reason, retryOf: failed }]);
    },
    async backfill(id, scheduleName, instants, from, concurrency) {
      const play = await actOf(scheduleName);
      const free = Array.from({ length: concurrency }, () => from);
      const runs = instants.map((scheduledFor): PastRun => {
        const createdAt = Math.min(...free) + 5;
        const run = { ...play({ origin: 'BACKFILL', scheduledFor, createdAt, releasedAt: createdAt }), backfillId: id };
        free[free.indexOf(createdAt - 5)] = endOf(run);
        return run;
      });
      keep(runs);
      return runs;
    },
    close: () => store.hotTransaction(({ sql }) => flush(sql, Infinity)),
  };
}
const hasSteps = ({ parts }: PastAttempt): boolean => parts.some(({ part }) => part.step !== null);
/** What the retention of runs, a task of the server, does while nothing is old enough. */
const RETENTION: Work = (chance) => ({
  parts: [{ step: null, durationMs: chance.around(30, 0.4), said: [] }],
  output: { runs: 0, eventDays: [], ledgerRows: 0, workers: 0 },
});
