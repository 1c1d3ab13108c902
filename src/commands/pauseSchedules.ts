import { hasEnded } from '../domain/schedule.ts';
import { filterFaults } from '../domain/filterFaults.ts';
import { Rejection, notFound } from '../domain/userError.ts';
import { listScheduleIds } from '../store/scheduleLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import { findSchedule, updateState } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { keepSkips } from './keepSkips.ts';
import { lockById, settleDue } from './lockedSchedule.ts';
import type { LockedSchedule } from './lockedSchedule.ts';
import { scheduleEvent } from './scheduleEvent.ts';

/** Exactly one key, as the API's @oneOf sees to. */
export interface ScheduleSelection {
  ids?: readonly string[] | null | undefined;
  names?: readonly string[] | null | undefined;
  filter?: ScheduleFilter | null | undefined;
}
/** Those that changed; what already was as wished is left alone. */
export interface ChangedSchedules {
  /** at most 100 */
  schedules: ScheduleRecord[];
  count: number;
}
const SHOWN = 100;
const MAX_NAMED = 100;
/** All in one transaction, which has seconds: a larger one would hold the rows of all while it works. */
const MAX_FILTERED = 1_000;

/** Holds schedules back; runs under way go on. One that is paused already keeps its pause. */
export function pauseSchedules(
  parts: CommandParts,
  caller: Caller,
  input: { select: ScheduleSelection; reason: string },
): Promise<CommandResult<ChangedSchedules>> {
  const fields = new Fields();
  fields.text(['input', 'reason'], input.reason, { min: 1, max: 2_000 });
  return runCommand(parts, caller, 'schedule.pause', async (scope) => {
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    return changeEach(parts, scope, input.select, 'ACTIVE', async ({ record, now }) => {
      const pause = { since: new Date(now).toISOString(), reason: input.reason, by: caller.viewer.actor };
      const current = (await findSchedule(scope.prisma, { id: record.id })) as ScheduleRecord;
      if (current.state !== 'ACTIVE') return null;
      const paused = await updateState(scope.prisma, record.id, { state: 'PAUSED', pause });
      const changes = { state: { before: 'ACTIVE', after: 'PAUSED' } };
      await scope.audit({ action: 'schedule.pause', targetId: record.id, reason: input.reason, changes }, now);
      await scheduleEvent(scope, now, 'UPDATED', record, paused);
      return paused;
    });
  });
}

/** Lets schedules go on from now. What passed meanwhile is in the ledger as PAUSED and does not run. */
export function resumeSchedules(
  parts: CommandParts,
  caller: Caller,
  input: { select: ScheduleSelection; reason?: string | null | undefined },
): Promise<CommandResult<ChangedSchedules>> {
  const fields = new Fields();
  if (input.reason != null) fields.text(['input', 'reason'], input.reason, { min: 0, max: 2_000 });
  return runCommand(parts, caller, 'schedule.resume', async (scope) => {
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    return changeEach(parts, scope, input.select, 'PAUSED', async ({ claimed, record, now }) => {
      const current = (await findSchedule(scope.prisma, { id: record.id })) as ScheduleRecord;
      const state = hasEnded(current.triggerKind, current.nextScheduledFor) ? 'COMPLETED' : 'ACTIVE';
      const going = await updateState(scope.prisma, record.id, { state, pause: null });
      const resumed = await keepSkips(scope, going, () => parts.triggerOf(claimed));
      const changes = { state: { before: 'PAUSED', after: state } };
      await scope.audit({ action: 'schedule.resume', targetId: record.id, reason: input.reason ?? null, changes }, now);
      await scheduleEvent(scope, now, 'UPDATED', record, resumed);
      return resumed;
    });
  });
}

/** Locks the selected schedules one after the other, in order of id, settles what was due, and changes those in state `from`. */
async function changeEach(
  parts: CommandParts,
  scope: CommandScope,
  select: ScheduleSelection,
  from: ScheduleRecord['state'],
  change: (locked: LockedSchedule) => Promise<ScheduleRecord | null>,
): Promise<ChangedSchedules> {
  const changed: ScheduleRecord[] = [];
  for (const id of await selectedIds(scope, select, parts.clock.now())) {
    const locked = await lockById(parts, scope, id);
    if (locked?.record.state !== from) continue;
    await settleDue(parts, scope, locked);
    const record = await change(locked);
    if (record !== null) changed.push(record);
  }
  if (changed.length > 0) scope.signal('schedules', 'events');
  return { schedules: changed.slice(0, SHOWN), count: changed.length };
}

/** @throws Rejection when something that is named is not there: nothing is changed then */
async function selectedIds({ prisma }: CommandScope, select: ScheduleSelection, now: number): Promise<string[]> {
  const named = select.ids ?? select.names;
  if (named == null) {
    const fields = new Fields();
    for (const { path, message, constraint } of filterFaults(select.filter ?? {})) {
      fields.add(['input', 'select', 'filter', ...path], message, constraint);
    }
    if (fields.errors.length > 0) throw new Rejection(fields.errors);
    const ids = await listScheduleIds(prisma, select.filter ?? {}, now);
    if (ids.length <= MAX_FILTERED) return ids;
    const message = `filter matches ${ids.length} schedules; at most ${MAX_FILTERED} can be changed at once. Narrow it.`;
    fields.add(['input', 'select', 'filter'], message, `at most ${MAX_FILTERED}`);
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
  const found = await Promise.all(
    named.map((value) => findSchedule(prisma, select.ids != null ? { id: value } : { name: value })),
  );
  const missing = named.flatMap((value, index) =>
    found[index] === null ? [notFound(['input', 'select', key, String(index)], `There is no schedule "${value}".`)] : [],
  );
  if (missing.length > 0) throw new Rejection(missing);
  return [...new Set(found.flatMap((schedule) => (schedule === null ? [] : [schedule.id])))].sort();
}
