import type { Caller, CommandParts } from '../../src/commands/command.ts';
import { skipOccurrence } from '../../src/commands/skipOccurrence.ts';
import { updateSchedule } from '../../src/commands/updateSchedule.ts';
import { claimSchedules } from '../../src/store/claims.ts';
import { ANNA, MATEO, PRIYA } from '../fleet/people.ts';
import { cron } from '../fleet/spec.ts';
import { agoIn, wellDone } from './stage.ts';
import type { Scene, Stage } from './stage.ts';

/** Edits, and occurrences that somebody took out. */
export function changes(stage: Stage): Scene[] {
  const { parts } = stage;
  const ago = agoIn(stage);
  const update = (by: Caller, name: string, reason: string, patch: Parameters<typeof updateSchedule>[2]['patch']) =>
    wellDone(updateSchedule(parts, by, { ref: { name }, patch, reason }));

  return [
    {
      at: ago(9, 3),
      happen: () => update(MATEO, 'status-page', 'on the hour, so that people know when to look', { trigger: cron('0 * * * *') }),
    },
    {
      at: ago(8, 5),
      happen: () => update(PRIYA, 'reindex-products', 'the catalogue has grown', { execution: { timeout: 'PT3H' } }),
    },
    { at: ago(3, 1), happen: () => skipNext(parts, ANNA, 'invoices-jp', 'public holiday in Japan') },
    { at: ago(2, 9), happen: () => skipNext(parts, PRIYA, 'reindex-nightly', 'the catalogue is being moved') },
    { at: ago(0, 6), happen: () => skipNext(parts, PRIYA, 'sales-apac', 'the report of today was made by hand') },
  ];
}

async function skipNext(parts: CommandParts, by: Caller, name: string, reason: string): Promise<void> {
  const { id } = await parts.store.prisma.schedule.findFirstOrThrow({ where: { name } });
  const [schedule] = await claimSchedules(parts.store.sql, [id]);
  // What a freeze holds back stands where it stood until it is settled.
  const next = schedule && parts.triggerOf(schedule).next(parts.clock.now());
  await wellDone(skipOccurrence(parts, by, { ref: { name }, scheduledFor: new Date(next as number), reason }));
}
