const CODE = 'task:';

/** Who keeps the schedules that the code of a task declares. */
export function codeOwner(taskKey: string): string {
  return `${CODE}${taskKey}`;
}

/** The task whose code declares what this owner keeps; null when no code does. */
export function declaringTask(managedBy: string | null): string | null {
  return managedBy?.startsWith(CODE) === true ? managedBy.slice(CODE.length) : null;
}
