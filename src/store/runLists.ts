import type { LabelSelector } from '../domain/labels.ts';
import { Conditions, SCHEDULE_NAMES, TASK_KEYS, findNamed } from './conditions.ts';
import type { InstantRange } from './conditions.ts';
import { readPage } from './pages.ts';
import type { ListOrder, Page, PageRequest } from './pages.ts';
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
  const conditions = conditionsButNames(filter);
  conditions.refersTo('r.schedule_id', SCHEDULE_NAMES, filter?.scheduleNames);
  conditions.refersTo('r.task_id', TASK_KEYS, filter?.taskKeys);
  return conditions;
}

function conditionsButNames(filter: RunFilter | null): Conditions {
  const conditions = new Conditions();
  conditions.anyOf('r.schedule_id', filter?.scheduleIds);
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
  const conditions = conditionsButNames(filter);
  if (only.taskId !== undefined) conditions.anyOf('r.task_id', [only.taskId]);
  if (only.scheduleId !== undefined) conditions.anyOf('r.schedule_id', [only.scheduleId]);
  conditions.anyOf('r.schedule_id', await findNamed(prisma, SCHEDULE_NAMES, filter?.scheduleNames));
  conditions.anyOf('r.task_id', await findNamed(prisma, TASK_KEYS, filter?.taskKeys));
  return readPage(prisma, { from: 'run r', id: 'r.id', conditions }, request, (ids) => findRunsById(prisma, ids));
}
