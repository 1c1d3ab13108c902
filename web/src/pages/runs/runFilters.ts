import type { LabelSelector, RunFilter, RunOrigin, RunState } from '../../api/schema.generated.ts';

/** How the address says which runs are shown: ?state=FAILED,TIMED_OUT&task=…&schedule=…&label=team=sales&within=24h. */

export const STATES: readonly RunState[] = [
  'SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED',
]; // prettier-ignore
export const ORIGINS: readonly RunOrigin[] = ['SCHEDULE', 'CATCH_UP', 'BACKFILL', 'MANUAL', 'RETRY'];

/** Words of the address that choose runs; the others say which page of them is shown. */
const FILTERS = ['state', 'task', 'schedule', 'origin', 'label', 'within', 'from', 'until', 'late', 'worker', 'backfill'];
/** Without a place in the list: what changes the filter begins at its newest page. */
export const FIRST_PAGE = { after: null, before: null } as const;

const WITHIN: Record<string, number> = { '1h': 3_600_000, '24h': 86_400_000, '7d': 7 * 86_400_000 };

const listOf = <T extends string>(text: string | null, allowed: readonly T[]): T[] =>
  (text ?? '').split(',').filter((each): each is T => (allowed as readonly string[]).includes(each));

const textsOf = (text: string | null): string[] => (text ?? '').split(',').filter((each) => each !== '');

/** @returns how many filters the address names */
export function filterCount(search: URLSearchParams): number {
  return new Set(FILTERS.filter((name) => search.get(name)).map((name) => (name === 'until' ? 'from' : name))).size;
}

/** Takes all filters away. */
export const noFilters = (): Record<string, null> =>
  Object.fromEntries([...FILTERS, 'after', 'before'].map((name) => [name, null]));

/**
 * @param now  epoch milliseconds, for what is said as a stretch of time until now. It is taken to the minute, so that the same
 *   address is the same question for a while
 */
export function filterOf(search: URLSearchParams, now: number): RunFilter {
  const states = listOf(search.get('state'), STATES);
  const origins = listOf(search.get('origin'), ORIGINS);
  const tasks = textsOf(search.get('task'));
  // One: names may hold anything, commas too.
  const schedule = search.get('schedule');
  const workers = textsOf(search.get('worker'));
  const labels = labelsOf(search.get('label'));
  const range = rangeOf(search, now);
  const late = durationMs(search.get('late') ?? '');
  const backfill = search.get('backfill');
  return {
    ...(states.length > 0 && { states }),
    ...(origins.length > 0 && { origins }),
    ...(tasks.length > 0 && { taskKeys: tasks }),
    ...(schedule !== null && { scheduleNames: [schedule] }),
    ...(workers.length > 0 && { workerIds: workers }),
    ...(labels.length > 0 && { labels }),
    ...(range !== null && { scheduledFor: range }),
    ...(late !== null && { minLatenessMs: late }),
    ...(backfill !== null && { backfillId: backfill }),
  };
}

function rangeOf(search: URLSearchParams, now: number): { from?: string; until?: string } | null {
  const length = WITHIN[search.get('within') ?? ''];
  if (length !== undefined) return { from: new Date(Math.floor(now / 60_000) * 60_000 - length).toISOString() };
  const from = instantOf(search.get('from'));
  const until = instantOf(search.get('until'));
  return from === null && until === null ? null : { ...(from !== null && { from }), ...(until !== null && { until }) };
}

function instantOf(text: string | null): string | null {
  const at = Date.parse(text ?? '');
  return Number.isNaN(at) ? null : new Date(at).toISOString();
}

/** team=sales,tier: this value of team, and any of tier; !tier: none of it. A comma within a value is written \, */
export function labelsOf(text: string | null): LabelSelector[] {
  const given = (text ?? '').split(/(?<!\\),/).filter((each) => each !== '');
  return given.flatMap((escaped): LabelSelector[] => {
    const each = escaped.replaceAll('\\,', ',');
    if (each.startsWith('!')) return each.length > 1 ? [{ key: each.slice(1), exists: false }] : [];
    const [key = '', ...value] = each.split('=');
    if (key === '') return [];
    return [value.length === 0 ? { key } : { key, in: [value.join('=')] }];
  });
}

/** As labelsOf reads it. */
export const labelText = (key: string, value: string): string => `${key}=${value.replaceAll(',', '\\,')}`;

const UNITS: Record<string, number> = { ms: 1, s: 1000, '': 1000, min: 60_000, m: 60_000, h: 3_600_000 };

/** 30s, 1.5 min, 200ms as milliseconds; without a unit seconds. null: it says no stretch of time */
export function durationMs(text: string): number | null {
  const match = /^\s*(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|)\s*$/.exec(text);
  return match === null ? null : Number(match[1]) * (UNITS[match[2] as string] as number);
}

/** What can be canceled of what a filter shows. null: it shows nothing that could */
export function cancelableOf(filter: RunFilter): RunFilter | null {
  const cancelable: readonly RunState[] = ['SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT'];
  const states = cancelable.filter((state) => filter.states == null || filter.states.includes(state));
  return states.length === 0 ? null : { ...filter, states };
}

interface ChangedRun {
  state?: RunState;
  previousState?: RunState | null;
  taskKey?: string;
}

/** Whether a run that is told of may come to, or leave, what the filter shows. Too often does no harm. */
export function concerns({ states, taskKeys }: RunFilter, { state, previousState, taskKey }: ChangedRun): boolean {
  if (taskKeys != null && taskKey !== undefined && !taskKeys.includes(taskKey)) return false;
  // Progress of a run: it stays where it is, and one that is shown is known by its id.
  if (state === previousState) return false;
  if (states == null || state === undefined) return true;
  return states.includes(state) || (previousState != null && states.includes(previousState));
}
