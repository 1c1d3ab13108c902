import { isUnderWay } from './runBook.ts';
import type { TimelineRun } from './runBook.ts';

/** Which row and lane each bar of a timeline has. Instants are epoch milliseconds. */

export interface PlannedBar {
  scheduleId: string;
  scheduledFor: number;
  dueAt: number;
  /** null: nobody knows yet. */
  expectedMs: number | null;
}

/** What a row can be named and grouped by. */
export interface ScheduleName {
  name: string;
  taskKey: string;
  labels: ReadonlyMap<string, string>;
}
export interface Names {
  schedules: ReadonlyMap<string, ScheduleName>;
  /** Labels of the tasks, by their keys. */
  tasks: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** label:team groups by the values of that label. */
export type Grouping = 'schedule' | 'task' | `label:${string}`;

/** Of those that overlap each has a lane of its own: they share the height of the row. */
interface Laned {
  lane: number;
  lanes: number;
}
export interface Bar extends Laned {
  run: TimelineRun;
  /** When it was due, where it has waited since; else the same as `from`. */
  waitFrom: number;
  from: number;
  /** null: it goes on, to the present. */
  until: number | null;
}
export interface PlannedOutline extends Laned {
  plan: PlannedBar;
}
export interface Row {
  key: string;
  title: string;
  /** What it leads to: its schedule or its task; null: to nothing. */
  scheduleId: string | null;
  taskKey: string | null;
  bars: Bar[];
  planned: PlannedOutline[];
}

/** A row is no higher than this: what would need more lanes lies over the last one. */
const MOST_LANES = 4;
const NO_LABELS: ReadonlyMap<string, string> = new Map();

/** The row that something belongs to. By hand, without a schedule: the row of its task. */
function rowOf(scheduleId: string | null, taskKey: string, grouping: Grouping, names: Names): Omit<Row, 'bars' | 'planned'> {
  const schedule = scheduleId === null ? undefined : names.schedules.get(scheduleId);
  if (grouping === 'task') return { key: `task ${taskKey}`, title: taskKey, scheduleId: null, taskKey };
  if (grouping === 'schedule') {
    if (scheduleId === null) return { key: `task ${taskKey}`, title: taskKey, scheduleId: null, taskKey };
    return { key: `schedule ${scheduleId}`, title: schedule?.name ?? taskKey, scheduleId, taskKey };
  }
  const label = grouping.slice('label:'.length);
  const value = (schedule?.labels ?? NO_LABELS).get(label) ?? names.tasks.get(taskKey)?.get(label);
  return { key: `label ${value ?? ''}`, title: value ?? `no ${label}`, scheduleId: null, taskKey: null };
}

/** Where a bar begins and ends; of a run that waits, the wait itself. */
function barOf(run: TimelineRun): Omit<Bar, keyof Laned> {
  const { startedAt, finishedAt, dueAt, state } = run;
  if (startedAt !== null)
    return { run, waitFrom: Math.min(dueAt, startedAt), from: startedAt, until: isUnderWay(state) ? null : (finishedAt ?? null) };
  // One that is to come later is no wait yet.
  return { run, waitFrom: dueAt, from: dueAt, until: finishedAt === null ? null : Math.max(finishedAt, dueAt) };
}

/**
 * Rows in order of their titles, each with its bars in order of their beginnings. Bars that overlap lie in lanes of their own.
 * @param now  where bars that have not ended end
 * @param shown  only rows that have something in [from, until) are there
 */
export function layoutRows(
  runs: Iterable<TimelineRun>,
  planned: readonly PlannedBar[],
  grouping: Grouping,
  names: Names,
  now: number,
  shown: { from: number; until: number },
): Row[] {
  const rows = new Map<string, Row & { seen: boolean }>();
  const rowFor = (scheduleId: string | null, taskKey: string) => {
    const head = rowOf(scheduleId, taskKey, grouping, names);
    let row = rows.get(head.key);
    if (row === undefined) rows.set(head.key, (row = { ...head, bars: [], planned: [], seen: false }));
    return row;
  };
  for (const run of runs) {
    const row = rowFor(run.scheduleId, run.taskKey);
    const bar = barOf(run);
    row.bars.push({ ...bar, lane: 0, lanes: 1 });
    row.seen ||= bar.waitFrom < shown.until && (bar.until ?? Math.max(now, bar.from)) >= shown.from;
  }
  for (const plan of planned) {
    const taskKey = names.schedules.get(plan.scheduleId)?.taskKey;
    // Its name is on the way.
    if (taskKey === undefined) continue;
    const row = rowFor(plan.scheduleId, taskKey);
    row.planned.push({ plan, lane: 0, lanes: 1 });
    row.seen ||= plan.dueAt < shown.until && plan.dueAt + (plan.expectedMs ?? 0) >= shown.from;
  }
  const found = [...rows.values()].filter((row) => row.seen);
  for (const row of found) assignLanes(row, now);
  return found.toSorted((a, b) => compare(a.title, b.title) || compare(a.key, b.key));
}

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

function assignLanes(row: Row, now: number): void {
  row.bars.sort((a, b) => a.from - b.from || compare(a.run.id, b.run.id));
  row.planned.sort((a, b) => a.plan.dueAt - b.plan.dueAt);
  lay(row.bars, ({ from, until }) => [from, until ?? Math.max(now, from)]);
  lay(row.planned, ({ plan: { dueAt, expectedMs } }) => [dueAt, dueAt + (expectedMs ?? 0)]);
}

/** @param items  in order of their beginnings */
function lay<T extends Laned>(items: readonly T[], spanOf: (item: T) => readonly [from: number, until: number]): void {
  // Where each lane of those that overlap is free again; what overlaps nothing before it begins anew.
  let ends: number[] = [];
  let together: T[] = [];
  const close = () => {
    for (const item of together) item.lanes = ends.length;
    [ends, together] = [[], []];
  };
  for (const item of items) {
    const [from, until] = spanOf(item);
    if (ends.every((end) => end <= from)) close();
    const free = ends.findIndex((end) => end <= from);
    item.lane = free >= 0 ? free : Math.min(ends.length, MOST_LANES - 1);
    ends[item.lane] = Math.max(ends[item.lane] ?? -Infinity, until);
    together.push(item);
  }
  close();
}

/** Where there is room for so many rows only: first those with failures, then what runs, then what has anything at all. */
export function mostTelling(rows: readonly Row[], most: number): readonly Row[] {
  if (rows.length <= most) return rows;
  const weight = ({ bars }: Row): number => {
    if (bars.some(({ run }) => run.state === 'FAILED' || run.state === 'TIMED_OUT')) return 3;
    return bars.some(({ run }) => isUnderWay(run.state)) ? 2 : Math.min(1, bars.length);
  };
  const chosen = new Set(rows.toSorted((a, b) => weight(b) - weight(a)).slice(0, most));
  return rows.filter((row) => chosen.has(row));
}
