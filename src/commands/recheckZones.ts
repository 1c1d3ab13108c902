import { horizonOf, movedInstants } from '../domain/horizon.ts';
import type { MovedInstant } from '../domain/horizon.ts';
import { hasEnded } from '../domain/schedule.ts';
import { placeAt, timingOf } from '../domain/timing.ts';
import type { Logger } from '../log.ts';
import { moveSchedule } from '../store/schedules.ts';
import { listUnchecked, markChecked } from '../store/zoneCheck.ts';
import type { UncheckedSchedule } from '../store/zoneCheck.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts } from './command.ts';
import { keepSkips } from './keepSkips.ts';
import { lockById } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';

const BATCH = 500;

/**
 * Looks, at a start, at schedules whose instants were computed by another version of the time zone data. Where instants moved, the
 * next one is computed anew from what has its verdict already, and the schedule gets an event, an audit entry and a warning that
 * names the old and the new instant.
 * @param zoneData  version of the data in use
 * @returns how many schedules moved
 */
export async function recheckZones(parts: CommandParts, caller: Caller, log: Logger, zoneData: string): Promise<number> {
  let moved = 0;
  let afterId = '';
  for (;;) {
    const batch = await listUnchecked(parts.store.sql, zoneData, { afterId }, BATCH);
    if (batch.length === 0) return moved;
    afterId = (batch.at(-1) as UncheckedSchedule).id;
    const still = batch.filter((schedule) => (movedOf(parts, schedule)?.moved.length ?? 0) === 0);
    await markChecked(
      parts.store.sql,
      zoneData,
      still.map(({ id }) => id),
    );
    for (const schedule of batch) {
      if (still.includes(schedule)) continue;
      if (await move(parts, caller, log, zoneData, schedule.id)) moved += 1;
    }
  }
}

/** null: its trigger cannot be compiled by today's data; the engine will say so when it is due. */
function movedOf(
  parts: CommandParts,
  schedule: UncheckedSchedule,
): { moved: MovedInstant[]; trigger: Trigger; settled: number } | null {
  const next = schedule.nextScheduledFor.getTime();
  const settled = Math.min(schedule.settled, next - 1);
  const remembered = (schedule.horizon ?? []).filter((instant) => instant >= next);
  try {
    const trigger = parts.triggerOf(schedule);
    return { trigger, settled, moved: movedInstants(remembered.length > 0 ? remembered : [next], trigger, settled) };
  } catch {
    return null;
  }
}

async function move(parts: CommandParts, caller: Caller, log: Logger, zoneData: string, id: string): Promise<boolean> {
  const result = await runCommand(parts, caller, 'schedule.update', async (scope) => {
    const locked = await lockById(parts, scope, id);
    // As it stands under the lock: another instance may have seen to it.
    const [schedule] = await listUnchecked(scope.sql, zoneData, { id }, 1);
    const found = schedule === undefined ? null : movedOf(parts, schedule);
    if (locked === null || found === null || found.moved.length === 0) return null;
    const { trigger, moved, settled } = found;
    const next = trigger.next(settled);
    const state = locked.record.state === 'ACTIVE' && hasEnded(trigger.kind, next) ? 'COMPLETED' : locked.record.state;
    const place = placeAt(timingOf(locked.claimed, trigger), next);
    const placed = await moveSchedule(scope.prisma, id, { state, place, horizon: horizonOf(trigger, next), zoneData });
    const record = await keepSkips(scope, placed, () => trigger);
    const changes = {
      nextScheduledFor: { before: iso(moved.map(({ before }) => before)), after: iso(moved.map(({ now }) => now)) },
    };
    const reason = `the time zone data changed to ${zoneData}`;
    await scope.audit({ action: 'schedule.move', targetId: id, reason, changes }, locked.now);
    await scheduleEvent(scope, locked.now, 'UPDATED', locked.record, record);
    scope.signal('schedules', 'events');
    return { name: record.name, moved };
  });
  if (!result.ok || result.value === null) return false;
  const instants = result.value.moved.map(({ before, now }) => ({ before: iso([before])[0], now: iso([now])[0] }));
  log.warn({ schedule: result.value.name, zoneData, instants }, 'the time zone data changed, and instants of a schedule with it');
  return true;
}

function iso(instants: readonly (number | null)[]): (string | null)[] {
  return instants.map((instant) => (instant === null ? null : new Date(instant).toISOString()));
}
