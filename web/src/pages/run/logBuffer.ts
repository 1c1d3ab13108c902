import type { LogLevel } from '../../api/schema.generated.ts';

export interface LogLine {
  cursor: string;
  at: string;
  level: LogLevel;
  message: string;
  attempt: number;
  step: string | null;
  fields: Record<string, unknown> | null;
}

interface Kept extends LogLine {
  /** What is searched in. */
  text: string;
}

/** What has come of a log, in its order. */
export interface LogBuffer {
  readonly lines: readonly Kept[];
  /** Behind which it goes on; null: nothing has come. */
  readonly cursor: string | null;
  /** All that had been said before it was asked for is there. */
  readonly caughtUp: boolean;
  /** Nothing follows: the run has ended. */
  readonly final: boolean;
}

interface Batch {
  cursor: string;
  lines: readonly LogLine[];
  hasMorePast: boolean;
  final: boolean;
}

export const EMPTY_LOG: LogBuffer = { lines: [], cursor: null, caughtUp: false, final: false };

/** The batches in the order in which they came, each behind the one before. */
export function append(buffer: LogBuffer, batches: readonly Batch[]): LogBuffer {
  const last = batches.at(-1);
  if (last === undefined) return buffer;
  return {
    lines: buffer.lines.concat(batches.flatMap((batch) => batch.lines.map(keep))),
    cursor: last.cursor,
    caughtUp: buffer.caughtUp || batches.some((batch) => !batch.hasMorePast),
    final: buffer.final || last.final,
  };
}

function keep(line: LogLine): Kept {
  const fields = line.fields === null ? '' : fieldsText(line.fields);
  const message = visible(line.message);
  return { ...line, message, text: `${message} ${fields} ${line.step ?? ''}`.toLowerCase() };
}

const ESCAPE = '\u001b';
const COLOURS = /(\p{Cc})\[[0-9;]*m/gu;
/** Control characters but tab and line feed, and those that turn the direction of what follows. */
const UNSEEN = /(?![\t\n])[\p{Cc}\p{Bidi_Control}]/gu;

/**
 * A text of which nothing acts unseen, on this page or in a terminal that the log is read in: colours of terminals are left out, and
 * other control characters are replaced by their signs.
 */
export function visible(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(COLOURS, (all, first) => (first === ESCAPE ? '' : all))
    .replace(UNSEEN, (character) => {
      const code = character.charCodeAt(0);
      return code < 0x20 ? String.fromCharCode(0x2400 + code) : code === 0x7f ? '\u2421' : '\ufffd';
    });
}

/** From the least to the most important. */
export const LEVELS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR'] as const satisfies readonly LogLevel[];

export type LogRow =
  | { kind: 'line'; line: LogLine; found: boolean }
  /** Above the first line of an attempt, or of a step. */
  | { kind: 'mark'; attempt: number; step: string | null; first: boolean };

interface LogView {
  rows: LogRow[];
  /** Places in rows. */
  found: number[];
  hidden: number;
}

/**
 * What is shown of a log: lines of these levels, and a mark wherever another attempt or step begins to speak.
 * @param search  every line with it in its message, fields or step is found; upper and lower case are the same
 */
export function viewOf(lines: readonly Kept[], least: LogLevel, search: string): LogView {
  const from = LEVELS.indexOf(least);
  const wanted = search.trim().toLowerCase();
  const rows: LogRow[] = [];
  const found: number[] = [];
  let attempt = 0;
  let step: string | null = null;
  let hidden = 0;
  for (const line of lines) {
    if (LEVELS.indexOf(line.level) < from) {
      hidden += 1;
      continue;
    }
    if (line.attempt !== attempt || (line.step !== step && line.step !== null))
      rows.push({ kind: 'mark', attempt: line.attempt, step: line.step, first: line.attempt !== attempt });
    attempt = line.attempt;
    step = line.step;
    const isFound = wanted !== '' && line.text.includes(wanted);
    if (isFound) found.push(rows.length);
    rows.push({ kind: 'line', line, found: isFound });
  }
  return { rows, found, hidden };
}

/** The parts of a text in turn: without what is searched for, and with it. */
export function splitAt(text: string, search: string): string[] {
  const wanted = search.trim().toLowerCase();
  if (wanted === '') return [text];
  const lower = text.toLowerCase();
  // Few letters are longer in lower case; then places in both are not the same.
  if (lower.length !== text.length) return [text];
  const parts: string[] = [];
  let at = 0;
  for (let next = lower.indexOf(wanted); next !== -1; next = lower.indexOf(wanted, at)) {
    parts.push(text.slice(at, next), text.slice(next, next + wanted.length));
    at = next + wanted.length;
  }
  return [...parts, text.slice(at)];
}

/** files=12 from="a b" */
export function fieldsText(fields: Record<string, unknown>): string {
  const words = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' && /^[^\s"=]+$/.test(value) ? value : JSON.stringify(value)}`,
  );
  return visible(words.join(' '));
}

/** The whole log, one line for each; what has several lines goes on below, indented. */
export function textOf(lines: readonly LogLine[]): string {
  return lines
    .map(({ at, level, attempt, step, message, fields }) => {
      const said = visible(fields === null ? message : `${message} ${JSON.stringify(fields)}`);
      const place = step === null ? `#${attempt}` : `#${attempt} [${visible(step)}]`;
      return `${at} ${level.padEnd(5)} ${place} ${said.replaceAll('\n', '\n    ')}\n`;
    })
    .join('');
}
