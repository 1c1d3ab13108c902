import { planDueAmid, nextFireAmid } from '../../src/domain/frozenPlan.ts';
import { heldByFreeze } from '../../src/domain/freezes.ts';
import { horizonOf } from '../../src/domain/horizon.ts';
import { isReplacing, resolveOverlap } from '../../src/domain/overlap.ts';
import type { PlannedRun } from '../../src/domain/overlap.ts';
import { resolveExecution } from '../../src/domain/execution.ts';
import { overlayLabels } from '../../src/domain/labels.ts';
import { cutAtLimit } from '../../src/domain/runLimit.ts';
import type { PlannedSkip } from '../../src/domain/skips.ts';
import { timingOf } from '../../src/domain/timing.ts';
import type { Advance, ClaimedSchedule, NewOccurrence } from '../../src/store/claims.ts';
import { entries } from '../../src/store/fire.ts';
import { iso } from '../../src/store/runs.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { createChance } from '../chance.ts';
import type { Work } from '../works/work.ts';
import { act } from './act.ts';
import type { Fate, World } from './act.ts';
import { endOf } from './run.ts';
import type { Owner, PastRun } from './run.ts';
import type { Incident, Tale } from './tale.ts';
import { workersAt } from './workers.ts';

/** What is needed to know what the runs of a schedule do. */
export interface Cast {
  taskKey: string;
  work: Work;
  tale: Tale;
  incidents: readonly Incident[];
  /** null: any number */
  pauseAfterFailures: number | null;
}
/** What stays of a schedule between two stretches of its past. */
export interface Lane {
  /** Those that have not ended yet, as far as the past has been told. */
  underway: PastRun[];
  /** Runs that failed since the last one that succeeded. */
  failures: number;
}
export interface Chapter {
  runs: PastRun[];
  occurrences: (NewOccurrence & { recordedAt: number })[];
  advance: Advance;
  held: { id: string; count: number }[];
  /** As many runs in a row failed as it allows, and the last of them then. */
  gaveUpAt: number | null;
}

/** From an instant to its run. */
const ENGINE_MS = 3;
/** Shares of all runs. */
const BAD_SHARE = 0.02;
const RETRIED_SHARE = 0.035;
const NEVER = Number.MAX_SAFE_INTEGER;

/**
 * Tells the past of one schedule up to `until`, by the same rules by which the engine lets it happen: the plans, verdicts and places
 * are those of src/domain, and only what the runs do is thought up.
 */
