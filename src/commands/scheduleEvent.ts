import { appendEvents } from '../store/events.ts';
import type { ChangeKind } from '../store/events.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { Sql } from '../store/sql.ts';

type Facts = Pick<ScheduleRecord, 'name' | 'state'>;

/** Appends the event of a change to a schedule. A deleted one leaves its names behind, for filters. */
export async function scheduleEvent(
  sql: Sql,
  now: number,
  kind: ChangeKind,
  schedule: { id: string; taskId: string },
  before: Facts | null,
  after: Facts | null,
): Promise<void> {
  const facts = (side: Facts | null) => (side === null ? null : { name: side.name, state: side.state });
  const place = { subjectId: schedule.id, taskId: schedule.taskId, scheduleId: schedule.id };
  await appendEvents(sql, now, [{ topic: 'schedule', kind, ...place, before: facts(before), after: facts(after) }]);
}
