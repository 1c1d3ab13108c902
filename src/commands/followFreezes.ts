import { isDeepStrictEqual } from 'node:util';
import { copyOf, listFilterFreezes, writeFreezes } from '../store/freezes.ts';
import { matchesFilter } from '../store/scheduleLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { CommandScope } from './command.ts';

/**
 * After a creation or an edit: the schedule is in each freeze whose filter it matches by now, and in no other that goes by a filter.
 * The caller keeps the freezes (lockFreezes), holds the schedule's row, has settled what was due, and sees to what fires next (keepSkips).
 */
export async function followFreezes(
  { prisma, sql }: Pick<CommandScope, 'prisma' | 'sql'>,
  now: number,
  record: ScheduleRecord,
): Promise<ScheduleRecord> {
  const running = await listFilterFreezes(prisma, now);
  if (running.length === 0) return record;
  const freezes = record.freezes.filter(({ id }) => running.every((freeze) => freeze.id !== id));
  for (const freeze of running)
    if (await matchesFilter(prisma, freeze.select['filter'] as ScheduleFilter, record.id, now)) freezes.push(copyOf(freeze));
  if (isDeepStrictEqual(byId(freezes), byId(record.freezes))) return record;
  await writeFreezes(sql, record.id, freezes);
  return { ...record, freezes };
}

function byId<T extends { id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
