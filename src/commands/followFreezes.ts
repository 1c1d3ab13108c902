import { isDeepStrictEqual } from 'node:util';
import { copyOf, listFilterFreezes, writeFreezes } from '../store/freezes.ts';
import type { FreezeRecord } from '../store/freezes.ts';
import { listScheduleIds, matchesFilter } from '../store/scheduleLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { CommandScope } from './command.ts';

type Scope = Pick<CommandScope, 'prisma' | 'sql'>;

/**
 * After a creation or an edit: the schedule is in each freeze whose filter it matches by now, and in no other that goes by a filter.
 * The caller keeps the freezes (lockFreezes), holds the schedule's row, has settled what was due, and sees to what fires next (keepSkips).
 */
export async function followFreezes(scope: Scope, now: number, record: ScheduleRecord): Promise<ScheduleRecord> {
  const matching = (freeze: FreezeRecord) => matchesFilter(scope.prisma, filterOf(freeze), record.id, now);
  const [followed] = await followAll(
    scope,
    now,
    [record],
    async (freeze) => new Set((await matching(freeze)) ? [record.id] : []),
  );
  return followed as ScheduleRecord;
}

/** The same for many, with one question for each freeze. @returns them in the same order */
export function followFreezesOfAll(scope: Scope, now: number, records: readonly ScheduleRecord[]): Promise<ScheduleRecord[]> {
  return followAll(scope, now, records, async (freeze) => new Set(await listScheduleIds(scope.prisma, filterOf(freeze), now)));
}

/** @param matching  ids of schedules that the freeze's filter selects, these among them */
async function followAll(
  { prisma, sql }: Scope,
  now: number,
  records: readonly ScheduleRecord[],
  matching: (freeze: FreezeRecord) => Promise<ReadonlySet<string>>,
): Promise<ScheduleRecord[]> {
  const running = await listFilterFreezes(prisma, now);
  const frozen = new Map<FreezeRecord, ReadonlySet<string>>();
  for (const freeze of running) frozen.set(freeze, await matching(freeze));
  const followed: ScheduleRecord[] = [];
  for (const record of records) {
    const kept = record.freezes.filter(({ id }) => running.every((freeze) => freeze.id !== id));
    const freezes = [...kept, ...running.filter((freeze) => frozen.get(freeze)?.has(record.id)).map(copyOf)];
    const changed = !isDeepStrictEqual(byId(freezes), byId(record.freezes));
    if (changed) await writeFreezes(sql, record.id, freezes);
    followed.push(changed ? { ...record, freezes } : record);
  }
  return followed;
}

const filterOf = (freeze: FreezeRecord) => freeze.select['filter'] as ScheduleFilter;

function byId<T extends { id: string }>(items: readonly T[]): T[] {
  return items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
