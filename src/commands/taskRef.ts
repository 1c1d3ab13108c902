import { notFound } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import type { TaskRef } from '../store/tasks.ts';

/** Exactly one key, as the API's @oneOf sees to. */
export interface TaskRefInput {
  id?: string | null | undefined;
  key?: string | null | undefined;
}

export function toTaskRef(ref: TaskRefInput): TaskRef {
  return ref.id != null ? { id: ref.id } : { key: ref.key ?? '' };
}

export function noSuchTask(path: string[], ref: TaskRefInput): UserError {
  return notFound(path, `There is no task with ${ref.id != null ? `the id "${ref.id}"` : `the key "${ref.key}"`}.`);
}
