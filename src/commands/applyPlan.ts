import { setImmediate } from 'node:timers/promises';
import { nothingLeft, withinBounds } from '../domain/bounds.ts';
import { datesOf } from '../domain/calendar.ts';
import { conflict, invalid } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { countWithout } from '../trigger/count-without.ts';
import type { Trigger } from '../trigger/trigger.ts';
import type { ApplyWorld } from './applyWorld.ts';
import type { CommandParts } from './command.ts';
import { parseDefinition } from './definition.ts';
import type { ParsedDefinition, SchedulePatch } from './definition.ts';
import { Fields } from './fields.ts';
import { differingFields, specOf } from './scheduleSpec.ts';
import type { ScheduleSpec } from './scheduleSpec.ts';
import { definitionOf, isRetimed } from './scheduleStamp.ts';
import type { TaskRefInput } from './taskRef.ts';
import type { TriggerInput } from './triggerInput.ts';

export interface ApplySchedulesInput {
  managedBy: string;
  schedules: readonly AppliedSpec[];
  prune?: boolean | null | undefined;
  dryRun?: boolean | null | undefined;
  errorPolicy?: 'REJECT_EVERYTHING' | 'REJECT_FAILED' | null | undefined;
  idempotencyKey?: string | null | undefined;
}
type AppliedSpec = SchedulePatch & {
  name: string;
  task: TaskRefInput;
  trigger: TriggerInput;
  paused?: boolean | null | undefined;
};

/** What is to become of one schedule. */
export interface PlannedChange {
  action: 'CREATE' | 'UPDATE' | 'DELETE' | 'UNCHANGED' | 'REJECT';
  name: string;
  /** Its place in the document; null: it is not listed. */
  index: number | null;
  /** As it stands; null: there is none that this document may change. */
  record: ScheduleRecord | null;
  /** CREATE and UPDATE. */
  parsed: ParsedDefinition | null;
  paused: boolean;
  before: ScheduleSpec | null;
  after: ScheduleSpec | null;
  /** UPDATE: in which fields before and after differ. */
  fields: string[];
  /** Nominal instants of the coming 7 days. */
  firesAdded: number;
  firesRemoved: number;
  userErrors: UserError[];
}

const WEEK_MS = 7 * 86_400_000;
/** So many entries are worked out before others get their turn: each takes milliseconds at the most. */
const STRIDE = 8;
const NOTHING = {
  parsed: null,
  paused: false,
  before: null,
  after: null,
  fields: [],
  firesAdded: 0,
  firesRemoved: 0,
  userErrors: [],
};

/**
 * Compares a document with what there is: an entry for each of its schedules, in its order, and behind them those to prune.
 * @param refused  what is known to be wrong with entries by their index, beside what is found here
 */
export async function planApply(
  parts: CommandParts,
  world: ApplyWorld,
  input: ApplySchedulesInput,
  refused: ReadonlyMap<number, readonly UserError[]>,
): Promise<PlannedChange[]> {
  const places = Map.groupBy(input.schedules.keys(), (index) => (input.schedules[index] as AppliedSpec).name);
  const changes: PlannedChange[] = [];
  for (const [index, spec] of input.schedules.entries()) {
    if (index % STRIDE === STRIDE - 1) await setImmediate();
    const errors = [...twins(places.get(spec.name) ?? [], index, spec.name), ...(refused.get(index) ?? [])];
    changes.push(await planEntry(parts, world, input.managedBy, index, spec, errors));
  }
  for (const [index, record] of world.owned.filter(({ name }) => !places.has(name)).entries()) {
    if (index % STRIDE === STRIDE - 1) await setImmediate();
    const before = specOf(record, world.tasks.get(record.taskId)?.key ?? null);
    const firesRemoved = firesOf(storedTrigger(parts, world, record), null, world.now);
    changes.push({ ...NOTHING, action: 'DELETE', name: record.name, index: null, record, before, firesRemoved });
  }
  return changes;
}

async function planEntry(
  parts: CommandParts,
  world: ApplyWorld,
  managedBy: string,
  index: number,
  spec: AppliedSpec,
  known: readonly UserError[],
): Promise<PlannedChange> {
  const { now } = world;
  const path = ['input', 'schedules', String(index)];
  const found = world.named.get(spec.name) ?? null;
  const record = found?.managedBy === managedBy ? found : null;
  const fields = new Fields();
  fields.errors.push(...known);
  if (found !== null && record === null) fields.errors.push(taken([...path, 'name'], found));
  const parsed = await parseDefinition(fields, world.sources, path, {}, spec, record?.createdAt.getTime() ?? now);
  const retimed = record === null || (parsed !== null && isRetimed(definitionOf(record), parsed.definition));
  if (parsed !== null && retimed)
    for (const { field, message } of nothingLeft(parsed.trigger, parsed.definition, now)) fields.add([...path, field], message);

  const keyOf = (taskId: string) => world.tasks.get(taskId)?.key ?? null;
  const before = record && specOf(record, keyOf(record.taskId));
  const change = { ...NOTHING, name: spec.name, index, record, before };
  if (parsed === null || fields.errors.length > 0) return { ...change, action: 'REJECT', userErrors: fields.errors };
  const after = specOf(parsed.definition, keyOf(parsed.definition.taskId));
  const bounded = withinBounds(parsed.trigger, parsed.definition);
  if (record === null || before === null) {
    return { ...change, action: 'CREATE', parsed, paused: spec.paused === true, after, firesAdded: firesOf(bounded, null, now) };
  }
  const differing = differingFields(before, after);
  if (differing.length === 0) return { ...change, action: 'UNCHANGED', after };
  const old = retimed ? storedTrigger(parts, world, record) : null;
  const [firesAdded, firesRemoved] = retimed ? [firesOf(bounded, old, now), firesOf(old, bounded, now)] : [0, 0];
  return { ...change, action: 'UPDATE', parsed, after, fields: differing, firesAdded, firesRemoved };
}

/** What one trigger has in the coming 7 days and another has not. */
function firesOf(trigger: Trigger | null, other: Trigger | null, now: number): number {
  return trigger === null ? 0 : countWithout(trigger, other, now + 1, now + 1 + WEEK_MS);
}

/** null: it cannot be compiled any more, and fires nothing. */
function storedTrigger(parts: CommandParts, world: ApplyWorld, record: ScheduleRecord): Trigger | null {
  try {
    const calendars = datesOf(new Map(Object.entries(world.calendars)), record.calendarNames);
    return parts.triggerOf({ ...record, calendars });
  } catch {
    return null;
  }
}

function taken(path: string[], { name, managedBy, id }: ScheduleRecord): UserError {
  const keeper = managedBy === null ? 'nobody but people' : `"${managedBy}"`;
  return conflict('ALREADY_EXISTS', path, `There is a schedule with the name "${name}" already; it is kept by ${keeper}.`, id);
}

/** Which of several of a name would be meant nobody can say: none of them is. */
function twins(places: readonly number[], index: number, name: string): UserError[] {
  const other = places.find((place) => place !== index);
  if (other === undefined) return [];
  const message = `name "${name}" is given twice: schedules[${other}] has it, too.`;
  return [invalid(['input', 'schedules', String(index), 'name'], message, 'unique')];
}
