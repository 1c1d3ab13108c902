import { nextFireAmid } from '../domain/frozenPlan.ts';
import { timingOf } from '../domain/timing.ts';
import { findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { readSkips, settleSkips } from '../store/skips.ts';
import type { Trigger } from '../trigger/trigger.ts';
import type { CommandScope } from './command.ts';

/**
 * After a change of where a schedule stands or of its trigger: drops the skips that are no occurrences to come any more, and sets
 * what fires next past the others and what freezes hold back. The caller holds the schedule's row.
 * @param trigger  as it is after the change, within the schedule's bounds
 * @returns the schedule as it stands then
 */
export async function keepSkips(
  { prisma, sql }: Pick<CommandScope, 'prisma' | 'sql'>,
  record: ScheduleRecord,
  trigger: () => Trigger,
): Promise<ScheduleRecord> {
  const { id, nextScheduledFor, skipCount, freezes } = record;
  if (skipCount === 0 && freezes.length === 0) return record;
  const compiled = compile(trigger);
  // Nobody can say what its times are: mended, it keeps those that still are.
  if (compiled === null) return record;
  const next = nextScheduledFor?.getTime() ?? Infinity;
  const skips = (await readSkips(sql, [id])).get(id) ?? [];
  const kept = skips.filter(({ scheduledFor }) => scheduledFor >= next && compiled.matches(scheduledFor));
  const from = nextScheduledFor?.getTime() ?? null;
  const fires = nextFireAmid(compiled, { skips: kept, freezes }, from, timingOf(record, compiled));
  await settleSkips(sql, id, kept, fires === null ? null : new Date(fires));
  return (await findSchedulesById(prisma, [id]))[0] as ScheduleRecord;
}

function compile(trigger: () => Trigger): Trigger | null {
  try {
    return trigger();
  } catch {
    return null;
  }
}
