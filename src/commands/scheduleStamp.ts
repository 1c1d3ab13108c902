import { isDeepStrictEqual } from 'node:util';
import { nothingLeft, withinBounds } from '../domain/bounds.ts';
import type { TimingFault } from '../domain/bounds.ts';
import { horizonOf } from '../domain/horizon.ts';
import { limitReached } from '../domain/runLimit.ts';
import { hasEnded } from '../domain/schedule.ts';
import { countsFrom, placeAt, timingOf } from '../domain/timing.ts';
import type { Actor } from '../store/actor.ts';
import type { HoldRecord } from '../store/pauses.ts';
import type { DefinitionStamp, ScheduleDefinition, ScheduleRecord } from '../store/schedules.ts';
import type { ParsedDefinition } from './definition.ts';

/** What decides when a schedule fires. */
const TIMING = ['triggerSpec', 'timeZone', 'dst', 'startAt', 'endAt'] as const;

/** Whether two definitions of a schedule may fire at different instants. */
export function isRetimed(before: ScheduleDefinition, after: ScheduleDefinition): boolean {
  return TIMING.some((field) => !isDeepStrictEqual(before[field], after[field]));
}

/** Where a schedule stands that begins now: its first occurrence is the first one later than now. */
export function stampNew(
  id: string,
  { definition, trigger }: ParsedDefinition,
  { now, by, paused, hold }: { now: number; by: Actor; paused: boolean; hold: HoldRecord | null },
): DefinitionStamp {
  const bounded = withinBounds(trigger, definition);
  const next = bounded.next(now);
  return {
    state: paused ? 'PAUSED' : 'ACTIVE',
    pause: paused ? { since: new Date(now).toISOString(), reason: 'created paused', by } : null,
    hold,
    place: placeAt(timingOf({ id, ...definition }, bounded), next),
    horizon: horizonOf(bounded, next),
    at: new Date(now),
    by,
  };
}

/** An edit of a definition, when what was due before has been settled. */
interface SettledEdit {
  before: ScheduleDefinition;
  /** As settling left it. */
  settled: ScheduleRecord;
  /** Nominal instant of the last occurrence that has its verdict, epoch ms (lastSettled). */
  lastSettled: number;
  hold: HoldRecord | null;
  now: number;
  by: Actor;
}

/**
 * Where a schedule stands after an edit: a changed trigger counts from now, so the past is never run again, and so does one that a
 * raised maxRuns lets go on.
 * @returns `faults`: why it would not fire any more, which an edit of when it fires must not do
 */
export function stampEdit(
  { before, settled, lastSettled, hold, now, by }: SettledEdit,
  { definition, trigger }: ParsedDefinition,
): { stamp: DefinitionStamp; faults: TimingFault[] } {
  const bounded = withinBounds(trigger, definition);
  const timing = timingOf({ id: settled.id, ...definition }, bounded);
  // A clock that stepped back must not bring times again that had their verdict.
  const from = countsFrom(timing, now, lastSettled);
  const retimed = isRetimed(before, definition);
  const faults = retimed ? nothingLeft(trigger, definition, from, `it is ${new Date(now).toISOString()} now`) : [];
  const goesOn = retimed || limitReached(settled) ? bounded.next(from) : (settled.nextScheduledFor?.getTime() ?? null);
  const next = limitReached({ ...definition, countedRuns: settled.countedRuns }) ? null : goesOn;
  const unpaused = hasEnded(trigger.kind, next) ? 'COMPLETED' : 'ACTIVE';
  return {
    faults,
    stamp: {
      state: settled.state === 'PAUSED' ? 'PAUSED' : unpaused,
      pause: settled.pause,
      hold,
      place: placeAt(timing, next),
      horizon: horizonOf(bounded, next),
      at: new Date(now),
      by,
    },
  };
}

/** What of a schedule is its definition. */
export function definitionOf(record: ScheduleDefinition): ScheduleDefinition {
  const { name, description, taskId, overlapPolicy, bufferLimit, misfire, execution, input, labels } = record;
  const { triggerSpec, timeZone, dst, startAt, endAt, spreadMs, jitterMs, maxRuns, pauseAfterFailures } = record;
  const timing = { triggerSpec, timeZone, dst, startAt, endAt, spreadMs, jitterMs, maxRuns };
  return {
    name,
    description,
    taskId,
    ...timing,
    overlapPolicy,
    bufferLimit,
    misfire,
    execution,
    input,
    labels,
    pauseAfterFailures,
  };
}
