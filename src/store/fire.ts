import { resolveExecution } from '../domain/execution.ts';
import { passOverFires } from '../domain/overlap.ts';
import type { PlannedRun } from '../domain/overlap.ts';
import type { DuePlan, Skip } from '../domain/due.ts';
import { horizonOf } from '../domain/horizon.ts';
import { overlayLabels } from '../domain/labels.ts';
import { heldByFreeze } from '../domain/freezes.ts';
import { nextFireAmid, planDueAmid } from '../domain/frozenPlan.ts';
import type { PlannedSkip } from '../domain/skips.ts';
import type { TriggerSource } from '../domain/schedule.ts';
import { timingOf } from '../domain/timing.ts';
import type { Timing } from '../domain/timing.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { SYSTEM } from './actor.ts';
import { writeVerdicts } from './claims.ts';
import type { Advance, ClaimedSchedule, NewOccurrence } from './claims.ts';
import { decideOverlap, lockLimitedTasks, waitsFor } from './fireOverlap.ts';
import { countSuppressed, forgetFreezes } from './freezes.ts';
import { newId } from './ids.ts';
import { iso } from './runs.ts';
import type { NewRun, QueuedRun } from './runs.ts';
import { listReadyWorkers } from './workers.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import { forgetSkips, readSkips } from './skips.ts';
import type { Sql } from './sql.ts';
import { promoteBuffered } from './waiting.ts';

export type TriggerOf = (schedule: TriggerSource) => Trigger;
/** Decides what becomes of the occurrences from `expected` on. */
export type Planner = (
  trigger: Trigger,
  expected: number,
  now: number,
  schedule: PlannedSchedule,
) => ReturnType<typeof planDueAmid>;
interface PlannedSchedule extends ClaimedSchedule {
  timing: Timing;
  skips: readonly PlannedSkip[];
}

const byPolicy: Planner = (trigger, expected, now, { misfire, timing, ...obstacles }) =>
  planDueAmid(trigger, obstacles, expected, now, misfire, timing);

/**
 * Gives every occurrence of these schedules up to `now` its verdict: plans, writes runs, ledger and events, and moves the
 * schedules on, all in the caller's transaction, which holds the schedules' rows. The engine does this for what is due; a
 * command does it for the schedule it is about to edit, pause or delete, so that an edit never swallows what was due before it.
 * @param planner    what was held back is planned by other rules than what is due
 * @param brokenOff  told when workers have attempts to break off: raise the signal 'cancels'
 * @returns runs that want a delivery: enqueue them in the same transaction
 */
export async function fireDue(
  sql: Sql,
  now: number,
  claimed: readonly ClaimedSchedule[],
  triggerOf: TriggerOf,
  { planner = byPolicy, brokenOff }: { planner?: Planner; brokenOff: () => void },
): Promise<QueuedRun[]> {
  const limited = await lockLimitedTasks(sql, claimed);
  const local = claimed.filter((schedule) => schedule.taskScope === 'LOCAL').map((schedule) => schedule.taskId);
  const workers = await listReadyWorkers(sql, now, local);
  const skipping = claimed.filter((schedule) => schedule.skipCount > 0).map((schedule) => schedule.id);
  const skips = await readSkips(sql, skipping);
  const due = [];
  for (const schedule of claimed) {
    if (schedule.nextScheduledFor === null) continue;
    const plan = planOf(schedule, skips.get(schedule.id) ?? [], schedule.nextScheduledFor.getTime(), now, triggerOf, planner);
    if (!plan.ok) {
      await holdBroken(sql, now, schedule, plan.error);
      continue;
    }
    const forWorkers = schedule.taskScope === 'LOCAL' ? (workers.get(schedule.taskId) ?? []) : [null];
    const items =
      forWorkers.length > 0 ? plan.items : passOverFires(plan.items, 'MISSED', 'no live worker was ready to run its task');
    due.push({ schedule: plan.releasesAll === true ? inSeries(schedule) : schedule, plan, forWorkers, items });
  }
  const overlap = await decideOverlap(sql, now, due, limited, brokenOff);
  const runs: NewRun[] = [];
  const advances: Advance[] = [];
  const occurrences: NewOccurrence[] = [];
  for (const { schedule, plan, forWorkers, items } of due) {
    const { items: resolved, fires: countedRuns, reached } = overlap.resolve({ schedule, items });
    const fires = resolved.filter((item) => item.kind === 'fire');
    for (const fire of fires) for (const workerId of forWorkers) runs.push(newRun(schedule, fire, workerId));
    const ledger = entries(schedule, resolved);
    occurrences.push(...ledger.added);
    advances.push({
      id: schedule.id,
      nextScheduledFor: reached || plan.next === null ? null : iso(plan.next),
      nextFireAt: reached || plan.nextFire === null ? null : iso(plan.nextFire),
      lastFireAt: fires.length > 0 ? iso(now) : null,
      countedRuns,
      openOccurrenceId: ledger.openId,
      horizon: plan.horizon,
      extend: ledger.extend,
    });
  }
  const queued = await writeVerdicts(sql, now, runs, occurrences, advances);
  const settled = advances
    .filter(({ id }) => skips.has(id))
    .map(({ id, nextScheduledFor }) => ({ id, before: nextScheduledFor }));
  await forgetSkips(sql, settled);
  await settleFreezes(sql, now, due);
  if (overlap.freedTaskIds.length === 0) return queued;
  return [...queued, ...(await promoteBuffered(sql, now, [], overlap.freedTaskIds))];
}

