import { datesOf } from '../domain/calendar.ts';
import { countFrozen } from '../domain/freezes.ts';
import { listFrozen } from '../store/freezes.ts';
import type { FreezeRecord } from '../store/freezes.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { RequestContext } from './context.ts';

/** The largest Int of GraphQL. */
const MOST = 2_147_483_647;

export function isActive({ endedAt, until }: FreezeRecord, now: number): boolean {
  return endedAt === null && until.getTime() > now;
}

/** What the ledger has of it, and what it has held back by now that nothing is written of yet. */
export async function countSuppressedBy(freeze: FreezeRecord, { parts, loaders }: RequestContext): Promise<number> {
  const now = parts.clock.now();
  const ids = freeze.from.getTime() > now ? [] : await listFrozen(parts.store.sql, freeze.id);
  const counts = await Promise.all(
    (await loaders.schedule.loadMany(ids)).map(async (schedule) => {
      if (schedule === null || schedule instanceof Error || !isHeld(schedule)) return 0;
      const { freezes, nextScheduledFor, skipCount, calendarNames } = schedule;
      const dates = await Promise.all(calendarNames.map((name) => loaders.calendarDates.load(name)));
      const calendars = datesOf(new Map(calendarNames.map((name, index) => [name, dates[index] ?? []])), calendarNames);
      const skips = skipCount === 0 ? [] : await loaders.skipsOfSchedule.load(schedule.id);
      try {
        const trigger = parts.commands.triggerOf({ ...schedule, calendars });
        return countFrozen(trigger, { freezes, skips, from: nextScheduledFor.getTime() }, now, freeze.id);
      } catch {
        // Of a trigger that is broken nobody can say what it would have done.
        return 0;
      }
    }),
  );
  return Math.min(
    MOST,
    counts.reduce((sum, count) => sum + count, freeze.suppressed),
  );
}

/** What a pause holds back as well is the pause's. */
function isHeld(schedule: ScheduleRecord): schedule is ScheduleRecord & { nextScheduledFor: Date } {
  return schedule.state === 'ACTIVE' && schedule.hold === null && schedule.nextScheduledFor !== null;
}
