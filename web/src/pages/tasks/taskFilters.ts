import type { LabelSelector, TaskFilter, TaskKind, TaskOrder, TaskOrderField, TaskState } from '../../api/schema.generated.ts';

/** How the address says which tasks are shown: ?search=…&state=RUNNING&kind=HTTP&group=shop&label=team=shop&sort=-NEXT_FIRE_AT. */

const STATES: readonly TaskState[] = ['IDLE', 'RUNNING', 'UNAVAILABLE'];
const KINDS: readonly TaskKind[] = ['CODE', 'HTTP'];
const FIELDS: readonly TaskOrderField[] = ['KEY', 'NEXT_FIRE_AT', 'LAST_RUN_ENDED_AT'];
/** Words of the address that choose tasks; the others say in which order, and which page. */
export const FILTERS = ['search', 'state', 'kind', 'group', 'label'] as const;
const PAGE_SIZE = 50;

const oneOf = <T extends string>(text: string | null, allowed: readonly T[]): T[] => allowed.filter((each) => each === text);

export function filterOf(search: URLSearchParams): TaskFilter | null {
  const states = oneOf(search.get('state'), STATES);
  const kinds = oneOf(search.get('kind'), KINDS);
  const group = search.get('group');
  const words = search.get('search')?.slice(0, 200).trim() ?? '';
  const labels = labelsOf(search.get('label'));
  const filter: TaskFilter = {
    ...(words !== '' && { search: words }),
    ...(states.length > 0 && { states }),
    ...(kinds.length > 0 && { kinds }),
    ...(group !== null && { groups: [group] }),
    ...(labels.length > 0 && { labels }),
  };
  return Object.keys(filter).length === 0 ? null : filter;
}

/** One label in the address for each line: team=shop has this value, team has any. */
function labelsOf(text: string | null): LabelSelector[] {
  return labelTexts(text).map((each) => {
    const at = each.indexOf('=');
    return at === -1 ? { key: each } : { key: each.slice(0, at), in: [each.slice(at + 1)] };
  });
}

export const labelTexts = (text: string | null): string[] =>
  (text ?? '')
    .split('\n')
    .map((each) => each.trim())
    .filter((each) => each !== '' && !each.startsWith('='));

export function orderOf(search: URLSearchParams): TaskOrder {
  const text = search.get('sort') ?? '';
  const field = oneOf(text.replace(/^-/, ''), FIELDS)[0] ?? 'KEY';
  return { field, direction: text.startsWith('-') ? 'DESC' : 'ASC' };
}

/** What the address is to say after a click on the head of a column: that order, or the opposite when it is there already. */
export function sortAfter(order: TaskOrder, field: TaskOrderField): string | null {
  if (order.field !== field) return field === 'KEY' ? null : field === 'LAST_RUN_ENDED_AT' ? `-${field}` : field;
  const text = order.direction === 'ASC' ? `-${field}` : field;
  return text === 'KEY' ? null : text;
}

/** @returns from the front, behind a place or before it */
export function pageOf(search: URLSearchParams): { first: number; after?: string } | { last: number; before: string } {
  const [after, before] = [search.get('after'), search.get('before')];
  if (before !== null) return { last: PAGE_SIZE, before };
  return { first: PAGE_SIZE, ...(after !== null && { after }) };
}