/** What a freeze lets run one after the other does so whatever the schedule does with what it misses. */
function inSeries(schedule: ClaimedSchedule): ClaimedSchedule {
  return { ...schedule, misfire: { ...schedule.misfire, mode: 'FIRE_ALL' } };
}

/** Counts what freezes have held back, and forgets those that have no say any more. */
async function settleFreezes(sql: Sql, now: number, due: readonly { schedule: ClaimedSchedule; plan: DuePlan }[]): Promise<void> {
  const frozen = due.filter(({ schedule }) => schedule.freezes.length > 0);
  if (frozen.length === 0) return;
  await countSuppressed(
    sql,
    frozen.flatMap(({ schedule, plan }) => heldByFreeze(schedule.freezes, plan.items)),
  );
  await forgetFreezes(
    sql,
    frozen.map(({ schedule, plan }) => ({ id: schedule.id, settled: plan.next === null ? now : Math.min(now, plan.next) })),
  );
}

/** A trigger that cannot be planned must not keep the others of its batch from firing. */
function planOf(
  schedule: ClaimedSchedule,
  skips: readonly PlannedSkip[],
  expected: number,
  now: number,
  triggerOf: TriggerOf,
  planner: Planner,
): ({ ok: true; nextFire: number | null; horizon: number[] | null } & ReturnType<Planner>) | { ok: false; error: Error } {
  try {
    const trigger = triggerOf(schedule);
    const timing = timingOf(schedule, trigger);
    const plan = planner(trigger, expected, now, { ...schedule, timing, skips });
    const nextFire = nextFireAmid(trigger, { skips, freezes: schedule.freezes }, plan.next, timing);
    const { horizonEnd } = schedule;
    const remembered = plan.next === null || (horizonEnd !== null && plan.next <= horizonEnd);
    return { ok: true, ...plan, nextFire, horizon: remembered ? null : horizonOf(trigger, plan.next) };
  } catch (error) {
    return { ok: false, error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/**
 * Pauses a schedule whose stored trigger cannot be planned, as after a change of the zone data that leaves it no instant. Its
 * pause says why (docs/decisions/0005).
 */
async function holdBroken(sql: Sql, now: number, schedule: ClaimedSchedule, error: Error): Promise<void> {
  const pause = { since: iso(now), reason: `its trigger cannot be planned: ${error.message}`, by: SYSTEM };
  await sql.query(
    `/* holdBroken */
WITH held AS (UPDATE schedule SET state = 'PAUSED', pause = $2::jsonb WHERE id = $1 RETURNING *)
INSERT INTO event (at, topic, kind, subject_id, task_id, schedule_id, before, after)
SELECT $3::timestamptz, 'schedule', 'UPDATED', h.id, h.task_id, h.id, facts.common || jsonb_build_object('state', 'ACTIVE', 'nextFireAt', h.next_fire_at), facts.common || '{"state": "PAUSED"}'
  FROM held h JOIN task t ON t.id = h.task_id,
       LATERAL (SELECT ${unchangedFacts('h', 't')} || ${failingFact('h.consecutive_failures')} AS common) facts`,
    [schedule.id, JSON.stringify(pause), iso(now)],
  );
}

/** @param localWorkerId  tasks of scope LOCAL: the worker that is to run it */
function newRun(schedule: ClaimedSchedule, fire: PlannedRun, localWorkerId: string | null): NewRun {
  return {
    id: newId('run'),
    taskId: schedule.taskId,
    scheduleId: schedule.id,
    scheduleVersion: schedule.version,
    state: fire.state,
    ...(fire.state === 'BUFFERED' && { waitsFor: waitsFor(schedule) }),
    origin: fire.origin,
    scheduledFor: iso(fire.scheduledFor),
    effectiveAt: iso(fire.effectiveAt),
    policy: resolveExecution(schedule.taskKind, schedule.taskExecution, schedule.execution),
    input: schedule.input,
    labels: overlayLabels(schedule.taskLabels, schedule.labels),
    requestedBy: null,
    reason: null,
    jobId: fire.state === 'QUEUED' ? crypto.randomUUID() : null,
    localWorkerId,
  };
}

/** Ledger rows for the skipped stretches; the first goes on with the open row when that is equal and nothing fired between. */
export function entries(
  schedule: Pick<ClaimedSchedule, 'id' | 'version' | 'open'>,
  items: readonly (PlannedRun | Skip)[],
): { added: NewOccurrence[]; extend: Advance['extend']; openId: string | null } {
  const added: NewOccurrence[] = [];
  let extend: Advance['extend'] = null;
  let openId = schedule.open?.id ?? null;
  items.forEach((item, index) => {
    if (item.kind === 'fire') {
      openId = null;
      return;
    }
    const { open } = schedule;
    const goesOn =
      index === 0 && open?.verdict === item.verdict && open.reason === item.reason && open.scheduleVersion === schedule.version;
    if (goesOn) {
      extend = { id: open.id, through: iso(item.through), count: item.count };
      return;
    }
    openId = newId('occ');
    added.push({
      id: openId,
      scheduleId: schedule.id,
      scheduledFor: iso(item.scheduledFor),
      through: iso(item.through),
      count: item.count,
      verdict: item.verdict,
      reason: item.reason,
      scheduleVersion: schedule.version,
    });
  });
  return { added, extend, openId };
}
