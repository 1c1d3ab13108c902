import { codeOwner } from '../domain/managed.ts';
import type { UserError } from '../domain/userError.ts';
import { findSchedule } from '../store/schedules.ts';
import { listManagedNames } from '../store/scheduleLists.ts';
import type { TriggerSpec } from '../trigger/trigger.ts';
import type { Caller, CommandParts } from './command.ts';
import { createSchedule } from './createSchedule.ts';
import type { SchedulePatch } from './definition.ts';
import { deleteSchedule } from './deleteSchedule.ts';
import { updateSchedule } from './updateSchedule.ts';

/** A schedule as the code of its task declares it: all that is not said is as of a schedule about which nothing is said. */
export interface ScheduleDeclaration extends Omit<SchedulePatch, 'name' | 'task' | 'trigger' | 'triggerSpec'> {
  name: string;
  triggerSpec: TriggerSpec;
}
/** A schedule that could not be kept as it is declared. */
interface FailedDeclaration {
  name: string;
  userErrors: UserError[];
}

/** What a declaration does not say is cleared, so that taking a line out of the code takes it out of the schedule. */
const SILENT = {
  description: null,
  timeZone: null,
  dst: null,
  startAt: null,
  endAt: null,
  spread: null,
  jitter: null,
  maxRuns: null,
  overlapPolicy: null,
  misfire: null,
  execution: null,
  input: null,
  labels: null,
} as const satisfies SchedulePatch;

/**
 * Makes the schedules of a code task what its code declares: creates, edits and deletes those that are its own, and leaves alone
 * what people did to them besides (a pause). Each is a change of its own: one that fails is named, the others are kept.
 */
export async function declareSchedules(
  parts: CommandParts,
  caller: Caller,
  taskKey: string,
  declared: readonly ScheduleDeclaration[],
): Promise<FailedDeclaration[]> {
  const failed: FailedDeclaration[] = [];
  for (const { name, ...rest } of declared) {
    const spec = { ...SILENT, ...rest, name, task: { key: taskKey } };
    const userErrors = await keep(parts, caller, codeOwner(taskKey), spec);
    if (userErrors.length > 0) failed.push({ name, userErrors });
  }
  const names = new Set(declared.map((schedule) => schedule.name));
  for (const name of await listManagedNames(parts.store.prisma, codeOwner(taskKey))) {
    if (names.has(name)) continue;
    const result = await deleteSchedule(parts, caller, { ref: { name }, reason: 'its task does not declare it any more' });
    if (!result.ok) failed.push({ name, userErrors: result.userErrors });
  }
  return failed;
}

async function keep(
  parts: CommandParts,
  caller: Caller,
  owner: string,
  spec: SchedulePatch & { name: string },
): Promise<UserError[]> {
  const create = async () => {
    const result = await createSchedule(parts, caller, { spec }, owner);
    return result.ok ? [] : result.userErrors;
  };
  const isOwn = async () => (await findSchedule(parts.store.prisma, { name: spec.name }))?.managedBy === owner;
  if (!(await isOwn())) {
    const userErrors = await create();
    // Another instance that starts at the same moment has made it.
    if (userErrors.every((error) => error.code !== 'ALREADY_EXISTS') || !(await isOwn())) return userErrors;
  }
  const { name, ...patch } = spec;
  const result = await updateSchedule(parts, caller, { ref: { name }, patch });
  return result.ok ? [] : result.userErrors;
}
