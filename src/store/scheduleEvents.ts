import type { EventFacts } from './events.ts';
import type { ScheduleRecord } from './schedules.ts';

/** What filters of schedules look at, of a schedule as it stands: null and empty ones are left out. */
export function scheduleFacts(schedule: ScheduleRecord, taskKey: string | undefined): EventFacts {
  const { name, description, state, triggerKind, managedBy, labels, consecutiveFailures, nextFireAt } = schedule;
  return {
    name,
    state,
    kind: triggerKind,
    taskKey,
    ...(state === 'ACTIVE' && nextFireAt !== null && { nextFireAt }),
    ...(description !== null && { description }),
    ...(managedBy !== null && { managedBy }),
    ...(Object.keys(labels).length > 0 && { labels }),
    ...(consecutiveFailures > 0 && { failing: true }),
  };
}

/** The same in SQL, but for what a change changes: state, next fire and `failing`. @param s, t  aliases of schedule and task */
export function unchangedFacts(s: string, t: string): string {
  return `jsonb_strip_nulls(jsonb_build_object('name', ${s}.name, 'description', ${s}.description, 'kind', ${s}.trigger_kind, 'taskKey', ${t}.key,
    'managedBy', ${s}.managed_by, 'labels', nullif(${s}.labels, '{}')))`;
}

/** `failing` as part of the facts: there when it is so. */
export function failingFact(failures: string): string {
  return `CASE WHEN ${failures} > 0 THEN '{"failing": true}'::jsonb ELSE '{}' END`;
}
