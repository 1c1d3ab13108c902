import { inputFaults } from '../domain/inputSchema.ts';
import type { TaskRecord } from '../store/tasks.ts';
import type { Fields } from './fields.ts';

/**
 * Checks an input against the schema of the task that will get it, where it is written; the task's code checks again when it is
 * fired. A task without a schema takes anything.
 * @param path  where the input stands
 */
export function checkTaskInput(
  fields: Fields,
  path: string[],
  task: Pick<TaskRecord, 'key' | 'inputSchema'>,
  input: Record<string, unknown> | null,
): void {
  if (task.inputSchema === null) return;
  for (const fault of inputFaults(task.inputSchema, input)) {
    fields.add([...path, ...fault.path], fault.message, `the input schema of the task "${task.key}"`);
  }
}
