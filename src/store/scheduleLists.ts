import type { LabelSelector } from '../domain/labels.ts';
import { Conditions, TASK_KEYS, findNamed, findWords } from './conditions.ts';
import type { InstantRange } from './conditions.ts';
import { readPage } from './pages.ts';
import type { List, ListOrder, Page, PageRequest } from './pages.ts';
import { findSchedulesById } from './schedules.ts';
import type { ScheduleRecord } from './schedules.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

export type SchedulePage = Page<ScheduleRecord>;
export interface ScheduleFilter {
  names?: readonly string[] | null | undefined;
  taskKeys?: readonly string[] | null | undefined;
  taskIds?: readonly string[] | null | undefined;
  states?: readonly string[] | null | undefined;
  kinds?: readonly string[] | null | undefined;
  managedBy?: string | null | undefined;
  /** Those whose triggers name this calendar. */
  calendar?: string | null | undefined;
  search?: string | null | undefined;
  labels?: readonly LabelSelector[] | null | undefined;
  nextFire?: InstantRange | null | undefined;
  failing?: boolean | null | undefined;
  silent?: boolean | null | undefined;
  missedSince?: Date | null | undefined;
}
type Db = Pick<PrismaTransaction, '$queryRawUnsafe'>;

/** What should have begun this long ago and has not is silent. */
const SILENCE_MS = 60_000;
/** As Schedule.nextFireAt answers it: what is paused keeps its next instant, but does not fire. Both as schedule_due_idx has them. */
const firing = (s: string) =>
  `${s}.state = 'ACTIVE' AND ${s}.next_fire_at IS NOT NULL AND ${s}.next_scheduled_for IS NOT NULL AND ${s}.hold IS NULL`;
const nextFireAt = (s: string) => `coalesce(${s}.next_fire_at, ${s}.next_scheduled_for)`;
const FIRES = firing('s');
const NEXT_FIRE_AT = nextFireAt('s');
/** The opposite of FIRES, as schedule_unplanned_idx has it: what has a next fire has a next occurrence, and nothing holds it back. */
const FIRES_NOT = `s.state <> 'ACTIVE' OR s.next_fire_at IS NULL`;

export const SCHEDULE_ORDERS = {
  NAME: { field: 'name', expression: 's.name', type: 'text', nullable: false },
  NEXT_FIRE_AT: {
    field: 'nextFireAt',
    expression: NEXT_FIRE_AT,
    type: 'timestamptz',
    nullable: { has: FIRES, hasNot: FIRES_NOT },
  },
  UPDATED_AT: { field: 'updatedAt', expression: 'l.updated_at', type: 'timestamptz', nullable: false },
  CREATED_AT: { field: 'createdAt', expression: 'l.created_at', type: 'timestamptz', nullable: false },
} as const satisfies Record<string, ListOrder>;
/** Those that schedule_listing has indexes of. */
const LISTED_ORDERS: ReadonlySet<ListOrder> = new Set([SCHEDULE_ORDERS.UPDATED_AT, SCHEDULE_ORDERS.CREATED_AT]);

/**
 * What rows of schedule, s, must satisfy.
 * @param now  what `silent` is measured against, epoch ms
 */
export async function conditionsOfSchedules(prisma: Db, filter: ScheduleFilter, now: number): Promise<Conditions> {
  const conditions = new Conditions();
  conditions.add('s.deleted_at IS NULL');
  conditions.anyOf('s.trigger_kind', filter.kinds);
  const found = await findWords(prisma, TASK_KEYS, filter.search);
  conditions.search(['s.name', 's.description'], filter.search, { expression: 's.task_id', found });
  await addOthers(prisma, conditions, filter, now);
  return conditions;
}

/** The part of it that rows of schedule_listing, l, can answer for: none of them is of a deleted schedule. */
function listedConditions(filter: ScheduleFilter): Conditions {
  const conditions = new Conditions();
  conditions.anyOf('l.kind', filter.kinds);
  // Name, description and key stand in lines of their own, and no word holds a line break.
  conditions.search(['l.text'], filter.search);
  return conditions;
}

