import { resumeAtOf } from '../domain/held.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import { kindOf } from '../trigger/compile.ts';
import { ZONE_DATA } from '../zoneData.ts';
import { heldPlace } from './schedules.ts';
import type { DefinitionStamp, ScheduleDefinition } from './schedules.ts';
import { listed } from './sql.ts';
import type { Sql } from './sql.ts';

/** One of many definitions that are written at once. */
export interface DefinitionWrite {
  id: string;
  /** From 1. */
  version: number;
  definition: ScheduleDefinition;
  stamp: DefinitionStamp;
}

/**
 * Writes schedules with their first versions, in order of name, so that two callers who write the same names do not wait for each
 * other in a circle. The first wins: names that are taken by then are left out.
 * @returns the ids of those that were written
 */
export async function insertSchedules(sql: Sql, writes: readonly DefinitionWrite[], managedBy: string | null): Promise<string[]> {
  if (writes.length === 0) return [];
  const rows = writes.map((write) => {
    const { at, by } = write.stamp;
    return { ...rowOf(write), managedBy, createdAt: at, createdBy: by };
  });
  const columns = columnsOf(rows);
  const written = await sql.query<{ id: string }>(
    `/* insertSchedules */
INSERT INTO schedule (${columns.join(', ')})
SELECT ${columns.join(', ')} FROM jsonb_populate_recordset(NULL::schedule, $1::jsonb) ORDER BY name
ON CONFLICT DO NOTHING RETURNING id`,
    [jsonOf(rows)],
  );
  const ids = new Set(written.map(({ id }) => id));
  await insertVersions(
    sql,
    writes.filter(({ id }) => ids.has(id)),
  );
  return [...ids];
}

/** Writes new versions. The caller holds the schedules' rows, and sees to it that no name changes. */
export async function updateDefinitions(sql: Sql, writes: readonly DefinitionWrite[]): Promise<void> {
  if (writes.length === 0) return;
  const rows = writes.map(rowOf);
  const set = columnsOf(rows).filter((column) => column !== 'id');
  await sql.query(
    `/* updateDefinitions */
UPDATE schedule s SET ${set.map((column) => `${column} = m.${column}`).join(', ')}
  FROM jsonb_populate_recordset(NULL::schedule, $1::jsonb) m WHERE s.id = m.id`,
    [jsonOf(rows)],
  );
  await insertVersions(sql, writes);
}

/** Soft: history stays, the names are free. */
export async function markAllDeleted(sql: Sql, ids: readonly string[], at: Date): Promise<void> {
  await sql.query(
    `/* markAllDeleted */
UPDATE schedule SET deleted_at = $2::timestamptz WHERE id = ${listed('$1')}`,
    [JSON.stringify(ids), at.toISOString()],
  );
}

/** The columns by the names they have in ScheduleRecord: all of a definition, and what comes with it. */
function rowOf({ id, version, definition, stamp }: DefinitionWrite) {
  const { state, pause, hold, place, horizon, at, by } = stamp;
  const { triggerSpec } = definition;
  return {
    id,
    version,
    ...definition,
    triggerKind: kindOf(triggerSpec),
    calendarNames: calendarNames(triggerSpec),
    state,
    pause,
    hold,
    resumeAt: resumeAtOf({ pause, hold }),
    ...heldPlace(place, hold),
    horizon,
    zoneData: ZONE_DATA,
    updatedAt: at,
    updatedBy: by,
  };
}

async function insertVersions(sql: Sql, writes: readonly DefinitionWrite[]): Promise<void> {
  const rows = writes.map(({ id, version, definition, stamp }) => ({
    scheduleId: id,
    version,
    spec: definition,
    validFrom: stamp.at,
  }));
  await sql.query(
    `/* insertVersions */
INSERT INTO schedule_version (schedule_id, version, spec, valid_from)
SELECT v.schedule_id, v.version, v.spec, v.valid_from FROM jsonb_populate_recordset(NULL::schedule_version, $1::jsonb) v`,
    [jsonOf(rows)],
  );
}

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

/** All rows have the same: names of ours, never what a caller sent. */
function columnsOf(rows: readonly object[]): string[] {
  return Object.keys(rows[0] ?? {}).map(snakeCase);
}

/** What is null is left out: it would else become the null of JSON where a column holds JSON. */
function jsonOf(rows: readonly object[]): string {
  const entries = (row: object) => Object.entries(row).filter(([, value]) => value !== null);
  return JSON.stringify(rows.map((row) => Object.fromEntries(entries(row).map(([name, value]) => [snakeCase(name), value]))));
}
