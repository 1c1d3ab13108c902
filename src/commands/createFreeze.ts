import type { MisfireMode } from '../domain/due.ts';
import { MAX_FILTER_FREEZES, MAX_FREEZES, MAX_FREEZE_MS, unsettledFreezes } from '../domain/freezes.ts';
import type { Freeze } from '../domain/freezes.ts';
import { nextFireAmid } from '../domain/frozenPlan.ts';
import { Rejection, limitExceeded } from '../domain/userError.ts';
import { timingOf } from '../domain/timing.ts';
import type { PlannedSkip } from '../domain/skips.ts';
import { claimSchedules } from '../store/claims.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { copyOf, insertFreeze, listFreezes, lockFreezes, setFreezes } from '../store/freezes.ts';
import type { FreezeRecord } from '../store/freezes.ts';
import { newId } from '../store/ids.ts';
import { readSkips } from '../store/skips.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { Fields } from './fields.ts';
import { selectSchedules } from './scheduleSelection.ts';
import type { ScheduleSelection } from './scheduleSelection.ts';

export interface FreezeInput {
  reason: string;
  from?: Date | null | undefined;
  until: Date;
  select: ScheduleSelection;
  exit?: MisfireMode | null | undefined;
}
export interface FreezeResult {
  freeze: FreezeRecord;
  /** Occurrences that it will hold back, of the schedules as they are; at most MAX_PREVIEW. */
  suppressedPreview: number;
}
/** As many as this are not counted one by one. */
const MAX_PREVIEW = 1_000_000;
const MAX_SCHEDULES = 10_000;
/** What a filter may not go by: it changes without an edit, or by the freeze itself. */
const VOLATILE = ['states', 'nextFire', 'failing', 'silent', 'missedSince'] as const;

/** Lets nothing that is selected fire by itself for a while. Runs under way go on, and whatever is triggered by hand runs. */
export function createFreeze(parts: CommandParts, caller: Caller, input: FreezeInput): Promise<CommandResult<FreezeResult>> {
  return runCommand(parts, caller, 'freeze.create', async (scope) => {
    await lockFreezes(scope.sql, 'change');
    const found = await selectSchedules(scope, input.select, parts.clock.now(), MAX_SCHEDULES);
    const schedules = await claimSchedules(scope.sql, found);
    const now = parts.clock.now();
    const { from, until } = checkInput(input, now);
    await checkRoom(scope, input.select, now);
    const freeze = await insertFreeze(scope.prisma, {
      id: newId('frz'),
      reason: input.reason,
      from: new Date(from),
      until: new Date(until),
      select: storedSelection(input.select),
      exit: input.exit ?? 'SKIP',
      by: caller.viewer.actor,
      createdAt: new Date(now),
    });
    const copy = copyOf(freeze);
    await refreeze(parts, scope, now, schedules, ({ freezes }) => [...freezes, copy]);
    const { reason, by: _, ...told } = copy;
    const changes = { freeze: { before: null, after: { ...told, select: freeze.select, schedules: schedules.length } } };
    await scope.audit({ action: 'freeze.create', targetId: freeze.id, reason, changes }, now);
    scope.signal('schedules', 'events');
    return { freeze, suppressedPreview: previewOf(parts, schedules, from, until) };
  });
}

