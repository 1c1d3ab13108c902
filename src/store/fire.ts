import { resolveExecution } from '../domain/execution.ts';
import { passOverFires, resolveOverlap } from '../domain/overlap.ts';
import type { PlannedRun } from '../domain/overlap.ts';
import type { DuePlan, Skip } from '../domain/due.ts';
import { horizonOf } from '../domain/horizon.ts';
import { overlayLabels } from '../domain/labels.ts';
import { cutAtLimit } from '../domain/runLimit.ts';
import { planDueAround, withoutSkips } from '../domain/skips.ts';
import type { PlannedSkip } from '../domain/skips.ts';
import type { TriggerSource } from '../domain/schedule.ts';
import { placeAt, timingOf } from '../domain/timing.ts';
import type { Place, Timing } from '../domain/timing.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { SYSTEM } from './actor.ts';
import { readUnderway, writeVerdicts } from './claims.ts';
import type { Advance, ClaimedSchedule, NewOccurrence } from './claims.ts';
import { newId } from './ids.ts';
import { iso } from './runs.ts';
import type { NewRun, QueuedRun } from './runs.ts';
import { listReadyWorkers } from './workers.ts';
import { failingFact, unchangedFacts } from './scheduleEvents.ts';
import { forgetSkips, readSkips } from './skips.ts';
import type { Sql } from './sql.ts';

export type TriggerOf = (schedule: TriggerSource) => Trigger;

/**
 * Gives every occurrence of these schedules up to `now` its verdict: plans, writes runs, ledger and events, and moves the
 * schedules on, all in the caller's transaction, which holds the schedules' rows. The engine does this for what is due; a
 * command does it for the schedule it is about to edit, pause or delete, so that an edit never swallows what was due before it.
 * @returns runs that want a delivery: enqueue them in the same transaction
 */
export async function fireDue(
  sql: Sql,
  now: number,
  claimed: readonly ClaimedSchedule[],
  triggerOf: TriggerOf,
): Promise<QueuedRun[]> {
  const serial = claimed.filter((schedule) => schedule.overlapPolicy !== 'ALLOW_ALL').map((schedule) => schedule.id);
  const underway = await readUnderway(sql, serial);
  const local = claimed.filter((schedule) => schedule.taskScope === 'LOCAL').map((schedule) => schedule.taskId);
  const workers = await listReadyWorkers(sql, now, local);
  const skipping = claimed.filter((schedule) => schedule.skipCount > 0).map((schedule) => schedule.id);
  const skips = await readSkips(sql, skipping);
  const runs: NewRun[] = [];
  const advances: Advance[] = [];
  const occurrences: NewOccurrence[] = [];
  for (const schedule of claimed) {
    if (schedule.nextScheduledFor === null) continue;
    const plan = planOf(schedule, skips.get(schedule.id) ?? [], schedule.nextScheduledFor.getTime(), now, triggerOf);
    if (!plan.ok) {
      await holdBroken(sql, now, schedule, plan.error);
      continue;
    }
    const forWorkers = schedule.taskScope === 'LOCAL' ? (workers.get(schedule.taskId) ?? []) : [null];
    const resolved = resolveOverlap(
      forWorkers.length > 0 ? plan.items : passOverFires(plan.items, 'MISSED', 'no live worker was ready to run its task'),
      schedule.overlapPolicy,
      schedule.misfire,
      underway.get(schedule.id) ?? { active: 0, backlog: 0 },
    );
    const { items, fires: countedRuns, reached } = cutAtLimit(resolved, schedule);
    const fires = items.filter((item) => item.kind === 'fire');
    for (const fire of fires) for (const workerId of forWorkers) runs.push(newRun(schedule, fire, workerId));
    const ledger = entries(schedule, items);
    occurrences.push(...ledger.added);
    advances.push({
      id: schedule.id,
      ...isoPlace(placeAt(plan.timing, reached ? null : plan.next, plan.nextFire)),
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
  return queued;
}

export function isoPlace({ nextScheduledFor, nextFireAt }: Place): Pick<Advance, 'nextScheduledFor' | 'nextFireAt'> {
  return { nextScheduledFor: nextScheduledFor?.toISOString() ?? null, nextFireAt: nextFireAt?.toISOString() ?? null };
}

/** A trigger that cannot be planned must not keep the others of its batch from firing. */
function planOf(
  schedule: ClaimedSchedule,
  skips: readonly PlannedSkip[],
  expected: number,
  now: number,
  triggerOf: TriggerOf,
): ({ ok: true; timing: Timing; nextFire: number | null; horizon: number[] | null } & DuePlan) | { ok: false; error: Error } {
  try {
    const trigger = triggerOf(schedule);
    const timing = timingOf(schedule, trigger);
    const plan = planDueAround(trigger, skips, expected, now, schedule.misfire, timing);
    const nextFire = plan.next === null ? null : withoutSkips(trigger, skips).next(plan.next - 1);
    const { horizonEnd } = schedule;
    const remembered = plan.next === null || (horizonEnd !== null && plan.next <= horizonEnd);
    return { ok: true, ...plan, timing, nextFire, horizon: remembered ? null : horizonOf(trigger, plan.next) };
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
