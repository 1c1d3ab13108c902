import { boundsFault } from '../domain/bounds.ts';
import { DEFAULT_MISFIRE } from '../domain/due.ts';
import { DEFAULT_BUFFER_LIMIT, MAX_BUFFER_LIMIT } from '../domain/overlap.ts';
import type { OverlapPolicy } from '../domain/overlap.ts';
import { daysByCalendar } from '../domain/calendar.ts';
import { anchorOf } from '../domain/schedule.ts';
import type { DstSettings } from '../domain/schedule.ts';
import type { ScheduleDefinition } from '../store/schedules.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import { compileTrigger } from '../trigger/compile.ts';
import type { Trigger, TriggerSpec } from '../trigger/trigger.ts';
import { resolveZone } from '../trigger/zone.ts';
import { refuseConcurrency } from './concurrency.ts';
import type { DefinitionSources } from './definitionSources.ts';
import { parseExecution, parseMisfire } from './fields.ts';
import type { ExecutionInput, Fields, MisfireInput } from './fields.ts';
import { parseFiring } from './firingFields.ts';
import { parseLabels } from './labels.ts';
import type { LabelInput } from './labels.ts';
import { checkTaskInput } from './taskInput.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';
import { readTriggerSpec } from './triggerInput.ts';
import type { TriggerInput } from './triggerInput.ts';

/** Absent: keep. null: clear, which is an error where there is nothing to fall back to. */
export interface SchedulePatch {
  name?: string | null | undefined;
  task?: TaskRefInput | null | undefined;
  trigger?: TriggerInput | null | undefined;
  /** In place of trigger: as the calculus takes it. Code declares it so; the API has no such field. */
  triggerSpec?: TriggerSpec | undefined;
  description?: string | null | undefined;
  timeZone?: string | null | undefined;
  dst?: { gap?: DstSettings['gap'] | undefined; overlap?: DstSettings['overlap'] | undefined } | null | undefined;
  startAt?: Date | null | undefined;
  endAt?: Date | null | undefined;
  spread?: string | null | undefined;
  jitter?: string | null | undefined;
  maxRuns?: number | null | undefined;
  overlapPolicy?: OverlapPolicy | null | undefined;
  bufferLimit?: number | null | undefined;
  misfire?: MisfireInput | null | undefined;
  execution?: ExecutionInput | null | undefined;
  input?: Record<string, unknown> | null | undefined;
  labels?: readonly LabelInput[] | null | undefined;
  pauseAfterFailures?: number | null | undefined;
}

/** What a schedule is before anything is said about it; name, task and trigger have no default. */
export const BLANK: Omit<ScheduleDefinition, 'name' | 'taskId' | 'triggerSpec'> = {
  description: null,
  timeZone: 'UTC',
  dst: { gap: null, overlap: null },
  startAt: null,
  endAt: null,
  spreadMs: 0,
  jitterMs: 0,
  maxRuns: null,
  overlapPolicy: 'SKIP',
  bufferLimit: DEFAULT_BUFFER_LIMIT,
  misfire: DEFAULT_MISFIRE,
  execution: null,
  input: null,
  labels: {},
  pauseAfterFailures: null,
};

export interface ParsedDefinition {
  definition: ScheduleDefinition;
  /** As it was given, without the bounds. */
  trigger: Trigger;
}

/**
 * Lays a patch over a definition and checks the whole.
 * @param path       where the patch stands in the input
 * @param createdAt  of the schedule, epoch ms: the default anchor of intervals
 * @returns null when something is wrong; `fields.errors` then names all of it
 */
