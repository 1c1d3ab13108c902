import type { ExecutionPolicyInput, HttpMethod, HttpTaskInput, HttpTaskPatch } from '../../api/schema.generated.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { sameJson } from '../../parts/path.ts';
import type { TaskDefinition } from './definition.ts';

/** What the form of an HTTP task holds, and what of it is sent. */

export interface Row {
  name: string;
  value: string;
}
/** kept: the server has its value, which nobody sees again; value then is empty. */
export interface SecretRow extends Row {
  kept: boolean;
}

export interface TaskForm {
  key: string;
  name: string;
  group: string;
  description: string;
  method: HttpMethod;
  url: string;
  headers: readonly Row[];
  secretHeaders: readonly SecretRow[];
  signingSecret: { kept: boolean; value: string };
  /** As JSON text; empty: none. */
  body: string;
  successStatuses: string;
  labels: readonly Row[];
  timeout: string;
  priority: number | '';
  concurrency: number | '';
  maxAttempts: number | '';
  initialInterval: string;
  backoffCoefficient: number | '';
  maxInterval: string;
  jitter: string;
  /** With commas between them. */
  nonRetryableErrors: string;
  keepFor: string;
  keepCount: number | '';
}

/** A task to begin with: what is not said is at the server's defaults. */
export const EMPTY: TaskForm = {
  key: '',
  name: '',
  group: 'http',
  description: '',
  method: 'POST',
  url: '',
  headers: [],
  secretHeaders: [],
  signingSecret: { kept: false, value: '' },
  body: '',
  successStatuses: '200-299',
  labels: [],
  timeout: 'PT30S',
  priority: 0,
  concurrency: '',
  maxAttempts: 3,
  initialInterval: 'PT1S',
  backoffCoefficient: 2,
  maxInterval: '',
  jitter: '',
  nonRetryableErrors: '',
  keepFor: '',
  keepCount: '',
};

