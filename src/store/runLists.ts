import type { LabelSelector } from '../domain/labels.ts';
import { Conditions, SCHEDULE_NAMES, TASK_KEYS, findNamed } from './conditions.ts';
import type { InstantRange } from './conditions.ts';
import { readPage } from './pages.ts';
import type { Each, ListOrder, Near, Page, PageRequest } from './pages.ts';
import { findRunsById } from './runRecords.ts';
import type { RunRecord } from './runRecords.ts';
import type { PrismaTransaction } from './sql.ts';

export type RunPage = Page<RunRecord>;
export interface RunFilter {
  scheduleIds?: readonly string[] | null | undefined;
  scheduleNames?: readonly string[] | null | undefined;
  taskKeys?: readonly string[] | null | undefined;
  states?: readonly string[] | null | undefined;
  origins?: readonly string[] | null | undefined;
  workerIds?: readonly string[] | null | undefined;
  backfillId?: string | null | undefined;
  scheduledFor?: InstantRange | null | undefined;
  finished?: InstantRange | null | undefined;
  minLatenessMs?: number | null | undefined;
  labels?: readonly LabelSelector[] | null | undefined;
}

export const RUN_ORDERS = {
  SCHEDULED_FOR: { field: 'scheduledFor', expression: 'r.scheduled_for', type: 'timestamptz', nullable: false },
  STARTED_AT: { field: 'startedAt', expression: 'r.started_at', type: 'timestamptz', nullable: true },
  FINISHED_AT: { field: 'finishedAt', expression: 'r.finished_at', type: 'timestamptz', nullable: true },
} as const satisfies Record<string, ListOrder>;

/** What runs r must satisfy. */
export function conditionsOfRuns(filter: RunFilter | null): Conditions {
  const conditions = conditionsButOwners(filter);
  conditions.anyOf('r.schedule_id', filter?.scheduleIds);
  conditions.refersTo('r.schedule_id', SCHEDULE_NAMES, filter?.scheduleNames);
  conditions.refersTo('r.task_id', TASK_KEYS, filter?.taskKeys);
  return conditions;
}

function conditionsButOwners(filter: RunFilter | null): Conditions {
  const conditions = new Conditions();
  conditions.anyOf('r.state', filter?.states);
  conditions.anyOf('r.origin', filter?.origins);
  conditions.anyOf('r.worker_id', filter?.workerIds);
  if (filter?.backfillId != null) conditions.add(`r.backfill_id = ${conditions.param(filter.backfillId)}::text`);
  conditions.within('r.scheduled_for', filter?.scheduledFor);
  conditions.within('r.finished_at', filter?.finished);
  if (filter?.minLatenessMs != null)
    conditions.add(`r.lateness_ms >= ${conditions.param(filter.minLatenessMs)}::double precision`);
  conditions.labels('r.labels', filter?.labels);
  return conditions;
}

/** @param only narrows to one task or schedule */
export async function pageRuns(
  prisma: Pick<PrismaTransaction, '$queryRawUnsafe' | 'run' | 'attempt' | 'worker'>,
  filter: RunFilter | null,
  only: { taskId?: string; scheduleId?: string },
  request: PageRequest,
): Promise<RunPage> {
  const owners = [
    ownersOf('r.schedule_id', filter?.scheduleIds),
    ownersOf('r.schedule_id', only.scheduleId === undefined ? null : [only.scheduleId]),
    ownersOf('r.schedule_id', await findNamed(prisma, SCHEDULE_NAMES, filter?.scheduleNames)),
    ownersOf('r.task_id', only.taskId === undefined ? null : [only.taskId]),
    ownersOf('r.task_id', await findNamed(prisma, TASK_KEYS, filter?.taskKeys)),
  ].filter((each) => each !== null);
  const conditions = conditionsButOwners(filter);
  const [several] =
    isAboutMore(filter) || owners.length !== 1 ? [] : owners.filter(({ ids }) => ids.length > 1 && ids.length <= SEVERAL);
  for (const { expression, ids } of owners) if (several === undefined) conditions.anyOf(expression, ids);
  const each = several && eachOf(several, conditions);
  const near = nearOf(filter, owners, request.order);
  return readPage(prisma, { from: 'run r', id: 'r.id', conditions, each, near }, request, (ids) => findRunsById(prisma, ids));
}

/** Of more, the planner would take longer than it saves. */
const SEVERAL = 50;

/** Than owners and instants: the first runs of an owner may then be far from the first ones that are asked for. */
function isAboutMore(filter: RunFilter | null): boolean {
  const { states, origins, workerIds, backfillId, minLatenessMs, labels } = filter ?? {};
  return [states, origins, workerIds, backfillId, minLatenessMs, labels].some((value) => value != null);
}

interface Owners {
  expression: string;
  ids: string[];
}

function ownersOf(expression: string, ids: readonly string[] | null | undefined): Owners | null {
  return ids == null ? null : { expression, ids: [...new Set(ids)] };
}

/** Adds the last one of the conditions, so that the others can be said without it. */
function eachOf({ expression, ids }: Owners, conditions: Conditions): Each {
  const others = conditions.text();
  const params = ids.map((id) => `${conditions.param(id)}::text`);
  conditions.add(`${expression} IN (${params.join(', ')})`);
  return { expression, ids: params, others, by: RUN_ORDERS.SCHEDULED_FOR.expression };
}

/** From the first of a run's instants to the last one of those that lists are sorted by. Of most runs it is short. */
const SPREAD = 'greatest(r.scheduled_for, r.started_at, r.finished_at) - least(r.scheduled_for, r.started_at, r.finished_at)';
const TOGETHER = { within: '1 hour', together: `${SPREAD} <= interval '1 hour'`, apart: `${SPREAD} > interval '1 hour'` };

/**
 * The runs of a task, a schedule and a backfill have an index by SCHEDULED_FOR, and a range of instants begins where it lies: in other
 * orders they may lie anywhere.
 */
function nearOf(filter: RunFilter | null, owners: readonly Owners[], order: ListOrder): Near | undefined {
  const { scheduledFor, finished, backfillId, labels } = filter ?? {};
  // Labels are found in no order, and each part of a page would look for them anew; so many owners have some everywhere.
  if (labels != null || owners.some(({ ids }) => ids.length > SEVERAL)) return undefined;
  const bySchedule = owners.some(({ expression }) => expression === 'r.schedule_id');
  const ended = finished?.from != null || finished?.until != null;
  const byScheduledFor = bySchedule || backfillId != null || scheduledFor?.from != null || scheduledFor?.until != null;
  if (!byScheduledFor && !ended && owners.length === 0) return undefined;
  const { expression } = ended && !byScheduledFor ? RUN_ORDERS.FINISHED_AT : RUN_ORDERS.SCHEDULED_FOR;
  return expression === order.expression ? undefined : { expression, ...TOGETHER };
}
