import { setImmediate } from 'node:timers/promises';
import { comparePlanned, mergePlanned, plannedFrom } from '../domain/plannedFires.ts';
import type { PlannedFire } from '../domain/plannedFires.ts';
import { createCronCache } from '../domain/schedule.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import { countUpcoming, readUpcoming } from '../store/upcoming.ts';
import type { Upcoming } from '../store/upcoming.ts';
import { spentSoFar } from '../trigger/effort.ts';
import { readRange } from './closedRange.ts';
import type { ApiParts } from './context.ts';
import { apiError } from './errors.ts';
import { readFilter } from './filters.ts';

interface Args {
  range: { from: Date; until: Date };
  first?: number | null | undefined;
  filter?: ScheduleFilter | null | undefined;
}
export interface PlannedFiresModel {
  fires: PlannedFire[];
  truncated: boolean;
}

const DEFAULT_SIZE = 200;
const MOST_FIRES = 1_000;
/** Schedules that are read at once. */
const PAGE = 1_000;
/** Schedules that may fire before the range begins: all of them are asked when they fire in it. */
const MOST_BEFORE = 10_000;
/** Those, and as many as may be answered. More are asked only where many next fires are ends of freezes. */
const MOST_ASKED = MOST_BEFORE + MOST_FIRES + PAGE;
/** What all of it may take, in steps (effort.ts): 10,000 plain crons, or some tens of those that take as long as a trigger may. */
const MOST_STEPS = 8_000_000;
/** A timeline is asked for again and again. */
const triggerOf = createCronCache(2_000);
/** After so many steps others get their turn. */
const STRETCH = 100_000;

/**
 * The planned fires of many schedules in one order. Of a schedule nothing is planned before its next fire, so that schedules are read in
 * the order of those and no further than the fires reach that are answered: of those that fire after them none is looked at.
 * @throws BAD_USER_INPUT for arguments that cannot be, or where more than MOST_BEFORE schedules fire before the range begins
 */
export async function listPlannedFires(
  { store: { prisma }, clock }: Pick<ApiParts, 'store' | 'clock'>,
  args: Args,
): Promise<PlannedFiresModel> {
  const range = readRange(args.range);
  const first = args.first ?? DEFAULT_SIZE;
  if (first < 1 || first > MOST_FIRES) throw apiError('BAD_USER_INPUT', `first is ${first}; allowed is 1 to ${MOST_FIRES}.`);
  const filter = readFilter(args.filter);
  const now = clock.now();
  const { until } = range;
  const start = Math.max(range.from, now + 1);
  const fires: PlannedFire[] = [];
  if (start >= until) return { fires, truncated: false };

  const merge = mergePlanned();
  const effort = createEffort();
  const asked = new Set<string>();
  /** The last schedule that was read; null: none was. */
  let place: Upcoming | null = null;
  let ended = false;
  /** Whether an unread schedule may fire before all that are known. */
  const mayComeFirst = (): boolean => {
    const known = merge.first();
    if (ended) return false;
    return (
      known === null ||
      place === null ||
      comparePlanned(known, { effectiveAt: place.nextFireAt.getTime(), scheduleId: place.id }) > 0
    );
  };

  while (fires.length <= first) {
    while (mayComeFirst()) {
      if (asked.size >= MOST_ASKED) return { fires, truncated: true };
      const limit = place === null ? Math.min(first + 1, PAGE) : PAGE;
      const schedules = await readUpcoming(prisma, filter, now, { until, after: place, limit });
      const last = schedules.at(-1);
      ended = schedules.length < limit;
      if (place === null && !ended && (last as Upcoming).nextFireAt.getTime() < start) {
        const most = MOST_BEFORE + 1;
        if ((await countUpcoming(prisma, filter, now, { until: start, most })) === most) throw tooMany(args, start);
      }
      place = last ?? place;
      for (const schedule of schedules) {
        // One that has fired since the page before stands on this one again.
        if (asked.has(schedule.id)) continue;
        asked.add(schedule.id);
        effort.of(() => merge.add(plannedTimes(schedule, now, start)));
        if (effort.isSpent()) return { fires, truncated: true };
        await effort.breathe();
      }
    }
    const fire = effort.of(() => merge.take());
    if (fire === null || fire.effectiveAt >= until) return { fires, truncated: false };
    fires.push(fire);
    if (effort.isSpent()) break;
    await effort.breathe();
  }
  return { fires: fires.slice(0, first), truncated: true };
}

/** Of a trigger that zone data or calendars have broken since nobody can say what its times are. */
function plannedTimes(schedule: Upcoming, now: number, start: number): Generator<PlannedFire> {
  try {
    return plannedFrom(schedule, triggerOf(schedule), now, start);
  } catch {
    return none();
  }
}

// oxlint-disable-next-line require-yield
function* none(): Generator<never> {}

function tooMany({ range }: Args, start: number): Error {
  const told = `range begins at ${range.from.toISOString()}: more than ${MOST_BEFORE} schedules fire before`;
  return apiError('BAD_USER_INPUT', `${told} ${new Date(start).toISOString()}; allowed are ${MOST_BEFORE}: narrow the filter.`);
}

/** Steps that work took which others interrupt; theirs do not count. */
function createEffort() {
  let [spent, breath] = [0, 0];
  return {
    of<T>(work: () => T): T {
      const began = spentSoFar();
      const result = work();
      spent += spentSoFar() - began;
      return result;
    },
    isSpent: () => spent >= MOST_STEPS,
    async breathe() {
      if (spent - breath < STRETCH) return;
      breath = spent;
      await setImmediate();
    },
  };
}