export function simulate(
  schedule: ClaimedSchedule,
  trigger: Trigger,
  skips: readonly PlannedSkip[],
  cast: Cast,
  lane: Lane,
  until: number,
  world: World,
): Chapter {
  const timing = timingOf(schedule, trigger);
  const obstacles = { skips, freezes: schedule.freezes };
  const chapter: Chapter = { runs: [], occurrences: [], advance: { ...STANDING, id: schedule.id }, held: [], gaveUpAt: null };
  let { open, countedRuns } = schedule;
  let extend = null as Advance['extend'];
  let lastFireAt: number | null = null;
  let stopAt = until;
  let place = schedule.nextScheduledFor?.getTime() ?? null;
  const began = place;
  while (place !== null) {
    const due = nextFireAmid(trigger, obstacles, place, timing) ?? place;
    const wake = wakeAfter(due, world);
    // What a command would find due is decided before it comes.
    if (due > stopAt || wake > stopAt + ENGINE_MS) break;
    const plan = planDueAmid(trigger, obstacles, place, wake, schedule.misfire, timing);
    const policy = plan.releasesAll === true ? { ...schedule.misfire, mode: 'FIRE_ALL' as const } : schedule.misfire;
    replace(schedule, plan.items, lane, wake);
    const resolved = resolveOverlap(plan.items, schedule.overlapPolicy, policy, underwayAt(lane, wake), schedule.bufferLimit);
    const { items, fires, reached } = cutAtLimit(resolved, { maxRuns: schedule.maxRuns, countedRuns });
    countedRuns += fires;
    for (const item of items) {
      if (item.kind !== 'fire') continue;
      for (const run of fire(schedule, item, cast, lane, wake, world)) {
        chapter.runs.push(run);
        lane.underway.push(run);
        if (run.state === 'SUCCEEDED') lane.failures = 0;
        else if (run.state !== 'QUEUED') lane.failures += 1;
        if (lane.failures >= (cast.pauseAfterFailures ?? NEVER)) chapter.gaveUpAt = endOf(run);
      }
      lastFireAt = wake;
    }
    const ledger = entries({ id: schedule.id, version: schedule.version, open }, items);
    if (ledger.extend !== null) {
      const { id, through, count } = ledger.extend;
      const row = chapter.occurrences.find((one) => one.id === id);
      if (row === undefined) extend = { id, through, count: count + (extend?.count ?? 0) };
      else Object.assign(row, { through, count: row.count + count, recordedAt: wake });
    }
    chapter.occurrences.push(...ledger.added.map((row) => ({ ...row, recordedAt: wake })));
    open = openRow(ledger.openId, open, chapter.occurrences);
    chapter.held.push(...heldByFreeze(schedule.freezes, plan.items));
    place = reached ? null : plan.next;
    if (chapter.gaveUpAt !== null) stopAt = Math.min(stopAt, chapter.gaveUpAt);
  }
  const nextFire = place === null ? null : nextFireAmid(trigger, obstacles, place, timing);
  chapter.advance = {
    id: schedule.id,
    nextScheduledFor: place === null ? null : iso(place),
    nextFireAt: nextFire === null ? null : iso(nextFire),
    lastFireAt: lastFireAt === null ? null : iso(lastFireAt),
    countedRuns: countedRuns - schedule.countedRuns,
    openOccurrenceId: open?.id ?? null,
    horizon: place === null || place === began ? null : horizonOf(trigger, place),
    extend,
  };
  return chapter;
}
const STANDING = {
  nextScheduledFor: null,
  nextFireAt: null,
  lastFireAt: null,
  openOccurrenceId: null,
  horizon: null,
  extend: null,
};

/** A moment later than due; during the outage, when it was over. */
function wakeAfter(due: number, { outage }: World): number {
  const wake = due + ENGINE_MS;
  return wake >= outage.from && wake < outage.until ? outage.until + 1_400 : wake;
}

function openRow(id: string | null, before: ClaimedSchedule['open'], rows: readonly NewOccurrence[]): ClaimedSchedule['open'] {
  if (id === null || id === before?.id) return id === null ? null : before;
  const { verdict, reason, scheduleVersion } = rows.find((row) => row.id === id) as NewOccurrence;
  return { id, verdict, reason, scheduleVersion };
}

function underwayAt(lane: Lane, at: number) {
  lane.underway = lane.underway.filter((run) => endOf(run) > at);
  const waiting = lane.underway.filter((run) => run.releasedAt > at);
  const instants = (runs: readonly PastRun[]) => new Set(runs.map((run) => run.scheduledFor)).size;
  const catchUp = lane.underway.filter((run) => run.origin === 'CATCH_UP');
  return {
    active: lane.underway.length - waiting.length,
    backlog: instants([...waiting, ...catchUp]),
    buffered: instants(waiting),
    catchUp: instants(catchUp),
  };
}

/** Ends what a newer run takes the place of. */
function replace(schedule: ClaimedSchedule, items: readonly { kind: string }[], lane: Lane, at: number): void {
  if (!isReplacing(schedule.overlapPolicy) || !items.some(({ kind }) => kind === 'fire')) return;
  const canceled = schedule.overlapPolicy === 'CANCEL_OTHER';
  const [code, name, verb] = canceled ? ['CANCELED', 'Canceled', 'canceled'] : ['TERMINATED', 'Terminated', 'terminated'];
  const message = `${verb} by a newer run of the schedule; overlap policy ${schedule.overlapPolicy}`;
  for (const run of lane.underway.filter((one) => endOf(one) > at)) {
    const error = { code, name, message, retryable: false } as const;
    const kept = run.attempts.filter((attempt) => attempt.startedAt < at);
    const last = kept.at(-1);
    if (last === undefined) continue;
    if (last.finishedAt > at)
      Object.assign(last, {
        state: 'CANCELED',
        finishedAt: at,
        error,
        nextRetryAt: null,
        parts: last.parts.filter(({ from }) => from < at).map((one) => (one.until > at ? { ...one, until: at, cut: true } : one)),
      });
    Object.assign(run, { state: 'CANCELED', attempts: kept, output: null, error });
  }
}

