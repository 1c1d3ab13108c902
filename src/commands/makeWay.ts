import { DEFAULT_MISFIRE } from '../domain/due.ts';
import { isReplacing, resolveOverlap } from '../domain/overlap.ts';
import type { OverlapPolicy, Underway } from '../domain/overlap.ts';
import { Rejection, limitExceeded } from '../domain/userError.ts';
import { seat } from '../store/fireOverlap.ts';
import { lockActive, readLane } from '../store/lanes.ts';
import type { Lane } from '../store/lanes.ts';
import type { NewRun } from '../store/runs.ts';
import { supersedeRuns } from '../store/supersede.ts';
import { freeSlots } from '../store/waiting.ts';
import type { CommandScope } from './command.ts';
import { refuseWhileActive } from './manualRun.ts';

/** Where a run by hand is to begin. */
export type Place = Required<Pick<NewRun, 'state' | 'waitsFor'>> & {
  /** Others of its task may have got a slot as well. */
  freed: boolean;
};
/** What a run by hand may overlap with, and how the answer speaks of it. */
export interface Overlapping {
  lane: Lane;
  overlap: OverlapPolicy;
  bufferLimit: number;
  taskId: string;
  /** Such as: schedule "nightly" */
  subject: string;
  path: string[];
}

/**
 * Decides by an overlap policy whether a run by hand begins, waits or is refused, and ends what it is to take the place of. The
 * caller holds the schedule, and the task where it has a limit or is what the run looks at.
 * @throws Rejection ALREADY_RUNNING with the run that is in the way, or LIMIT_EXCEEDED with the limit of the buffer
 */
export async function makeWay(scope: CommandScope, now: number, of: Overlapping): Promise<Place> {
  const { lane, overlap, bufferLimit } = of;
  if (overlap === 'SKIP') {
    await refuseWhileActive(scope, 'taskId' in lane ? { taskId: lane.taskId } : lane, of.subject, of.path);
  }
  const underway = await underwayOf(scope, now, of);
  const fire = { kind: 'fire', scheduledFor: now, effectiveAt: now, origin: 'SCHEDULE' } as const;
  const [planned] = resolveOverlap([fire], overlap, DEFAULT_MISFIRE, underway, bufferLimit);
  if (planned?.kind !== 'fire') {
    const limit = overlap === 'BUFFER_ONE' ? 1 : bufferLimit;
    const message = `The buffer of the ${of.subject} is full: ${planned?.reason}.`;
    throw new Rejection([limitExceeded(of.path, message, limit)]);
  }
  const slots = await freeSlots(scope.sql, [of.taskId]);
  const { state } = seat(slots, of.taskId, planned);
  const serial = 'taskId' in lane ? ('TASK' as const) : ('SCHEDULE' as const);
  return { state, waitsFor: overlap === 'ALLOW_ALL' ? 'SLOT' : serial, freed: isReplacing(overlap) && slots.size > 0 };
}

async function underwayOf({ sql, signal }: CommandScope, now: number, { lane, overlap }: Overlapping): Promise<Underway> {
  if (overlap === 'SKIP' || overlap === 'ALLOW_ALL') return { active: 0, backlog: 0 };
  await lockActive(sql, lane);
  if (!isReplacing(overlap)) return readLane(sql, lane);
  const [owner, replaced] = 'taskId' in lane ? [lane.taskId, lane] : [lane.scheduleId, { scheduleIds: [lane.scheduleId] }];
  const superseded = (await supersedeRuns(sql, now, overlap, replaced)).get(owner);
  if (superseded !== undefined && superseded.broken > 0) signal('cancels');
  return { active: superseded?.held ?? 0, backlog: 0 };
}
