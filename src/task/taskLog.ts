import type { LogLevel } from '../domain/logLine.ts';
import type { TaskLog } from './defineTask.ts';

/** @param write  takes what was said as it was said: code is not checked against its types */
export function createTaskLog(write: (level: LogLevel, message: unknown, fields: unknown) => void): TaskLog {
  const at = (level: LogLevel) => (message: unknown, fields?: unknown) => write(level, message, fields);
  return { trace: at('TRACE'), debug: at('DEBUG'), info: at('INFO'), warn: at('WARN'), error: at('ERROR') };
}
