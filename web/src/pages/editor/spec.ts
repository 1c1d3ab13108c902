import { isRecord, sameJson } from '../../parts/path.ts';

/** A definition in the shape of ScheduleSpecInput, as JSON: what Schedule.spec answers and createSchedule takes. */
export type Spec = Readonly<Record<string, unknown>>;

/** Fields of a definition as people read them, in the order of the form. */
export const FIELD_WORDS: Readonly<Record<string, string>> = {
  name: 'Name',
  description: 'Description',
  task: 'Task',
  input: 'Input',
  trigger: 'Trigger',
  timeZone: 'Time zone',
  dst: 'Daylight saving',
  startAt: 'Not before',
  endAt: 'Not after',
  overlapPolicy: 'Overlap policy',
  bufferLimit: 'Buffer limit',
  misfire: 'Misfire policy',
  spread: 'Spread',
  jitter: 'Jitter',
  maxRuns: 'Limit of runs',
  pauseAfterFailures: 'Pause after failures',
  execution: 'Execution policy',
  labels: 'Labels',
  paused: 'Paused',
};

/** What holds when nothing is said, so that a field that says it is no difference. */
const USUAL: Readonly<Record<string, unknown>> = {
  timeZone: 'UTC',
  overlapPolicy: 'SKIP',
  bufferLimit: 100,
  spread: 'PT0S',
  jitter: 'PT0S',
  paused: false,
};

/** Parts whose empty object says the same as nothing. An empty input is an input. */
const GROUPS = new Set(['dst', 'misfire', 'execution']);

/** Without what says nothing: empty texts, groups and lists, and what is as usual. The same definition always reads the same. */
export function cleanSpec(spec: Spec): Spec {
  const kept = Object.entries(spec).filter(([name, value]) => {
    if (value === undefined || value === null || (value === '' && name !== 'name') || sameJson(value, USUAL[name])) return false;
    if (GROUPS.has(name) && isRecord(value) && Object.keys(value).length === 0) return false;
    return !(name === 'labels' && Array.isArray(value) && value.length === 0);
  });
  return Object.fromEntries(kept);
}

/** Fields in which two definitions differ, in the order of the form. */
export function differingFields(before: Spec, after: Spec): string[] {
  const [a, b] = [cleanSpec(before), cleanSpec(after)];
  const known = Object.keys(FIELD_WORDS);
  const names = new Set([...known, ...Object.keys(a), ...Object.keys(b)]);
  return [...names].filter((name) => !sameJson(a[name], b[name]));
}

/** What updateSchedule is told: only what differs; null puts a field back to what is usual. */
export function patchOf(before: Spec, after: Spec): Record<string, unknown> {
  const next = cleanSpec(after);
  return Object.fromEntries(differingFields(before, after).map((name) => [name, next[name] ?? null]));
}

/** The copy of a definition that another schedule begins with. */
export function copyOf(spec: Spec): Spec {
  return { ...spec, name: `${String(spec['name']).slice(0, 192)} (copy)` };
}
