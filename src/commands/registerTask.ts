import { listLabels } from '../domain/labels.ts';
import type { Labels } from '../domain/labels.ts';
import { conflict, Rejection } from '../domain/userError.ts';
import type { InputSchema } from '../domain/inputSchema.ts';
import { taskQueue } from '../queue/queue.ts';
import { changesBetween } from '../store/audit.ts';
import { newId } from '../store/ids.ts';
import { insertTask, lockTask, updateTask } from '../store/tasks.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { rejectDuplicate, runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';
import { lockSchedulesWaiting, parseTaskExecution, releaseSlots } from './concurrency.ts';
import { Fields } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { parseLabels } from './labels.ts';
import { parseRetention } from './runRetention.ts';
import type { RetentionInput } from './runRetention.ts';
import { taskEvent } from './taskEvent.ts';

/** A code task as its module declares it. */
export interface TaskDeclaration {
  key: string;
  group: string;
  name: string;
  description: string | null;
  scope: 'GLOBAL' | 'LOCAL';
  inputSchema: InputSchema | null;
  execution: ExecutionInput;
  retention?: RetentionInput | null | undefined;
  labels: Labels;
  /** A duration; null: none. */
  initialDelay?: string | null;
}
type Definition = Pick<
  TaskRecord,
  'group' | 'name' | 'description' | 'scope' | 'inputSchema' | 'execution' | 'retention' | 'labels' | 'initialDelayMs'
>;

const DAY_MS = 24 * 3_600_000;

/**
 * Makes a code task known, or brings what is known of it up to date with its code. The instance that starts last decides: all that
 * have the code are expected to have the same.
 */
export async function registerTask(
  parts: CommandParts,
  caller: Caller,
  declaration: TaskDeclaration,
): Promise<CommandResult<TaskRecord>> {
  const register = () =>
    runCommand(parts, caller, 'task.create', async (scope) => {
      const definition = parseDeclaration(declaration);
      const waiting = await lockSchedulesWaiting(scope, { key: declaration.key });
      const known = await lockTask(scope, { key: declaration.key });
      if (known?.kind === 'HTTP') throw new Rejection([taken(declaration.key, known.id)]);
      return known === null
        ? insert(parts, scope, declaration.key, definition)
        : update(parts, scope, known, definition, waiting);
    });
  const first = await register();
  // Another instance that starts at the same moment has made it: then it is only to be brought up to date.
  return first.ok || first.userErrors.every((error) => error.code !== 'ALREADY_EXISTS') ? first : register();
}

async function insert(
  parts: CommandParts,
  { prisma, sql, signal, audit }: CommandScope,
  key: string,
  definition: Definition,
): Promise<TaskRecord> {
  const now = parts.clock.now();
  const at = new Date(now);
  const id = newId('task');
  // Before the commit: nobody can write a run of the task whose delivery would have no queue.
  await parts.queue.prepare([taskQueue(id)]);
  const task = { id, key, kind: 'CODE', http: null, ...definition, registeredAt: at, updatedAt: at } as const;
  const record = await rejectDuplicate(() => insertTask(prisma, task), taken(key, null));
  await audit(
    { action: 'task.register', targetId: id, reason: null, changes: changesBetween(null, { key, ...definition }) },
    now,
  );
  await taskEvent(sql, now, 'CREATED', null, record);
  signal('events');
  return record;
}

async function update(
  parts: CommandParts,
  { prisma, sql, signal, audit }: CommandScope,
  known: TaskRecord,
  definition: Definition,
  waiting: readonly string[],
): Promise<TaskRecord> {
  const now = parts.clock.now();
  await parts.queue.prepare([taskQueue(known.id)]);
  const { group, name, description, scope, inputSchema, execution, retention, labels, initialDelayMs } = known;
  const before = { group, name, description, scope, inputSchema, execution, retention, labels, initialDelayMs };
  const changes = changesBetween<Definition>(before, definition);
  if (Object.keys(changes ?? {}).length === 0) return known;
  const record = await updateTask(prisma, known.id, { ...definition, http: null, updatedAt: new Date(now) });
  await audit({ action: 'task.register', targetId: known.id, reason: null, changes }, now);
  await taskEvent(sql, now, 'UPDATED', known, record);
  if (definition.execution.concurrency !== known.execution.concurrency)
    await releaseSlots(parts.queue, { sql, signal }, now, waiting, known.id);
  signal('events');
  return record;
}

/** @throws Rejection naming every bad field */
function parseDeclaration(declaration: TaskDeclaration): Definition {
  const { group, name, description, scope, inputSchema, execution, labels, initialDelay = null } = declaration;
  const fields = new Fields();
  fields.line(['group'], group, { min: 1, max: 200 });
  fields.line(['name'], name, { min: 1, max: 200 });
  if (description !== null) fields.text(['description'], description, { min: 0, max: 2_000 });
  const settings = parseTaskExecution(fields, [], execution, scope);
  const retention = parseRetention(fields, ['retention'], declaration.retention);
  const initialDelayMs =
    initialDelay === null ? null : fields.duration(['initialDelay'], initialDelay, { minMs: 1, maxMs: DAY_MS });
  const checked = parseLabels(fields, ['labels'], listLabels(labels));
  if (fields.errors.length > 0) throw new Rejection(fields.errors);
  return { group, name, description, scope, inputSchema, execution: settings, retention, labels: checked, initialDelayMs };
}

function taken(key: string, existingId: string | null) {
  return conflict('ALREADY_EXISTS', ['key'], `There is an HTTP task with the key "${key}" already.`, existingId);
}
