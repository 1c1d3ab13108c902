import { storableJson, storableText } from './storableJson.ts';

/** From the least to the most important. */
export const LOG_LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/**
 * What a run keeps: as many lines as a person may look through, and no more bytes than a browser takes easily. A task that says more
 * has another place for it; here it would only make every clean-up and every reader slow.
 */
export const MAX_LOG_LINES = 10_000;
export const MAX_LOG_BYTES = 2 * 1024 * 1024;
/** The line behind the last one that a run keeps. */
export const LOG_CAP_NOTICE = 'further lines were not kept: a run keeps 10,000 lines and 2 MiB';

const MAX_MESSAGE_CHARS = 4_000;
const MAX_FIELDS_BYTES = 8 * 1024;

/** What a task says in one line, fit for the database. */
export interface LogEntry {
  level: LogLevel;
  message: string;
  fields: Record<string, unknown> | null;
  /** of the message and of the fields as JSON, in UTF-8 */
  bytes: number;
}

export function levelsFrom(least: LogLevel): LogLevel[] {
  return LOG_LEVELS.slice(LOG_LEVELS.indexOf(least));
}

/**
 * Takes whatever a task may say: a message that is too long is cut, what jsonb cannot hold is replaced, and of fields that cannot be
 * kept the line says why. A log must never be the reason why a task fails.
 * @param fields  an object; anything else is kept as its only field
 */
export function toLogEntry(level: LogLevel, message: string, fields?: unknown): LogEntry {
  const text = storableText(message.length > MAX_MESSAGE_CHARS ? cut(message) : message);
  const json = fields === undefined || fields === null ? null : fieldsJson(fields);
  const kept = json === null ? null : (JSON.parse(json) as Record<string, unknown>);
  return { level, message: text, fields: kept, bytes: Buffer.byteLength(text) + Buffer.byteLength(json ?? '') };
}

function cut(message: string): string {
  const note = ` … (cut: it has ${message.length} characters)`;
  const head = message.slice(0, MAX_MESSAGE_CHARS - note.length);
  // A pair that the cut would halve goes as a whole.
  return (/[\ud800-\udbff]$/.test(head) ? head.slice(0, -1) : head) + note;
}

function fieldsJson(fields: unknown): string {
  let json: string | undefined;
  try {
    json = JSON.stringify(objectOf(fields), plain);
  } catch {
    return notKept('they are not JSON');
  }
  if (json === undefined || !json.startsWith('{')) return notKept('they are not JSON');
  // As storableJson finds it: after an even run of backslashes these are escapes of what jsonb refuses.
  const repaired = json.replaceAll(/(?<!\\)((?:\\\\)*)\\u(?:0000|d[89a-f][0-9a-f]{2})/g, '$1\ufffd');
  const bytes = Buffer.byteLength(repaired);
  if (bytes > MAX_FIELDS_BYTES) return notKept(`they have ${bytes} bytes as JSON; allowed are ${MAX_FIELDS_BYTES}`);
  return storableJson(JSON.parse(repaired)) ?? notKept('they are nested deeper than 100 levels');
}

function notKept(why: string): string {
  return JSON.stringify({ fieldsNotKept: why });
}

function objectOf(fields: unknown): unknown {
  if (fields instanceof Error) return { error: fields };
  return typeof fields === 'object' && !Array.isArray(fields) ? fields : { value: fields };
}

/** Errors have nothing that JSON would show, and it knows no bigint. */
function plain(_: string, value: unknown): unknown {
  if (value instanceof Error) return { ...value, name: value.name, message: value.message, stack: value.stack };
  return typeof value === 'bigint' ? String(value) : value;
}