/** @throws Rejection */
function checkInput(input: FreezeInput, now: number): { from: number; until: number } {
  const fields = new Fields();
  fields.text(['input', 'reason'], input.reason, { min: 1, max: 2_000 });
  const told = `it is ${new Date(now).toISOString()} now`;
  const until = input.until.getTime();
  const from = input.from?.getTime() ?? now;
  for (const [name, at] of [
    ['from', from],
    ['until', until],
  ] as const)
    if (Number.isNaN(at)) fields.add(['input', name], `${name} is not an instant.`, 'an ISO 8601 instant');
  if (from < now || from > now + MAX_FREEZE_MS) {
    const message = `from is ${iso(from)}, and ${told}; allowed is now or later, at most 400 days ahead. Without from it begins at once.`;
    fields.add(['input', 'from'], message, 'now to 400 days ahead');
  }
  if (until <= from) {
    const message = `until is ${iso(until)}; allowed is later than ${input.from == null ? 'now' : 'from'}, which is ${iso(from)}.`;
    fields.add(['input', 'until'], message, input.from == null ? 'later than now' : 'later than from');
  } else if (until - from > MAX_FREEZE_MS) {
    const message = `until is ${iso(until)}, more than 400 days after ${iso(from)}; allowed are at most 400 days.`;
    fields.add(['input', 'until'], message, 'at most P400D after from');
  }
  for (const name of ['ids', 'names'] as const) {
    if (input.select[name]?.length !== 0) continue;
    const message = `${name} is empty: a freeze of nothing holds nothing back. Name one schedule at least, or give a filter.`;
    fields.add(['input', 'select', name], message, 'at least one');
  }
  for (const name of VOLATILE) {
    if (input.select.filter?.[name] == null) continue;
    const message = `filter has ${name}, which changes without an edit; a freeze goes by what definitions say.`;
    fields.add(['input', 'select', 'filter', name], message, `no ${VOLATILE.join(', ')}`);
  }
  if (fields.errors.length > 0) throw new Rejection(fields.errors);
  return { from, until };
}

/** @throws Rejection LIMIT_EXCEEDED */
async function checkRoom({ prisma }: CommandScope, select: ScheduleSelection, now: number): Promise<void> {
  const running = await listFreezes(prisma, true, now, MAX_FREEZES);
  const byFilter = running.filter((freeze) => 'filter' in freeze.select).length;
  if (running.length >= MAX_FREEZES) {
    const message = `There are ${running.length} freezes that have not ended; allowed are ${MAX_FREEZES}. End one first.`;
    throw new Rejection([limitExceeded(['input'], message, MAX_FREEZES)]);
  }
  if (select.filter != null && byFilter >= MAX_FILTER_FREEZES) {
    const message = `There are ${byFilter} freezes with a filter that have not ended; allowed are ${MAX_FILTER_FREEZES}. End one first, or select by ids.`;
    throw new Rejection([limitExceeded(['input', 'select', 'filter'], message, MAX_FILTER_FREEZES)]);
  }
}

/** Without what was not given. */
function storedSelection(select: ScheduleSelection): Record<string, unknown> {
  return JSON.parse(JSON.stringify(select, (_, value) => value ?? undefined));
}

/** Gives schedules other freezes, and sets what fires next by these. Their rows are locked. */
export async function refreeze(
  parts: CommandParts,
  scope: CommandScope,
  now: number,
  schedules: readonly ClaimedSchedule[],
  change: (schedule: ClaimedSchedule) => readonly Freeze[],
): Promise<void> {
  const skipping = schedules.filter(({ skipCount }) => skipCount > 0).map(({ id }) => id);
  const skips = await readSkips(scope.sql, skipping);
  const changes = schedules.map((schedule) => {
    const freezes = unsettledFreezes(change(schedule), schedule.nextScheduledFor, now);
    return { id: schedule.id, freezes, nextFireAt: nextFireOf(parts, schedule, freezes, skips.get(schedule.id) ?? []) };
  });
  await setFreezes(scope.sql, now, changes);
}

/** Of a trigger that does not compile nobody can say: the engine will when it is due. */
function nextFireOf(
  parts: CommandParts,
  schedule: ClaimedSchedule,
  freezes: readonly Freeze[],
  skips: readonly PlannedSkip[],
): Date | null {
  try {
    const trigger = parts.triggerOf(schedule);
    const next = schedule.nextScheduledFor?.getTime() ?? null;
    const fires = nextFireAmid(trigger, { skips, freezes }, next, timingOf(schedule, trigger));
    return fires === null ? null : new Date(fires);
  } catch {
    return schedule.nextFireAt;
  }
}

function previewOf(parts: CommandParts, schedules: readonly ClaimedSchedule[], from: number, until: number): number {
  let sum = 0;
  for (const schedule of schedules) {
    if (sum >= MAX_PREVIEW) return MAX_PREVIEW;
    const start = Math.max(from, schedule.nextScheduledFor?.getTime() ?? Infinity);
    try {
      if (start < until) sum += parts.triggerOf(schedule).count(start, until);
    } catch {
      // A broken trigger has no times.
    }
  }
  return Math.min(sum, MAX_PREVIEW);
}

const iso = (instant: number): string => (Number.isNaN(instant) ? 'none' : new Date(instant).toISOString());
