import type { HttpMethod, HttpRequest } from '../domain/httpRequest.ts';
import type { SecretFields } from '../domain/httpSecrets.ts';
import { Rejection, conflict } from '../domain/userError.ts';
import { changesBetween } from '../store/audit.ts';
import { lockTask, updateTask } from '../store/tasks.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { lockSchedulesWaiting, parseTaskExecution, releaseSlots } from './concurrency.ts';
import { Fields } from './fields.ts';
import type { ExecutionInput } from './fields.ts';
import { parseLabels } from './labels.ts';
import type { LabelInput } from './labels.ts';
import { withoutSecrets } from './httpChanges.ts';
import { DEFAULT_REQUEST, parseTaskFields } from './httpTaskFields.ts';
import { parseRetention } from './runRetention.ts';
import type { RetentionInput } from './runRetention.ts';
import { taskEvent } from './taskEvent.ts';
import { noSuchTask, toTaskRef } from './taskRef.ts';
import type { TaskRefInput } from './taskRef.ts';

/** Absent: keep. null: clear, or back to the default. */
export interface HttpTaskPatch extends SecretFields {
  group?: string | null | undefined;
  name?: string | null | undefined;
  description?: string | null | undefined;
  url?: string | null | undefined;
  method?: HttpMethod | null | undefined;
  headers?: Record<string, unknown> | null | undefined;
  body?: unknown;
  successStatuses?: string | null | undefined;
  execution?: ExecutionInput | null | undefined;
  retention?: RetentionInput | null | undefined;
  labels?: readonly LabelInput[] | null | undefined;
}

/** Edits an HTTP task. Runs that are written already keep their policy; the request is read when an attempt starts. */
export function updateHttpTask(
  parts: CommandParts,
  caller: Caller,
  ref: TaskRefInput,
  patch: HttpTaskPatch,
): Promise<CommandResult<TaskRecord>> {
  return runCommand(parts, caller, 'task.update', async ({ prisma, sql, signal, audit }) => {
    const waiting = patch.execution === undefined ? [] : await lockSchedulesWaiting({ prisma, sql }, toTaskRef(ref));
    const task = await lockTask({ prisma, sql }, toTaskRef(ref));
    if (task === null) throw new Rejection([noSuchTask(['task'], ref)]);
    if (task.http === null) {
      const message = `The task "${task.key}" is a code task: its definition is in its code.`;
      throw new Rejection([conflict('INVALID_STATE', ['task'], message, task.id)]);
    }
    const now = parts.clock.now();
    const fields = new Fields();
    for (const name of ['name', 'url'] as const) {
      if (patch[name] === null) fields.add(['patch', name], `${name} cannot be cleared: a task must have one.`);
    }
    const execution =
      patch.execution === undefined
        ? task.execution
        : parseTaskExecution(fields, ['patch', 'execution'], patch.execution ?? {}, task.scope);
    const retention =
      patch.retention === undefined ? task.retention : parseRetention(fields, ['patch', 'retention'], patch.retention);
    const labels = patch.labels === undefined ? task.labels : parseLabels(fields, ['patch', 'labels'], patch.labels ?? []);
    const parsed = parseTaskFields(
      fields,
      { fields: ['patch'], http: ['patch'] },
      {
        group: patched(patch.group, task.group, 'http'),
        name: patch.name ?? task.name,
        description: patched(patch.description, task.description, null),
        http: patchedRequest(task.http, patch),
      },
      { box: parts.secrets, key: task.key, given: patch, current: task.http },
    );
    if (parsed === null || fields.errors.length > 0) throw new Rejection(fields.errors);
    const changes = changesBetween({ ...definitionOf(task) }, { ...parsed, execution, retention, labels });
    if (Object.keys(changes ?? {}).length === 0) return task;
    const updated = await updateTask(prisma, task.id, { ...parsed, execution, retention, labels, updatedAt: new Date(now) });
    await audit({ action: 'task.update', targetId: task.id, reason: null, changes: withoutSecrets(changes) }, now);
    await taskEvent(sql, now, 'UPDATED', task, updated);
    if (execution.concurrency !== task.execution.concurrency)
      await releaseSlots(parts.queue, { sql, signal }, now, waiting, task.id);
    signal('events');
    return updated;
  });
}

function patched<T>(value: T | null | undefined, current: T, fallback: T): T {
  return value === undefined ? current : (value ?? fallback);
}

function patchedRequest(current: HttpRequest, patch: HttpTaskPatch) {
  return {
    url: patch.url ?? current.url,
    method: patched<HttpMethod>(patch.method, current.method, DEFAULT_REQUEST.method),
    headers: patched<Record<string, unknown>>(patch.headers, current.headers, DEFAULT_REQUEST.headers),
    body: patch.body === undefined ? current.body : patch.body,
    successStatuses: patched(patch.successStatuses, current.successStatuses, DEFAULT_REQUEST.successStatuses),
  };
}

function definitionOf({ group, name, description, http, execution, retention, labels }: TaskRecord) {
  return { group, name, description, http, execution, retention, labels };
}
