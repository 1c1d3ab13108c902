import { TRIGGER_WORDS } from '../../parts/triggerWords.ts';
import type { LabelSelector, ScheduleFilter, ScheduleOrder, ScheduleState, TriggerKind } from '../../api/schema.generated.ts';

/** What the address says of the list: which schedules, in which order. */
export interface ListFilters {
  search: string;
  states: readonly ScheduleState[];
  kinds: readonly TriggerKind[];
  tasks: readonly string[];
  /** As people write them: team=payments, team (there is one), !team (there is none). */
  labels: readonly string[];
  failing: boolean;
  silent: boolean;
  sort: Sort;
}

export const STATES = ['ACTIVE', 'PAUSED', 'COMPLETED'] as const satisfies readonly ScheduleState[];

const SORTS = {
  name: { field: 'NAME', direction: 'ASC' },
  '-name': { field: 'NAME', direction: 'DESC' },
  next: { field: 'NEXT_FIRE_AT', direction: 'ASC' },
  '-next': { field: 'NEXT_FIRE_AT', direction: 'DESC' },
  changed: { field: 'UPDATED_AT', direction: 'DESC' },
  created: { field: 'CREATED_AT', direction: 'DESC' },
} as const satisfies Record<string, ScheduleOrder>;
export type Sort = keyof typeof SORTS;

export const SORT_WORDS: Record<Sort, string> = {
  name: 'Name, A to Z',
  '-name': 'Name, Z to A',
  next: 'Next fire, soonest first',
  '-next': 'Next fire, latest first',
  changed: 'Changed last',
  created: 'Created last',
};

export const NO_FILTERS: ListFilters = {
  search: '',
  states: [],
  kinds: [],
  tasks: [],
  labels: [],
  failing: false,
  silent: false,
  sort: 'name',
};

/** What is not understood is left out: an address may be old, or typed by hand. */
export function readFilters(address: URLSearchParams): ListFilters {
  // Task keys and labels may hold commas, so each value has a parameter of its own.
  const known = <Value extends string>(name: string, values: readonly Value[]) => {
    const given = address.getAll(name).map((value) => value.toUpperCase());
    return values.filter((value) => given.includes(value));
  };
  const texts = (name: string) => [...new Set(address.getAll(name))].filter((value) => value !== '');
  const sort = address.get('sort') ?? '';
  return {
    search: (address.get('q') ?? '').slice(0, 200),
    states: known('state', STATES),
    kinds: known('kind', Object.keys(TRIGGER_WORDS) as TriggerKind[]),
    tasks: texts('task'),
    labels: texts('label').filter((label) => labelSelector(label) !== null),
    failing: address.get('failing') === 'true',
    silent: address.get('silent') === 'true',
    sort: Object.hasOwn(SORTS, sort) ? (sort as Sort) : NO_FILTERS.sort,
  };
}

/** The same as it stands in the address, without what is as it is anyway; equal filters are written alike. */
export function writeFilters(filters: ListFilters): string {
  const address = new URLSearchParams();
  if (filters.search !== '') address.set('q', filters.search);
  for (const state of STATES) if (filters.states.includes(state)) address.append('state', state.toLowerCase());
  for (const kind of Object.keys(TRIGGER_WORDS) as TriggerKind[])
    if (filters.kinds.includes(kind)) address.append('kind', kind.toLowerCase());
  for (const task of filters.tasks) address.append('task', task);
  for (const label of filters.labels) address.append('label', label);
  if (filters.failing) address.set('failing', 'true');
  if (filters.silent) address.set('silent', 'true');
  if (filters.sort !== NO_FILTERS.sort) address.set('sort', filters.sort);
  return address.toString();
}

/** Whether anything is left out of the list. */
export const isFiltered = (filters: ListFilters): boolean => writeFilters({ ...filters, sort: NO_FILTERS.sort }) !== '';

/** @returns null: no label is written like this */
export function labelSelector(text: string): LabelSelector | null {
  const parts = /^(!?)([A-Za-z0-9][A-Za-z0-9._/-]{0,62})(?:=(.{0,200}))?$/.exec(text);
  if (!parts) return null;
  const [, absent, key, value] = parts as unknown as [string, string, string, string | undefined];
  if (absent === '!') return value === undefined ? { key, exists: false } : null;
  return value === undefined ? { key, exists: true } : { key, in: [value] };
}

/** Values of one label are alternatives, as those of every other filter are; the API wants all selectors to match. */
function labelSelectors(labels: readonly string[]): LabelSelector[] {
  const selectors: LabelSelector[] = [];
  for (const selector of labels.map(labelSelector)) {
    if (selector === null) continue;
    const same = selectors.find(({ key, in: values }) => selector.in && values && key === selector.key);
    if (same) same.in = [...(same.in ?? []), ...(selector.in ?? [])];
    else selectors.push(selector);
  }
  return selectors;
}

/** null: all of them. */
export function apiFilter(filters: ListFilters): ScheduleFilter | null {
  if (!isFiltered(filters)) return null;
  return {
    ...(filters.search.trim() !== '' && { search: filters.search.trim() }),
    ...(filters.states.length > 0 && { states: [...filters.states] }),
    ...(filters.kinds.length > 0 && { kinds: [...filters.kinds] }),
    ...(filters.tasks.length > 0 && { taskKeys: [...filters.tasks] }),
    ...(filters.labels.length > 0 && { labels: labelSelectors(filters.labels) }),
    ...(filters.failing && { failing: true }),
    ...(filters.silent && { silent: true }),
  };
}

export const apiOrder = (sort: Sort): ScheduleOrder => SORTS[sort];
