import { TRIGGER_WORDS } from '../../parts/triggerWords.ts';
import type { MisfireMode } from '../../api/schema.generated.ts';

interface Times {
  from: string;
  until: string;
  active: boolean;
}

export type FreezePhase = 'ACTIVE' | 'COMING' | 'PAST';

/** @param now  epoch milliseconds of the server's clock */
function phaseOf({ from, until, active }: Times, now: number): FreezePhase {
  // What was ended early says so; what runs out does so by the clock.
  if (!active || Date.parse(until) <= now) return 'PAST';
  return Date.parse(from) <= now ? 'ACTIVE' : 'COMING';
}

/** Active ones by their end, coming ones by their beginning, past ones the latest first. */
export function groupFreezes<F extends Times>(freezes: readonly F[], now: number): Record<FreezePhase, F[]> {
  const of = (phase: FreezePhase) => freezes.filter((freeze) => phaseOf(freeze, now) === phase);
  return {
    ACTIVE: of('ACTIVE').toSorted((a, b) => a.until.localeCompare(b.until)),
    COMING: of('COMING').toSorted((a, b) => a.from.localeCompare(b.from)),
    PAST: of('PAST').toSorted((a, b) => b.until.localeCompare(a.until)),
  };
}

/** A part of a selection: what it goes by, and what it says. */
export interface SelectionPart {
  by: string;
  values: readonly string[];
}

/** What a freeze selects, in words; an empty list: all schedules. */
export function selectionParts(select: Readonly<Record<string, unknown>>): SelectionPart[] {
  if (Array.isArray(select['names'])) return [{ by: 'Schedules', values: texts(select['names']) }];
  if (Array.isArray(select['ids'])) return [{ by: 'Schedules', values: texts(select['ids']) }];
  const filter = isRecord(select['filter']) ? select['filter'] : {};
  return Object.entries(filter).flatMap(([name, value]): SelectionPart[] => {
    if (value === null || value === undefined) return [];
    if (name === 'labels' && Array.isArray(value)) return value.filter(isRecord).map((label) => labelPart(label));
    const values = Array.isArray(value) ? texts(value) : [typeof value === 'string' ? value : JSON.stringify(value)];
    const shown = name === 'kinds' ? values.map((kind) => (TRIGGER_WORDS as Record<string, string>)[kind] ?? kind) : values;
    return [{ by: WORDS[name] ?? name, values: shown }];
  });
}

const WORDS: Record<string, string> = {
  names: 'Schedules',
  taskKeys: 'Task',
  kinds: 'Trigger',
  managedBy: 'Managed by',
  search: 'Search',
};

function labelPart(label: Record<string, unknown>): SelectionPart {
  const key = String(label['key']);
  if (Array.isArray(label['in'])) return { by: `Label ${key}`, values: texts(label['in']) };
  return { by: `Label ${key}`, values: [label['exists'] === false ? 'none' : 'any value'] };
}

const texts = (values: readonly unknown[]): string[] =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)));
const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** What becomes at the end of a freeze of what it held back. */
export const EXITS: readonly { value: MisfireMode; label: string; description: string; short: string }[] = [
  {
    value: 'SKIP',
    label: 'Nothing of it runs',
    description: 'Each schedule goes on with its next time. The ledger keeps what was held back as frozen.',
    short: 'what it held back does not run',
  },
  {
    value: 'FIRE_ONCE',
    label: 'Each schedule runs once',
    description: 'The latest time that was held back runs for all of them.',
    short: 'each schedule then runs once',
  },
  {
    value: 'FIRE_ALL',
    label: 'All of it runs',
    description:
      'The oldest first, as many of the newest as the schedule may catch up with. That can be a crowd: look at the overlap policies.',
    short: 'all that it held back then runs',
  },
];

/** 1 occurrence, 314 occurrences. */
export const occurrences = (count: number): string =>
  count === 1 ? '1 occurrence' : `${count.toLocaleString('en')} occurrences`;
