import { filterFaults } from '../domain/filterFaults.ts';
import { Rejection, notFound } from '../domain/userError.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import { findSchedules } from '../store/schedules.ts';
import type { CommandScope } from './command.ts';
import { Fields } from './fields.ts';

/** Exactly one key, as the API's @oneOf sees to. */
export interface ScheduleSelection {
  ids?: readonly string[] | null | undefined;
  names?: readonly string[] | null | undefined;
  filter?: ScheduleFilter | null | undefined;
}
const MAX_NAMED = 100;
/** All in one transaction, which has seconds: a larger one would hold the rows of all while it works. */
const MAX_FILTERED = 1_000;

/**
 * Ids of what is selected, in order of id.
 * @param most  how many a filter may match
 * @throws Rejection when something that is named is not there: nothing is changed then
 */
export async function selectSchedules(
  { prisma }: CommandScope,
  select: ScheduleSelection,
  now: number,
  most = MAX_FILTERED,
): Promise<string[]> {
  const named = select.ids ?? select.names;
  if (named == null) {
    const fields = new Fields();
    for (const { path, message, constraint } of filterFaults(select.filter ?? {})) {
      fields.add(['input', 'select', 'filter', ...path], message, constraint);
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const ids = await listScheduleIds(prisma, select.filter ?? {}, now);
    if (ids.length <= most) return ids;
    const message = `filter matches ${ids.length} schedules; at most ${most} can be changed at once. Narrow it.`;
    fields.add(['input', 'select', 'filter'], message, `at most ${most}`);
    throw new Rejection(fields.errors);
  }
  const key = select.ids != null ? 'ids' : 'names';
  if (named.length > MAX_NAMED) {
    const fields = new Fields();
    fields.add(
      ['input', 'select', key],
      `${key} has ${named.length} entries; allowed are ${MAX_NAMED}. Use filter for more.`,
      `at most ${MAX_NAMED}`,
    );
    throw new Rejection(fields.errors);
  }
  const found = new Map((await findSchedules(prisma, key, named)).map(({ id, name }) => [key === 'ids' ? id : name, id]));
  const missing = named.flatMap((value, index) =>
    found.has(value) ? [] : [notFound(['input', 'select', key, String(index)], `There is no schedule "${value}".`)],
  );
  if (missing.length > 0) throw new Rejection(missing);
  return [...found.values()].sort();
}
