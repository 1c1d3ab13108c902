import type { MisfirePolicy } from '../domain/due.ts';
import type { ExecutionSettings } from '../domain/execution.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import type { Labels } from '../domain/labels.ts';
import type { RunLimit } from '../domain/runLimit.ts';
import type { Offsets, Place } from '../domain/timing.ts';
import type { DstSettings } from '../domain/schedule.ts';
import type { Freeze } from '../domain/freezes.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import { kindOf } from '../trigger/compile.ts';
import type { TriggerKind, TriggerSpec } from '../trigger/trigger.ts';
import { ZONE_DATA } from '../zoneData.ts';
import type { Actor } from './actor.ts';
import { Prisma } from './generated/client.ts';
import { resumeAtOf } from '../domain/held.ts';
import type { HoldRecord, PauseRecord } from './pauses.ts';
import type { Schedule as ScheduleRow } from './generated/client.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

/** What a version of a schedule says; counters, pauses and next instants are not part of it. */
export interface ScheduleDefinition extends Offsets, Pick<RunLimit, 'maxRuns'> {
  name: string;
  description: string | null;
  taskId: string;
  triggerSpec: TriggerSpec;
  timeZone: string;
  dst: DstSettings;
  startAt: Date | null;
  endAt: Date | null;
  overlapPolicy: OverlapPolicy;
  /** BUFFER_ALL: most occurrences that wait at once; 1 to MAX_BUFFER_LIMIT. */
  bufferLimit: number;
  misfire: MisfirePolicy;
  execution: ExecutionSettings | null;
  input: Record<string, unknown> | null;
  labels: Labels;
  /** So many runs in a row may fail before it is paused; null: any number. */
  pauseAfterFailures: number | null;
}
export interface ScheduleRecord
  extends
    ScheduleDefinition,
    Pick<
      ScheduleRow,
      | 'id'
      | 'version'
      | 'managedBy'
      | 'consecutiveFailures'
      | 'countedRuns'
      | 'nextScheduledFor'
      | 'nextFireAt'
      | 'skipCount'
      | 'lastFireAt'
      | 'createdAt'
      | 'updatedAt'
      | 'deletedAt'
      | 'calendarNames'
      | 'calendarStamp'
    > {
  state: 'ACTIVE' | 'PAUSED' | 'COMPLETED';
  triggerKind: TriggerKind;
  pause: PauseRecord | null;
  hold: HoldRecord | null;
  /** Those that have a say, by copy. */
  freezes: Freeze[];
  createdBy: Actor;
  updatedBy: Actor;
}
export type ScheduleRef = { id: string } | { name: string };
type Db = Pick<PrismaTransaction, 'schedule' | 'scheduleVersion'>;

const json = (value: unknown) => (value === null ? Prisma.DbNull : (value as Prisma.InputJsonValue));

function definitionData(definition: ScheduleDefinition) {
  const { triggerSpec, dst, misfire, execution, input, labels, ...plain } = definition;
  return {
    ...plain,
    triggerSpec: triggerSpec as Prisma.InputJsonValue,
    triggerKind: kindOf(triggerSpec),
    calendarNames: calendarNames(triggerSpec),
    dst: dst as unknown as Prisma.InputJsonValue,
    misfire: misfire as unknown as Prisma.InputJsonValue,
    execution: json(execution),
    input: json(input),
    labels: labels as Prisma.InputJsonValue,
  };
}

/** What comes with a definition when it is written: where the trigger stands, and who wrote it when. */
export interface DefinitionStamp {
  state: ScheduleRecord['state'];
  pause: PauseRecord | null;
  /** What holds it back besides; it has no next fire then. */
  hold: HoldRecord | null;
  place: Place;
  /** Instants to remember; null where no zone plays a part. */
  horizon: readonly number[] | null;
  at: Date;
  by: Actor;
}

export async function insertSchedule(
  prisma: Db,
  { id, managedBy }: Pick<ScheduleRecord, 'id' | 'managedBy'>,
  definition: ScheduleDefinition,
  stamp: DefinitionStamp,
): Promise<ScheduleRecord> {
  const { at } = stamp;
  const by = stamp.by as unknown as Prisma.InputJsonValue;
  const data = { createdAt: at, createdBy: by, updatedAt: at, updatedBy: by, ...placeData(stamp) };
  const zone = { horizon: json(stamp.horizon), zoneData: ZONE_DATA };
  const row = await prisma.schedule.create({
    data: { id, managedBy, ...definitionData(definition), ...data, ...zone },
  });
  await insertVersion(prisma, id, 1, definition, at);
  return row as unknown as ScheduleRecord;
}

/** Writes a new version. The caller holds the schedule's row. */
export async function updateDefinition(
  prisma: Db,
  schedule: { id: string; version: number },
  definition: ScheduleDefinition,
  stamp: DefinitionStamp,
): Promise<ScheduleRecord> {
  const version = schedule.version + 1;
  const row = await prisma.schedule.update({
    where: { id: schedule.id },
    data: {
      ...definitionData(definition),
      version,
      ...placeData(stamp),
      horizon: json(stamp.horizon),
      zoneData: ZONE_DATA,
      updatedAt: stamp.at,
      updatedBy: stamp.by as unknown as Prisma.InputJsonValue,
    },
  });
  await insertVersion(prisma, schedule.id, version, definition, stamp.at);
  return row as unknown as ScheduleRecord;
}

