import type { LabelSelector } from './labels.ts';
import { countCharacters } from './text.ts';

const MAX_SEARCH = 200;
const MAX_SELECTORS = 20;
/** Entries of any list: each is compared with every row. */
const MAX_ENTRIES = 1_000;

interface Fault {
  /** Within the filter. */
  path: string[];
  message: string;
  constraint: string;
}

/** Of instants, half-open; what is not given is open. */
interface OpenRange {
  from?: Date | null | undefined;
  until?: Date | null | undefined;
}

/** What is wrong with a range that holds no instant at all; null: it may hold some. */
export function rangeFault(name: string, { from, until }: OpenRange): string | null {
  if (from == null || until == null || from < until) return null;
  return `${name} is ${from.toISOString()} to ${until.toISOString()}: until must be later than from.`;
}

/** What a filter of tasks, schedules or runs says that the types of the API cannot refuse. */
export function filterFaults(filter: {
  search?: string | null | undefined;
  labels?: readonly LabelSelector[] | null | undefined;
  nextFire?: OpenRange | null | undefined;
  scheduledFor?: OpenRange | null | undefined;
  finished?: OpenRange | null | undefined;
}): Fault[] {
  const faults: Fault[] = [];
  const { search, labels } = filter;
  const searched = countCharacters(search ?? '');
  if (searched > MAX_SEARCH) {
    const message = `search has ${searched} characters; allowed are ${MAX_SEARCH}.`;
    faults.push({ path: ['search'], message, constraint: `at most ${MAX_SEARCH} characters` });
  }
  if (labels != null && labels.length > MAX_SELECTORS) {
    const message = `labels has ${labels.length} entries; allowed are ${MAX_SELECTORS}.`;
    faults.push({ path: ['labels'], message, constraint: `at most ${MAX_SELECTORS}` });
  }
  for (const name of ['nextFire', 'scheduledFor', 'finished'] as const) {
    const message = rangeFault(name, filter[name] ?? {});
    if (message !== null) faults.push({ path: [name, 'until'], message, constraint: 'later than from' });
  }
  const lists = [
    ...Object.entries(filter),
    ...(labels ?? []).map((selector, index) => [`labels[${index}].in`, selector.in] as const),
  ];
  for (const [name, list] of lists) {
    if (!Array.isArray(list) || list.length <= MAX_ENTRIES) continue;
    const message = `${name} has ${list.length} entries; allowed are ${MAX_ENTRIES}.`;
    faults.push({ path: name.split(/[[\].]+/), message, constraint: `at most ${MAX_ENTRIES}` });
  }
  for (const [index, selector] of (labels ?? []).entries()) {
    if (selector.in == null || selector.exists !== false) continue;
    const message = `labels[${index}] asks for values of "${selector.key.slice(0, 63)}" and for its absence: give in or exists: false.`;
    faults.push({ path: ['labels', String(index)], message, constraint: 'in or exists: false, not both' });
  }
  return faults;
}