export async function parseDefinition(
  fields: Fields,
  sources: DefinitionSources,
  path: string[],
  base: Partial<ScheduleDefinition>,
  patch: SchedulePatch,
  createdAt: number,
): Promise<ParsedDefinition | null> {
  const at = (name: string) => [...path, name];
  for (const name of ['name', 'task', 'trigger'] as const) {
    if (patch[name] === null) fields.add(at(name), `${name} cannot be cleared: a schedule must have one.`);
  }
  const next: Partial<ScheduleDefinition> = { ...BLANK, ...base };
  if (patch.name != null) next.name = fields.line(at('name'), patch.name, { min: 1, max: 200 });
  if (patch.description !== undefined) next.description = patch.description;
  if (patch.description != null) fields.text(at('description'), patch.description, { min: 0, max: 2_000 });
  const task = await taskOf(fields, sources, at('task'), patch, next.taskId);
  if (task !== null) next.taskId = task.id;
  if (patch.timeZone !== undefined) next.timeZone = zoneOf(fields, at('timeZone'), patch.timeZone ?? BLANK.timeZone);
  if (patch.dst !== undefined) next.dst = { gap: patch.dst?.gap ?? null, overlap: patch.dst?.overlap ?? null };
  if (patch.startAt !== undefined) next.startAt = patch.startAt;
  if (patch.endAt !== undefined) next.endAt = patch.endAt;
  Object.assign(next, parseFiring(fields, path, next, patch));
  if (patch.overlapPolicy !== undefined) next.overlapPolicy = patch.overlapPolicy ?? BLANK.overlapPolicy;
  if (patch.bufferLimit !== undefined)
    next.bufferLimit = fields.wholeNumber(at('bufferLimit'), patch.bufferLimit ?? BLANK.bufferLimit, {
      min: 1,
      max: MAX_BUFFER_LIMIT,
    });
  if (patch.misfire !== undefined) next.misfire = parseMisfire(fields, at('misfire'), patch.misfire ?? {}, DEFAULT_MISFIRE);
  if (patch.execution !== undefined)
    next.execution = patch.execution === null ? null : parseExecution(fields, at('execution'), patch.execution);
  refuseConcurrency(fields, at('execution'), patch.execution);
  if (patch.input !== undefined) next.input = patch.input === null ? null : fields.object(at('input'), patch.input);
  if (task !== null) checkTaskInput(fields, at('input'), task, next.input ?? null);
  if (patch.labels !== undefined) next.labels = parseLabels(fields, at('labels'), patch.labels ?? []);

  if (patch.pauseAfterFailures !== undefined)
    next.pauseAfterFailures =
      patch.pauseAfterFailures === null
        ? null
        : fields.wholeNumber(at('pauseAfterFailures'), patch.pauseAfterFailures, { min: 1, max: 1_000 });

  for (const name of ['startAt', 'endAt'] as const) {
    if (Number.isNaN(next[name]?.getTime())) fields.add(at(name), `${name} is not an instant.`, 'an ISO 8601 instant');
  }
  const { startAt = null, endAt = null } = next;
  const fault = boundsFault({ startAt, endAt });
  if (fault !== null) fields.add(at(patch.endAt == null ? 'startAt' : 'endAt'), fault, 'endAt not before startAt');

  const spec = patch.trigger != null ? readTriggerSpec(patch.trigger) : (patch.triggerSpec ?? next.triggerSpec);
  if (spec === undefined) {
    // The API does not let it be missing; code may.
    if (patch.trigger !== null) fields.add(at('trigger'), 'trigger is missing: a schedule must have one.');
    return null;
  }
  const { timeZone, dst } = next as ScheduleDefinition;
  const calendars = daysByCalendar(await sources.calendars(calendarNames(spec)));
  const compiled = compileTrigger(spec, { timeZone, dst, anchorAt: anchorOf(createdAt), calendars });
  if (!compiled.ok) {
    for (const error of compiled.errors) fields.add([...at('trigger'), ...error.path], error.message, error.constraint);
    return null;
  }
  next.triggerSpec = compiled.trigger.spec;
  return fields.errors.length > 0 ? null : { definition: next as ScheduleDefinition, trigger: compiled.trigger };
}

/** The task, when the patch names one or gives what depends on it; null when it does neither, or there is none. */
async function taskOf(
  fields: Fields,
  sources: DefinitionSources,
  path: string[],
  patch: SchedulePatch,
  current: string | undefined,
): Promise<TaskRecord | null> {
  if (patch.task == null) return patch.input === undefined || current === undefined ? null : sources.task({ id: current });
  const task = await sources.task(toTaskRef(patch.task));
  if (task === null) fields.errors.push(noSuchTask(path, patch.task));
  return task;
}

function zoneOf(fields: Fields, path: string[], name: string): string {
  const zone = resolveZone(name);
  if (zone.ok) return zone.timeZone;
  fields.add(path, zone.message, 'an IANA time zone name such as Europe/Berlin');
  return 'UTC';
}