/** Where a schedule stands: what holds it back, and when it is to fire next. */
function placeData({ state, pause, hold, place }: Pick<DefinitionStamp, 'state' | 'pause' | 'hold' | 'place'>) {
  return { state, pause: json(pause), hold: json(hold), resumeAt: resumeAtOf({ pause, hold }), ...heldPlace(place, hold) };
}

/** What is held back keeps its place and is not due. */
export function heldPlace({ nextScheduledFor, nextFireAt }: Place, hold: HoldRecord | null): Place {
  return { nextScheduledFor, nextFireAt: hold === null ? nextFireAt : null };
}

async function insertVersion(
  prisma: Db,
  scheduleId: string,
  version: number,
  definition: ScheduleDefinition,
  validFrom: Date,
): Promise<void> {
  const spec = definition as unknown as Prisma.InputJsonValue;
  await prisma.scheduleVersion.create({ data: { scheduleId, version, spec, validFrom } });
}

/** Sets a schedule to instants that were computed anew. The caller holds the schedule's row. */
export async function moveSchedule(
  prisma: Db,
  { id, hold }: Pick<ScheduleRecord, 'id' | 'hold'>,
  change: { state: ScheduleRecord['state']; place: Place; horizon: readonly number[] | null; zoneData: string },
): Promise<ScheduleRecord> {
  const { state, place, horizon, zoneData } = change;
  const data = { state, ...heldPlace(place, hold), horizon: json(horizon), zoneData };
  return (await prisma.schedule.update({ where: { id }, data })) as unknown as ScheduleRecord;
}

/** Sets schedules to instants that were computed anew, all by the zone data of today. The caller holds their rows. */
export async function moveSchedules(
  prisma: Pick<PrismaTransaction, 'schedule' | '$queryRawUnsafe'>,
  moves: readonly (Place & { id: string; state: ScheduleRecord['state']; horizon: readonly number[] | null })[],
): Promise<ScheduleRecord[]> {
  if (moves.length === 0) return [];
  await sqlOfPrisma(prisma).query(
    `/* moveSchedules */
UPDATE schedule s SET state = m.state, next_scheduled_for = m."nextScheduledFor", next_fire_at = CASE WHEN s.hold IS NULL THEN m."nextFireAt" END,
       horizon = nullif(m.horizon, 'null'), zone_data = $2
  FROM jsonb_to_recordset($1::jsonb) AS m(id text, state text, "nextScheduledFor" timestamptz, "nextFireAt" timestamptz, horizon jsonb) WHERE s.id = m.id`,
    [JSON.stringify(moves), ZONE_DATA],
  );
  const byId = new Map(
    (
      await findSchedulesById(
        prisma,
        moves.map(({ id }) => id),
      )
    ).map((record) => [record.id, record]),
  );
  return moves.map(({ id }) => byId.get(id) as ScheduleRecord);
}

/** Notes that a calendar of theirs has changed. The caller holds the schedules' rows. */
export async function bumpCalendarStamps(prisma: Pick<PrismaTransaction, 'schedule'>, ids: readonly string[]): Promise<void> {
  await prisma.schedule.updateMany({ where: { id: { in: [...ids] } }, data: { calendarStamp: { increment: 1 } } });
}

/** A schedule that is not deleted. */
export async function findSchedule(prisma: Db, ref: ScheduleRef): Promise<ScheduleRecord | null> {
  return (await prisma.schedule.findFirst({ where: { ...ref, deletedAt: null } })) as unknown as ScheduleRecord | null;
}

/** Those that are not deleted. */
export async function findSchedules(
  prisma: Pick<Db, 'schedule'>,
  by: 'ids' | 'names',
  values: readonly string[],
): Promise<{ id: string; name: string }[]> {
  const listed = { in: [...values] };
  const where = { ...(by === 'ids' ? { id: listed } : { name: listed }), deletedAt: null };
  return prisma.schedule.findMany({ where, select: { id: true, name: true } });
}

/** Those that are not deleted, whole. */
export async function findSchedulesByName(prisma: Pick<Db, 'schedule'>, names: readonly string[]): Promise<ScheduleRecord[]> {
  if (names.length === 0) return [];
  const where = { name: { in: [...names] }, deletedAt: null };
  return (await prisma.schedule.findMany({ where })) as unknown as ScheduleRecord[];
}

/** Also deleted ones: runs outlive their schedule. */
export async function findSchedulesById(prisma: Pick<Db, 'schedule'>, ids: readonly string[]): Promise<ScheduleRecord[]> {
  return (await prisma.schedule.findMany({ where: { id: { in: [...ids] } } })) as unknown as ScheduleRecord[];
}

/** Earliest next fire of the active schedules of each task. */
export async function nextFireByTask(prisma: Db, taskIds: readonly string[]): Promise<Map<string, Date>> {
  const rows = await prisma.schedule.groupBy({
    by: ['taskId'],
    where: { taskId: { in: [...taskIds] }, state: 'ACTIVE', deletedAt: null, nextFireAt: { not: null } },
    _min: { nextFireAt: true },
  });
  return new Map(rows.map((row) => [row.taskId, row._min.nextFireAt as Date]));
}
