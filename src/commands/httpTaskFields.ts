import { parseHttpRequest } from '../domain/httpRequest.ts';
import type { HttpMethod } from '../domain/httpRequest.ts';
import type { TaskRecord } from '../store/tasks.ts';
import type { Fields } from './fields.ts';

export interface RequestFields {
  url: string;
  method: HttpMethod;
  headers: Record<string, unknown>;
  body?: unknown;
  successStatuses: string;
}
export const DEFAULT_REQUEST = { method: 'POST', headers: {}, body: null, successStatuses: '200-299' } as const;

/** The same object without the members that are null or undefined: those take their default. */
export function withoutNulls<T extends object>(input: T): { [K in keyof T]: NonNullable<T[K]> } {
  return Object.fromEntries(Object.entries(input).filter(([, value]) => value != null)) as { [K in keyof T]: NonNullable<T[K]> };
}

/**
 * Checks what a person says of an HTTP task.
 * @param paths  where its own fields and those of its request stand in the input
 * @returns null when something is wrong; `fields.errors` then names all of it
 */
export function parseTaskFields(
  fields: Fields,
  paths: { fields: string[]; http: string[] },
  input: { group: string; name: string; description?: string | null | undefined; http: RequestFields },
): Pick<TaskRecord, 'group' | 'name' | 'description' | 'http'> | null {
  fields.text([...paths.fields, 'group'], input.group, { min: 1, max: 200 });
  fields.text([...paths.fields, 'name'], input.name, { min: 1, max: 200 });
  if (input.description != null) fields.text([...paths.fields, 'description'], input.description, { min: 0, max: 2_000 });
  const request = parseHttpRequest(input.http);
  if (!request.ok)
    for (const error of request.errors) fields.add([...paths.http, ...error.path], error.message, error.constraint);
  if (!request.ok || fields.errors.length > 0) return null;
  return { group: input.group, name: input.name, description: input.description ?? null, http: request.request };
}
