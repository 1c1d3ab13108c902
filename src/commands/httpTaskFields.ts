import { parseHttpRequest } from '../domain/httpRequest.ts';
import type { HttpMethod, HttpRequest } from '../domain/httpRequest.ts';
import { parseSecrets } from '../domain/httpSecrets.ts';
import type { SecretFields } from '../domain/httpSecrets.ts';
import type { SecretBox } from '../secrets.ts';
import type { TaskRecord } from '../store/tasks.ts';
import type { Fields } from './fields.ts';
import { sealSecrets } from './httpSecrets.ts';

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
 * @param paths    where its own fields and those of its request stand in the input
 * @param secrets  what is said of its secrets, the request that has them up to here, and what encrypts them for this key of a task
 * @returns null when something is wrong; `fields.errors` then names all of it
 */
export function parseTaskFields(
  fields: Fields,
  paths: { fields: string[]; http: string[] },
  input: { group: string; name: string; description?: string | null | undefined; http: RequestFields },
  secrets: { box: SecretBox; key: string; given: SecretFields; current: HttpRequest | null },
): Pick<TaskRecord, 'group' | 'name' | 'description' | 'http'> | null {
  fields.line([...paths.fields, 'group'], input.group, { min: 1, max: 200 });
  fields.line([...paths.fields, 'name'], input.name, { min: 1, max: 200 });
  if (input.description != null) fields.text([...paths.fields, 'description'], input.description, { min: 0, max: 2_000 });
  fields.unaltered([...paths.http, 'body'], input.http.body);
  fields.unaltered([...paths.http, 'headers'], namesOf(input.http.headers));
  fields.unaltered([...paths.http, 'secretHeaders'], namesOf(secrets.given.secretHeaders ?? {}));
  const request = parseHttpRequest(input.http);
  if (!request.ok)
    for (const error of request.errors) fields.add([...paths.http, ...error.path], error.message, error.constraint);
  const place = { url: request.ok ? request.request.url : null, headers: input.http.headers };
  const { plan, errors } = parseSecrets(secrets.given, place, secrets.current);
  for (const error of errors) fields.add([...paths.http, ...error.path], `${error.message}.`, error.constraint);
  if (!request.ok || fields.errors.length > 0) return null;
  const sealed = sealSecrets(fields, paths.http, secrets.box, { key: secrets.key, url: request.request.url }, plan);
  if (sealed === null) return null;
  const http = { ...request.request, ...sealed };
  return { group: input.group, name: input.name, description: input.description ?? null, http };
}

/** Without the values, which no message may repeat. */
function namesOf(headers: Record<string, unknown>): Record<string, null> {
  return Object.fromEntries(Object.keys(headers).map((name) => [name, null]));
}
