import type { Caller, CommandParts } from './commands/command.ts';
import { declareSchedules } from './commands/declareSchedules.ts';
import type { ScheduleDeclaration } from './commands/declareSchedules.ts';
import { isDatabaseAway } from './databaseAway.ts';
import { compileSchema } from './domain/inputSchema.ts';
import { listLabels } from './domain/labels.ts';
import type { UserError } from './domain/userError.ts';
import { registerTask } from './commands/registerTask.ts';
import type { Logger } from './log.ts';
import { SYSTEM } from './store/actor.ts';
import type { CodeTask, TaskSchedule } from './task/defineTask.ts';
import type { WorkerTask } from './worker/worker.ts';

/** The server itself, at its start. */
export const SERVER: Caller = { viewer: { actor: SYSTEM, role: 'ADMIN' }, requestId: 'start', source: 'code' };

/**
 * Makes the code tasks of this process known, with the schedules that they declare. What cannot be is named in the log; the others
 * are registered all the same.
 * @returns those that this process may run
 */
export async function registerTasks(parts: CommandParts, log: Logger, tasks: readonly CodeTask[]): Promise<WorkerTask[]> {
  const registered: WorkerTask[] = [];
  for (const task of tasks) {
    try {
      await registerOne(parts, log, task, registered);
    } catch (error) {
      if (isDatabaseAway(error)) throw error;
      // Code is not checked against its types when it is loaded: it may declare what no command expects.
      log.error({ task: task.definition.key, err: error }, 'a task could not be registered as it is declared');
    }
  }
  return registered;
}

async function registerOne(parts: CommandParts, log: Logger, task: CodeTask, registered: WorkerTask[]): Promise<void> {
  const { definition, inputSchema } = task;
  const problems = faultsOf(task);
  if (problems.length > 0) {
    log.error({ task: definition.key, problems }, 'a task could not be registered');
    return;
  }
  const {
    key,
    group = 'code',
    name = key,
    description = null,
    scope = 'GLOBAL',
    labels = {},
    timeout,
    retry,
    priority,
    concurrency,
    retention,
    initialDelay = null,
  } = definition;
  const execution = { timeout, retry, priority, concurrency };
  const declaration = { key, group, name, description, scope, inputSchema, execution, retention, labels, initialDelay };
  const result = await registerTask(parts, SERVER, declaration);
  if (!result.ok) {
    log.error({ task: key, problems: texts(result.userErrors) }, 'a task could not be registered');
    return;
  }
  registered.push({ id: result.value.id, scope, initialDelayMs: result.value.initialDelayMs });
  const declared = (definition.schedules ?? []).map(toDeclaration);
  for (const { name: schedule, userErrors } of await declareSchedules(parts, SERVER, key, declared)) {
    log.error({ task: key, schedule, problems: texts(userErrors) }, 'a schedule that a task declares could not be kept');
  }
}

function faultsOf({ definition, inputSchema, file }: CodeTask): string[] {
  const faults: string[] = [];
  if (definition.isolation === 'THREAD' && file === undefined)
    faults.push('isolation: THREAD is for tasks that lie in a module of the tasks folder: a thread imports it');
  try {
    if (inputSchema !== null) compileSchema(inputSchema);
  } catch (error) {
    faults.push(`input: its JSON Schema cannot be compiled: ${(error as Error).message}`);
  }
  return faults;
}

function toDeclaration({ trigger, labels, startAt, endAt, ...rest }: TaskSchedule): ScheduleDeclaration {
  return {
    ...rest,
    triggerSpec: trigger,
    ...(labels !== undefined && { labels: listLabels(labels) }),
    ...(startAt !== undefined && { startAt: new Date(startAt) }),
    ...(endAt !== undefined && { endAt: new Date(endAt) }),
  };
}

function texts(userErrors: readonly UserError[]): string[] {
  return userErrors.map(({ path, message }) => (path === null ? message : `${path.join('.')}: ${message}`));
}
