import type { HttpMethod } from '../domain/httpRequest.ts';
import type { SecretFields } from '../domain/httpSecrets.ts';
import { quoted } from '../domain/text.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import type { SecretBox } from '../secrets.ts';
import { newId } from '../store/ids.ts';
import { findTask, insertTask } from '../store/tasks.ts';
import type { NewTask, TaskRecord } from '../store/tasks.ts';
import { rejectDuplicate, runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { parseTaskExecution } from './concurrency.ts';
import { Fields } from './fields.ts';
import { parseRetention } from './runRetention.ts';
import type { RetentionInput } from './runRetention.ts';
import { taskEvent } from './taskEvent.ts';
import { DEFAULT_REQUEST, parseTaskFields, withoutNulls } from './httpTaskFields.ts';
import type { ExecutionInput } from './fields.ts';
import { parseLabels } from './labels.ts';
import type { LabelInput } from './labels.ts';

export interface HttpTaskInput {
  key: string;
  group?: string | null | undefined;
  name: string;
  description?: string | null | undefined;
  http: {
    url: string;
    method?: HttpMethod | null | undefined;
    headers?: Record<string, unknown> | null | undefined;
    body?: unknown;
    successStatuses?: string | null | undefined;
  } & SecretFields;
  execution?: ExecutionInput | null | undefined;
  retention?: RetentionInput | null | undefined;
  labels?: readonly LabelInput[] | null | undefined;
}

const KEY = /^[A-Za-z0-9][A-Za-z0-9._\-/:]{0,199}$/;

/** Creates a task that sends an HTTP request. */
export function createHttpTask(parts: CommandParts, caller: Caller, input: HttpTaskInput): Promise<CommandResult<TaskRecord>> {
  return runCommand(parts, caller, 'task.create', async ({ prisma, sql, signal, audit }) => {
    const now = parts.clock.now();
    const task = parseTask(parts.secrets, input, new Date(now));
    const existing = await findTask(prisma, { key: task.key });
    const duplicate = conflict(
      'ALREADY_EXISTS',
      ['input', 'key'],
      `There is a task with the key "${task.key}" already.`,
      existing?.id ?? null,
    );
    if (existing !== null) throw new Rejection([duplicate]);
    const record = await rejectDuplicate(() => insertTask(prisma, task), duplicate);
    const changes = { key: { before: null, after: task.key }, name: { before: null, after: task.name } };
    await audit({ action: 'task.create', targetId: record.id, reason: null, changes }, now);
    await taskEvent(sql, now, 'CREATED', null, record);
    signal('events');
    return record;
  });
}

/** @throws Rejection naming every bad field */
function parseTask(secrets: SecretBox, input: HttpTaskInput, at: Date): NewTask {
  const fields = new Fields();
  if (!KEY.test(input.key)) {
    const allowed = 'letters, digits and . _ - / : up to 200 characters, starting with a letter or digit';
    fields.add(['input', 'key'], `key ${quoted(input.key)} is not allowed: ${allowed}.`, allowed);
  }
  const execution = parseTaskExecution(fields, ['input', 'execution'], input.execution ?? {}, 'GLOBAL');
  const retention = parseRetention(fields, ['input', 'retention'], input.retention);
  const labels = parseLabels(fields, ['input', 'labels'], input.labels ?? []);
  const parsed = parseTaskFields(
    fields,
    { fields: ['input'], http: ['input', 'http'] },
    { ...input, group: input.group ?? 'http', http: { ...DEFAULT_REQUEST, ...withoutNulls(input.http) } },
    { box: secrets, key: input.key, given: input.http, current: null },
  );
  if (parsed === null) throw new Rejection(fields.errors);
  const { key } = input;
  return {
    id: newId('task'),
    key,
    kind: 'HTTP',
    inputSchema: null,
    scope: 'GLOBAL',
    ...parsed,
    execution,
    retention,
    labels,
    initialDelayMs: null,
    registeredAt: at,
    updatedAt: at,
  };
}