/** Those that carry a body. */
export const WITH_BODY: readonly HttpMethod[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

export function formOf(task: TaskDefinition): TaskForm {
  const { execution, retention, http } = task;
  const { retry } = execution;
  return {
    key: task.key,
    name: task.name,
    group: task.group,
    description: task.description ?? '',
    method: http?.method ?? 'POST',
    url: http?.url ?? '',
    headers: Object.entries(http?.headers ?? {}).map(([name, value]) => ({ name, value: String(value) })),
    secretHeaders: (http?.secretHeaders ?? []).map((name) => ({ name, value: '', kept: true })),
    signingSecret: { kept: http?.signed ?? false, value: '' },
    body: http?.body === null || http?.body === undefined ? '' : JSON.stringify(http.body, null, 2),
    successStatuses: http?.successStatuses ?? '200-299',
    labels: task.labels.map(({ key, value }) => ({ name: key, value })),
    timeout: execution.timeout,
    priority: execution.priority,
    concurrency: execution.concurrency ?? '',
    maxAttempts: retry.maxAttempts,
    initialInterval: retry.initialInterval,
    backoffCoefficient: retry.backoffCoefficient,
    maxInterval: retry.maxInterval ?? '',
    jitter: retry.jitter ?? '',
    nonRetryableErrors: retry.nonRetryableErrors.join(', '),
    keepFor: retention?.runs ?? '',
    keepCount: retention?.count ?? '',
  };
}

/** What can be seen to be wrong before it is sent. */
export function faultsIn(form: TaskForm, creates: boolean): FieldFault[] {
  const faults: FieldFault[] = [];
  const need = (field: string, text: string, message: string) => {
    if (text.trim() === '') faults.push({ field, message });
  };
  if (creates) need('key', form.key, 'Give it a key: scripts and schedules call it by that.');
  need('name', form.name, 'Give it a name.');
  need('url', form.url, 'Say where the request is sent.');
  if (bodyOf(form) === undefined) faults.push({ field: 'body', message: 'This is no JSON. A text stands in "quotes".' });
  rowFaults('headers', form.headers);
  rowFaults('secretHeaders', form.secretHeaders);
  form.secretHeaders.forEach(({ name, value, kept }) => {
    if (!kept && name.trim() !== '' && value === '')
      faults.push({ field: `secretHeaders.${name.trim()}`, message: 'Give it a value, or remove it.' });
  });
  if (form.maxAttempts === '')
    faults.push({ field: 'execution.retry.maxAttempts', message: 'Say how often it is tried; 1: once.' });
  return faults;

  function rowFaults(field: string, rows: readonly Row[]) {
    const seen = new Set<string>();
    rows.forEach(({ name, value }) => {
      const trimmed = name.trim();
      if (trimmed === '' && value !== '') faults.push({ field, message: 'One of them has no name.' });
      if (trimmed !== '' && seen.has(trimmed.toLowerCase()))
        faults.push({ field: `${field}.${trimmed}`, message: 'It stands here twice.' });
      seen.add(trimmed.toLowerCase());
    });
  }
}

/** null: none; undefined: it is no JSON. */
function bodyOf({ body, method }: TaskForm): unknown {
  if (body.trim() === '' || !WITH_BODY.includes(method)) return null;
  try {
    return JSON.parse(body) as unknown;
  } catch {
    return undefined;
  }
}

const named = <R extends Row>(rows: readonly R[]): R[] => rows.filter(({ name }) => name.trim() !== '');
const recordOf = (rows: readonly Row[]): Record<string, string> =>
  Object.fromEntries(named(rows).map(({ name, value }) => [name.trim(), value]));
const labelsOf = (rows: readonly Row[]) => named(rows).map(({ name, value }) => ({ key: name.trim(), value }));
const orNull = <T>(value: T | ''): T | null => (value === '' ? null : value);

function retryOf(form: TaskForm): NonNullable<ExecutionPolicyInput['retry']> {
  return {
    maxAttempts: Number(form.maxAttempts),
    initialInterval: form.initialInterval === '' ? 'PT1S' : form.initialInterval,
    backoffCoefficient: form.backoffCoefficient === '' ? 2 : form.backoffCoefficient,
    maxInterval: orNull(form.maxInterval),
    jitter: orNull(form.jitter),
    nonRetryableErrors: form.nonRetryableErrors.split(',').flatMap((each) => (each.trim() === '' ? [] : [each.trim()])),
  };
}

function executionOf(form: TaskForm, base: TaskForm | null): ExecutionPolicyInput {
  const retry = retryOf(form);
  return {
    ...(form.timeout !== '' && form.timeout !== base?.timeout && { timeout: form.timeout }),
    ...(form.priority !== '' && form.priority !== base?.priority && { priority: form.priority }),
    ...(form.concurrency !== '' && { concurrency: form.concurrency }),
    ...((base === null || !sameJson(retry, retryOf(base))) && { retry }),
  };
}

function retentionOf({ keepFor, keepCount }: TaskForm): { runs: string | null; count: number | null } | null {
  return keepFor === '' && keepCount === '' ? null : { runs: orNull(keepFor), count: orNull(keepCount) };
}

/** What createHttpTask is given: of the policies only what differs from the server's defaults. */
export function inputOf(form: TaskForm): HttpTaskInput {
  const secrets = recordOf(form.secretHeaders);
  const body = bodyOf(form);
  return {
    key: form.key.trim(),
    name: form.name.trim(),
    group: form.group.trim() === '' ? 'http' : form.group.trim(),
    description: form.description.trim() === '' ? null : form.description.trim(),
    http: {
      url: form.url.trim(),
      method: form.method,
      headers: recordOf(form.headers),
      ...(Object.keys(secrets).length > 0 && { secretHeaders: secrets }),
      ...(form.signingSecret.value !== '' && { signingSecret: form.signingSecret.value.trim() }),
      ...(body !== null && body !== undefined && { body }),
      successStatuses: form.successStatuses.trim() === '' ? '200-299' : form.successStatuses.trim(),
    },
    execution: executionOf(form, EMPTY),
    retention: retentionOf(form),
    labels: labelsOf(form.labels),
  };
}

/** What updateHttpTask is given: only what differs from the task as it was read. Secrets that stay are not in it. */
export function patchOf(form: TaskForm, was: TaskForm): HttpTaskPatch {
  const [next, before] = [inputOf(form), inputOf(was)];
  const { http } = next;
  const patch: HttpTaskPatch = {};
  if (next.name !== before.name) patch.name = next.name;
  if (next.group !== before.group) patch.group = next.group ?? null;
  if (next.description !== before.description) patch.description = next.description ?? null;
  if (http.url !== before.http.url) patch.url = http.url;
  if (http.method !== before.http.method) patch.method = http.method ?? null;
  if (!sameJson(http.headers, before.http.headers)) patch.headers = http.headers ?? null;
  if (http.successStatuses !== before.http.successStatuses) patch.successStatuses = http.successStatuses ?? null;
  if (!sameJson(bodyOf(form), bodyOf(was))) patch.body = bodyOf(form) ?? null;
  if (!sameJson(next.labels, before.labels)) patch.labels = next.labels ?? null;
  if (!sameJson(next.retention, before.retention)) patch.retention = next.retention ?? null;
  // It replaces the old settings whole: all of it is said.
  if (!sameJson(executionOf(form, null), executionOf(was, null))) patch.execution = executionOf(form, null);
  const secrets = secretsOf(form, was);
  if (Object.keys(secrets).length > 0) patch.secretHeaders = secrets;
  if (form.signingSecret.value !== '') patch.signingSecret = form.signingSecret.value.trim();
  else if (was.signingSecret.kept && !form.signingSecret.kept) patch.signingSecret = null;
  return patch;
}

/** Values that are given are set, and null takes away what stands there no more. */
function secretsOf(form: TaskForm, was: TaskForm): Record<string, string | null> {
  const rows = named(form.secretHeaders);
  const gone = was.secretHeaders.filter(({ name }) => !rows.some((row) => row.name.trim().toLowerCase() === name.toLowerCase()));
  return {
    ...Object.fromEntries(gone.map(({ name }) => [name, null])),
    ...Object.fromEntries(rows.filter(({ kept }) => !kept).map(({ name, value }) => [name.trim(), value])),
  };
}

/** A secret for signing, as Standard Webhooks has it: whsec_ and 32 random bytes. */
export function newSigningSecret(random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array): string {
  return `whsec_${btoa(String.fromCharCode(...random(new Uint8Array(32))))}`;
}
