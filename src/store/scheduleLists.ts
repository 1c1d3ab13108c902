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
  UPDATED_AT: { field: 'updatedAt', expression: 's.updated_at', type: 'timestamptz', nullable: false },
  CREATED_AT: { field: 'createdAt', expression: 's.created_at', type: 'timestamptz', nullable: false },
} as const satisfies Record<string, ListOrder>;
/** What schedule_listing has indexes of, as they are to be asked there. */
const LISTED_ORDERS: ReadonlyMap<ListOrder, ListOrder> = new Map<ListOrder, ListOrder>([
  [SCHEDULE_ORDERS.UPDATED_AT, { ...SCHEDULE_ORDERS.UPDATED_AT, expression: 'l.updated_at' }],
  [SCHEDULE_ORDERS.CREATED_AT, { ...SCHEDULE_ORDERS.CREATED_AT, expression: 'l.created_at' }],
]);

/**
 * What rows of schedule, s, must satisfy.
 * @param now  what `silent` is measured against, epoch ms
 */
export async function conditionsOfSchedules(prisma: Db, filter: ScheduleFilter, now: number): Promise<Conditions> {
  return conditionsOn(OF_SCHEDULE, filter, await foundBy(prisma, filter), now);
}

/** Tasks that a filter speaks of. */
interface FoundTasks {
  ids: string[] | null;
  /** For each word of the search those whose keys hold it. */
  byWord: string[][];
}
async function foundBy(prisma: Db, { taskKeys, search }: ScheduleFilter): Promise<FoundTasks> {
  return { ids: await findNamed(prisma, TASK_KEYS, taskKeys), byWord: await findWords(prisma, TASK_KEYS, search) };
}

/** Columns of the two tables that say the same. */
interface Common {
  taskId: string;
  kind: string;
  texts: readonly string[];
}
const OF_SCHEDULE: Common = { taskId: 's.task_id', kind: 's.trigger_kind', texts: ['s.name', 's.description'] };
/** Its text has a line for each of the two, and no word holds a line break. */
const OF_LISTING: Common = { taskId: 'l.task_id', kind: 'l.kind', texts: ['l.text'] };

function conditionsOn(columns: Common, filter: ScheduleFilter, found: FoundTasks, now: number): Conditions {
  const conditions = new Conditions();
  conditions.add('s.deleted_at IS NULL');
  addCommon(conditions, columns, filter, found);
  addOthers(conditions, filter, now);
  return conditions;
}

function addCommon(conditions: Conditions, { taskId, kind, texts }: Common, filter: ScheduleFilter, found: FoundTasks): void {
  conditions.anyOf(taskId, found.ids);
  conditions.anyOf(taskId, filter.taskIds);
  conditions.anyOf(kind, filter.kinds);
  conditions.search(texts, filter.search, { expression: taskId, found: found.byWord });
}

/** What only rows of schedule, s, can answer for. */
function addOthers(conditions: Conditions, filter: ScheduleFilter, now: number): void {
  conditions.anyOf('s.name', filter.names);
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

/** Asks for what an index of schedule leaves few of: they are looked for there, and sorted. */
function isFoundInSchedule({ names, states, calendar, labels, nextFire, failing, silent, missedSince }: ScheduleFilter): boolean {
  const given = [names, calendar, labels, nextFire, missedSince].some((value) => value != null);
  return given || failing === true || silent === true || (states != null && !states.includes('ACTIVE'));
}

/**
 * Where the rows of a list are found, and in which order: in the narrow schedule_listing, l, when that has an index of the order or of
 * what is looked for, and together with schedule, s, only when a condition or the order is about that.
 */
async function listOf(
  prisma: Db,
  filter: ScheduleFilter,
  order: ListOrder,
  now: number,
): Promise<{ list: List; order: ListOrder }> {
  const found = await foundBy(prisma, filter);
  const alone = { from: 'schedule_listing l', id: 'l.schedule_id', conditions: new Conditions() };
  addCommon(alone.conditions, OF_LISTING, filter, found);
  const others = new Conditions();
  addOthers(others, filter, now);
  // None that is listed is deleted.
  const counted = others.size === 0 ? { counted: alone } : {};
  const listedOrder = LISTED_ORDERS.get(order);
  const lookedFor = !isFoundInSchedule(filter) && (filter.kinds != null || filter.search != null);
  const byNextFire = order === SCHEDULE_ORDERS.NEXT_FIRE_AT;
  if (isFoundInSchedule(filter) || byNextFire || (listedOrder === undefined && !lookedFor)) {
    const conditions = conditionsOn(OF_SCHEDULE, filter, found, now);
    // Of many the planner would join and sort all: they are met soon enough when schedules are read by their next fires.
    if (byNextFire && lookedFor) conditions.anyOf('s.id', await listFew(prisma, alone));
    return { list: { from: 'schedule s', id: 's.id', conditions, ...counted }, order };
  }
  if (listedOrder !== undefined && others.size === 0) return { list: alone, order: listedOrder };
  const from = 'schedule_listing l JOIN schedule s ON s.id = l.schedule_id';
  const id = listedOrder === undefined ? 's.id' : alone.id;
  const conditions = conditionsOn(OF_LISTING, filter, found, now);
  return { list: { from, id, conditions, ...counted }, order: listedOrder ?? order };
}

const FEW = 1_000;

/** Ids of what is listed; null: more than a few. */
async function listFew(prisma: Db, { from, id, conditions }: List): Promise<string[] | null> {
  const rows = await sqlOfPrisma(prisma).query<{ id: string }>(
    `/* a few ids of ${from} */ SELECT ${id} AS id FROM ${from} WHERE ${conditions.text()} LIMIT ${FEW + 1}`,
    conditions.values,
  );
  return rows.length > FEW ? null : rows.map((row) => row.id);
}

export async function pageSchedules(
  prisma: Db & Pick<PrismaTransaction, 'schedule' | 'scheduleVersion'>,
  filter: ScheduleFilter | null,
  request: PageRequest,
  now: number,
): Promise<SchedulePage> {
  const { list, order } = await listOf(prisma, filter ?? {}, request.order, now);
  return readPage(prisma, list, { ...request, order }, (ids) => findSchedulesById(prisma, ids));
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