/** What only rows of schedule, s, can answer for. */
async function addOthers(prisma: Db, conditions: Conditions, filter: ScheduleFilter, now: number): Promise<void> {
  conditions.anyOf('s.name', filter.names);
  conditions.anyOf('s.task_id', await findNamed(prisma, TASK_KEYS, filter.taskKeys));
  conditions.anyOf('s.task_id', filter.taskIds);
  conditions.anyOf('s.state', filter.states);
  if (filter.managedBy != null) conditions.anyOf('s.managed_by', [filter.managedBy]);
  if (filter.calendar != null)
    conditions.add(
      `cardinality(s.calendar_names) <> 0 AND s.calendar_names @> ARRAY[${conditions.param(filter.calendar)}::text]`,
    );
  conditions.labels('s.labels', filter.labels);
  if (filter.nextFire != null) conditions.add(FIRES);
  // The same twice: the one is what the index holds, and of the other the planner knows how many rows it leaves.
  conditions.within(NEXT_FIRE_AT, filter.nextFire);
  conditions.within('s.next_fire_at', filter.nextFire);
  conditions.is('s.consecutive_failures > 0', filter.failing);
  if (filter.silent != null) {
    const since = `${conditions.param(new Date(now - SILENCE_MS).toISOString())}::timestamptz`;
    const untaken = `SELECT q.schedule_id FROM run q WHERE q.state = 'QUEUED' AND q.queued_at < ${since} AND q.schedule_id IS NOT NULL`;
    // The silent are few, and are looked for among what wakes and what waits; the others are many, and each is looked at as the list comes to it.
    const unfired = `SELECT u.id FROM schedule u WHERE ${firing('u')} AND u.deleted_at IS NULL AND ${nextFireAt('u')} < ${since} AND u.next_fire_at < ${since}`;
    if (filter.silent) conditions.add(`s.state = 'ACTIVE' AND s.id IN (${unfired} UNION ALL ${untaken})`);
    else conditions.is(`s.state = 'ACTIVE' AND (s.next_fire_at < ${since} OR s.id IN (${untaken}))`, false);
  }
  if (filter.missedSince != null) {
    const since = `${conditions.param(filter.missedSince.toISOString())}::timestamptz`;
    conditions.add(
      `EXISTS (SELECT 1 FROM occurrence m WHERE m.schedule_id = s.id AND m.verdict = 'MISSED' AND m.through >= ${since})`,
    );
  }
}

/**
 * Where the rows of a list are found: in the narrow schedule_listing when it has an index of the order or of what is looked for, and
 * together with schedule only when a condition or the order is about that.
 */
async function listOf(prisma: Db, filter: ScheduleFilter, order: ListOrder, now: number): Promise<List> {
  const conditions = listedConditions(filter);
  const ordered = LISTED_ORDERS.has(order);
  const [id, listed] = [ordered ? 'l.schedule_id' : 's.id', conditions.size];
  if (!ordered && listed === 0) return { from: 'schedule s', id, conditions: await conditionsOfSchedules(prisma, filter, now) };
  const alone = { from: 'schedule_listing l', id, conditions: listedConditions(filter) };
  await addOthers(prisma, conditions, filter, now);
  const sufficient = conditions.size === listed;
  if (ordered && sufficient) return alone;
  // True of all that are listed, and what partial indexes of schedule hold.
  conditions.add('s.deleted_at IS NULL');
  const list = { from: 'schedule_listing l JOIN schedule s ON s.id = l.schedule_id', id, conditions };
  return sufficient ? { ...list, counted: alone } : list;
}

export async function pageSchedules(
  prisma: Db & Pick<PrismaTransaction, 'schedule' | 'scheduleVersion'>,
  filter: ScheduleFilter | null,
  request: PageRequest,
  now: number,
): Promise<SchedulePage> {
  const list = await listOf(prisma, filter ?? {}, request.order, now);
  return readPage(prisma, list, request, (ids) => findSchedulesById(prisma, ids));
}

/** Ids of what a filter selects, in order of id: the order in which their rows are to be locked. */
export async function listScheduleIds(prisma: Db, filter: ScheduleFilter, now: number): Promise<string[]> {
  const conditions = await conditionsOfSchedules(prisma, filter, now);
  const rows = await sqlOfPrisma(prisma).query<{ id: string }>(
    `/* ids of schedules */ SELECT s.id FROM schedule s WHERE ${conditions.text()} ORDER BY s.id`,
    conditions.values,
  );
  return rows.map((row) => row.id);
}

/** The schedules that somebody keeps, in order of name. */
export async function listManaged(prisma: Pick<PrismaTransaction, 'schedule'>, managedBy: string): Promise<ScheduleRecord[]> {
  const where = { managedBy, deletedAt: null };
  return (await prisma.schedule.findMany({ where, orderBy: { name: 'asc' } })) as unknown as ScheduleRecord[];
}

/** Whether a filter selects this one. */
export async function matchesFilter(prisma: Db, filter: ScheduleFilter, id: string, now: number): Promise<boolean> {
  const conditions = await conditionsOfSchedules(prisma, filter, now);
  conditions.add(`s.id = ${conditions.param(id)}`);
  const sql = `/* matchesFilter */ SELECT 1 FROM schedule s WHERE ${conditions.text()}`;
  return (await sqlOfPrisma(prisma).query(sql, conditions.values)).length > 0;
}

/** Names of the schedules that somebody keeps. */
export async function listManagedNames(prisma: Pick<PrismaTransaction, 'schedule'>, managedBy: string): Promise<string[]> {
  const rows = await prisma.schedule.findMany({
    where: { managedBy, deletedAt: null },
    select: { name: true },
    orderBy: { name: 'asc' },
  });
  return rows.map((row) => row.name);
}
