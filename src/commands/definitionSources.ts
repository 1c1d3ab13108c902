import type { CalendarDates } from '../domain/calendar.ts';
import { keepCalendars, namedCalendars } from '../store/calendars.ts';
import type { CommandTx } from '../store/open.ts';
import { keepTask } from '../store/tasks.ts';
import type { TaskRecord, TaskRef } from '../store/tasks.ts';

/** What the check of a definition has to know of others. */
export interface DefinitionSources {
  task(ref: TaskRef): Promise<TaskRecord | null>;
  /** Of the calendars with these names, and the names of others when one of them is not there (namedCalendars). */
  calendars(names: readonly string[]): Promise<CalendarDates>;
}

/** For one definition: whatever it is told of stays as it is until the transaction ends. */
export function keptSources(tx: Pick<CommandTx, 'prisma' | 'sql'>): DefinitionSources {
  return {
    task: (ref) => keepTask(tx, ref),
    async calendars(names) {
      await keepCalendars(tx.sql, names);
      return namedCalendars(tx.sql, names);
    },
  };
}
