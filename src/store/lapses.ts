import { lapseOf, planHeld } from '../domain/held.ts';
import { SYSTEM } from './actor.ts';
import { appendAudits } from './audit.ts';
import type { NewAuditEntry } from './audit.ts';
import type { ClaimedSchedule } from './claims.ts';
import { fireDue } from './fire.ts';
import type { Planner, TriggerOf } from './fire.ts';
import { releaseHolds, setHolding } from './holding.ts';
import { iso } from './runs.ts';
import type { Sql } from './sql.ts';
import { endTaskPauses } from './taskPauses.ts';

/** What an entry of the audit trail says of a change that nobody asked for at that moment. */
const BY_ITSELF = { actor: SYSTEM, source: 'engine', requestId: null } as const;

/**
 * Ends pauses and holds whose time has come: what they held back becomes PAUSED, and what came due since their end is left to the
 * next tick, by the schedule's misfire policy. The caller's transaction holds the schedules' rows.
 */
export async function endLapsed(sql: Sql, now: number, claimed: readonly ClaimedSchedule[], triggerOf: TriggerOf): Promise<void> {
  const lapses = claimed.map((schedule) => ({ schedule, ...lapseOf(schedule, now) }));
  const stretches = new Map(lapses.map((lapse) => [lapse.schedule.id, lapse.stretches]));
  const moved = lapses.filter(({ pauseEnds, holdEnds }) => pauseEnds || holdEnds).map(({ schedule }) => schedule);
  await releaseHolds(
    sql,
    lapses.filter(({ holdEnds }) => holdEnds).map(({ schedule }) => schedule.id),
  );
  const planner: Planner = (trigger, expected, _, { id, timing }) => planHeld(trigger, expected, stretches.get(id) ?? [], timing);
  await fireDue(sql, now, plannable(moved, triggerOf), triggerOf, { planner, brokenOff: nothingFires });
  const changes = lapses.map(({ schedule, pauseEnds, holdEnds }) => ({
    before: schedule,
    state: pauseEnds ? ('ACTIVE' as const) : schedule.state,
    pause: pauseEnds ? null : schedule.pause,
    hold: holdEnds ? null : schedule.hold,
  }));
  await setHolding(sql, now, changes);
  const ended = lapses.filter(({ pauseEnds }) => pauseEnds).map(({ schedule }) => schedule);
  await appendAudits(
    sql,
    ended.map(({ id, pause }) => resumeEntry('schedule.resume', id, pause?.until ?? null, now)),
  );
}

/** Ends pauses of tasks whose time has come; their schedules have copies that end by themselves. @returns how many */
export async function endLapsedTasks(sql: Sql, now: number, limit: number): Promise<number> {
  const ended = await endTaskPauses(sql, now, limit);
  await appendAudits(
    sql,
    ended.map(({ id, until }) => resumeEntry('task.resume', id, until, now)),
  );
  return ended.length;
}

function resumeEntry(action: string, targetId: string, until: string | null, now: number): NewAuditEntry {
  const changes = { paused: { before: true, after: false } };
  return { ...BY_ITSELF, at: new Date(now), action, targetId, reason: `it was paused until ${until ?? iso(now)}`, changes };
}

/** What was held back gets a verdict, and takes nobody's place. */
export const nothingFires = (): void => undefined;

/** Of a trigger that does not compile nobody can say what was held back: the engine will say so when it is due. */
export function plannable<T extends ClaimedSchedule>(schedules: readonly T[], triggerOf: TriggerOf): T[] {
  return schedules.filter((schedule) => {
    try {
      if (schedule.nextScheduledFor === null) return false;
      triggerOf(schedule).next(schedule.nextScheduledFor.getTime() - 1);
      return true;
    } catch {
      return false;
    }
  });
}
