import { matchesLabels } from '../domain/labels.ts';
import type { Labels, LabelSelector } from '../domain/labels.ts';
import { matchesSearch } from '../domain/search.ts';
import type { InstantRange } from '../store/conditions.ts';
import type { EventFacts } from '../store/events.ts';
import type { RunFilter } from '../store/runLists.ts';
import type { ScheduleFilter } from '../store/scheduleLists.ts';
import type { TaskFilter } from '../store/taskLists.ts';

/** Filters over the facts of events. They say the same as the statements of the lists (src/store/*Lists.ts) say of rows. */

/** What filters of runs look at. Facts that are null, and no labels, are left out. */
export function matchesRun(facts: EventFacts, filter: RunFilter | null): boolean {
  if (filter === null) return true;
  const { minLatenessMs } = filter;
  return (
    anyOf(filter.states, facts['state']) &&
    anyOf(filter.origins, facts['origin']) &&
    anyOf(filter.taskKeys, facts['taskKey']) &&
    anyOf(filter.scheduleNames, facts['scheduleName']) &&
    anyOf(filter.scheduleIds, facts['scheduleId']) &&
    anyOf(filter.workerIds, facts['workerId']) &&
    (filter.backfillId == null || facts['backfillId'] === filter.backfillId) &&
    within(filter.scheduledFor, facts['scheduledFor']) &&
    within(filter.finished, facts['finishedAt']) &&
    (minLatenessMs == null || (typeof facts['latenessMs'] === 'number' && facts['latenessMs'] >= minLatenessMs)) &&
    labelled(filter.labels, facts)
  );
}

export function matchesSchedule(facts: EventFacts, filter: ScheduleFilter | null): boolean {
  if (filter === null) return true;
  return (
    anyOf(filter.names, facts['name']) &&
    anyOf(filter.taskKeys, facts['taskKey']) &&
    anyOf(filter.states, facts['state']) &&
    anyOf(filter.kinds, facts['kind']) &&
    (filter.managedBy == null || facts['managedBy'] === filter.managedBy) &&
    within(filter.nextFire, facts['nextFireAt']) &&
    (filter.failing == null || (facts['failing'] === true) === filter.failing) &&
    found(filter.search, facts, ['name', 'description', 'taskKey']) &&
    labelled(filter.labels, facts)
  );
}

/** @param facts  those of the task's own events, with its state */
export function matchesTask(facts: EventFacts, filter: TaskFilter | null): boolean {
  if (filter === null) return true;
  return (
    anyOf(filter.keys, facts['key']) &&
    anyOf(filter.groups, facts['group']) &&
    anyOf(filter.kinds, facts['kind']) &&
    anyOf(filter.scopes, facts['scope']) &&
    anyOf(filter.states, facts['state']) &&
    found(filter.search, facts, ['name', 'key', 'description', 'group']) &&
    labelled(filter.labels, facts)
  );
}

/** An absent list matches all, an empty one nothing. */
function anyOf(allowed: readonly string[] | null | undefined, value: unknown): boolean {
  return allowed == null || (typeof value === 'string' && allowed.includes(value));
}

function within(range: InstantRange | null | undefined, instant: unknown): boolean {
  if (range == null) return true;
  const at = typeof instant === 'string' ? Date.parse(instant) : NaN;
  if (Number.isNaN(at)) return false;
  return (range.from == null || at >= range.from.getTime()) && (range.until == null || at < range.until.getTime());
}

function labelled(selectors: readonly LabelSelector[] | null | undefined, facts: EventFacts): boolean {
  return selectors == null || matchesLabels((facts['labels'] ?? {}) as Labels, selectors);
}

function found(search: string | null | undefined, facts: EventFacts, names: readonly string[]): boolean {
  if (search == null) return true;
  return matchesSearch(
    names.map((name) => facts[name] as string | undefined),
    search,
  );
}