function* fire(
  schedule: ClaimedSchedule,
  item: PlannedRun,
  cast: Cast,
  lane: Lane,
  wake: number,
  world: World,
): Generator<PastRun> {
  const { tale, taskKey } = cast;
  const seed = `${schedule.name}:${item.scheduledFor}`;
  const chance = createChance(seed);
  const releasedAt = item.state === 'QUEUED' ? wake : Math.max(wake, ...lane.underway.map(endOf)) + 4;
  const common = {
    id: null,
    owner: ownerOf(schedule),
    origin: item.origin,
    scheduledFor: item.scheduledFor,
    effectiveAt: item.effectiveAt,
    createdAt: wake,
    releasedAt,
  };
  if (item.scheduledFor >= (tale.abandonedFrom ?? NEVER)) {
    yield { ...common, state: 'QUEUED', attempts: [], output: null, error: null, progress: null, localWorkerId: null };
    return;
  }
  const broken = tale.broken !== undefined && item.scheduledFor >= tale.broken.from;
  const role = {
    work: broken ? (tale.broken as NonNullable<Tale['broken']>).work : cast.work,
    policy: common.owner.policy,
    input: schedule.input,
    fate: broken ? ('BADLY' as const) : fateOf(chance.next(), cast, item.scheduledFor),
    slowness: tale.slow !== undefined && chance.happens(tale.slow.share) ? tale.slow.factor : 1,
    warehouse: taskKey === 'warehouse.export',
  };
  const everywhere = schedule.taskScope === 'LOCAL';
  const places = everywhere ? workersAt(world.workers, releasedAt).map(({ id }) => id) : [null];
  for (const [index, workerId] of places.entries()) {
    const acted = act({ ...role, workerId }, `${seed}:${index}`, releasedAt, world);
    yield untilNow({ ...common, ...acted, localWorkerId: workerId }, world);
  }
}

function fateOf(number: number, { incidents, taskKey }: Cast, at: number): Fate {
  const incident = incidents.find(({ from, until, taskKeys }) => taskKeys.includes(taskKey) && from <= at && at < until);
  const bad = incident?.share ?? BAD_SHARE;
  if (number < bad) return 'BADLY';
  return number < bad + RETRIED_SHARE ? 'RETRIED' : 'WELL';
}

/** The past is over: what would go on is over a little earlier. */
function untilNow(run: PastRun, { now }: World): PastRun {
  const latest = now - 30;
  if (endOf(run) <= latest) return run;
  const [first] = run.attempts;
  if (first === undefined) return run;
  const startedAt = Math.min(first.startedAt, latest - 1);
  const squeeze = (at: number) => Math.min(at, latest);
  const parts = first.parts.map((one) => ({ ...one, from: squeeze(one.from), until: squeeze(one.until), cut: false }));
  const attempt = { ...first, state: 'SUCCEEDED' as const, startedAt, finishedAt: latest, error: null, nextRetryAt: null, parts };
  return { ...run, state: 'SUCCEEDED', attempts: [attempt], error: null };
}

export function ownerOf(schedule: ClaimedSchedule): Owner {
  return {
    scheduleId: schedule.id,
    scheduleName: schedule.name,
    scheduleVersion: schedule.version,
    taskId: schedule.taskId,
    policy: resolveExecution(schedule.taskKind, schedule.taskExecution, schedule.execution),
    input: schedule.input,
    labels: overlayLabels(schedule.taskLabels, schedule.labels),
  };
}
