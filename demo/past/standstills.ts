import type { Caller } from '../../src/commands/command.ts';
import { createFreeze } from '../../src/commands/createFreeze.ts';
import { endFreeze } from '../../src/commands/endFreeze.ts';
import { pauseSchedules, resumeSchedules } from '../../src/commands/pauseSchedules.ts';
import { pauseTask } from '../../src/commands/pauseTask.ts';
import { ANNA, JONAS, MATEO, PRIYA } from '../fleet/people.ts';
import { DAY_MS, HOUR_MS, MINUTE_MS, agoIn, wellDone } from './stage.ts';
import type { Scene, Stage } from './stage.ts';

/** Freezes and pauses: past ones, running ones, and one that is to come. */
export function standstills(stage: Stage): Scene[] {
  const { parts, world } = stage;
  const { now } = world;
  const ago = agoIn(stage);
  let early = '';
  const freeze = (
    by: Caller,
    reason: string,
    from: number,
    until: number,
    labels: Record<string, string>,
    exit: 'SKIP' | 'FIRE_ONCE' = 'SKIP',
  ) => {
    const filter = { labels: Object.entries(labels).map(([key, value]) => ({ key, in: [value] })) };
    return wellDone(createFreeze(parts, by, { reason, from: new Date(from), until: new Date(until), select: { filter }, exit }));
  };
  const pause = (by: Caller, name: string, reason: string, until: number | null = null) =>
    wellDone(pauseSchedules(parts, by, { select: { names: [name] }, reason, until: until === null ? null : new Date(until) }));
  return [
    { at: ago(11, 8), happen: () => freeze(ANNA, 'Upgrade of the database', ago(11), ago(11) + 3 * HOUR_MS, { team: 'data' }) },
    {
      at: ago(7, 1),
      happen: () => freeze(JONAS, 'Release 4.18', ago(7), ago(7) + 90 * MINUTE_MS, { env: 'prod', team: 'shop' }, 'FIRE_ONCE'),
    },
    {
      at: ago(3, 4),
      async happen() {
        const { freeze: made } = await freeze(PRIYA, 'Move of the search cluster', ago(3, 4), ago(2), { team: 'search' });
        early = made.id;
      },
    },
    { at: ago(3), happen: () => wellDone(endFreeze(parts, PRIYA, early)) },
    {
      at: ago(1, 2),
      happen: () => freeze(ANNA, 'Black Friday: nothing changes', now + 3 * DAY_MS, now + 7 * DAY_MS, { team: 'billing' }),
    },
    {
      at: ago(0, 2.5),
      happen: () => freeze(JONAS, 'Staging is rebuilt', ago(0, 2.5), now + 5 * HOUR_MS, { env: 'staging' }, 'FIRE_ONCE'),
    },
    { at: ago(8), happen: () => pause(MATEO, 'campaign-autumn', 'the autumn campaign is being revised') },
    {
      at: ago(6, 1),
      happen: () =>
        wellDone(resumeSchedules(parts, PRIYA, { select: { names: ['campaign-autumn'] }, reason: 'the revision is live' })),
    },
    { at: ago(5, 10), happen: () => pause(JONAS, 'payment-reminders', 'customers got two of them: waits for the mail team') },
    { at: ago(1, 5), happen: () => pause(PRIYA, 'newsletter', 'texts are late', now + 18 * HOUR_MS) },
    {
      at: ago(1),
      happen: () => pause(ANNA, 'prices-globex', 'Globex maintains its interface until tomorrow', now + 20 * HOUR_MS),
    },
    {
      at: ago(0, 26),
      happen: () =>
        wellDone(
          pauseTask(
            parts,
            PRIYA,
            { key: 'leads.score' },
            { reason: 'a model is trained again', until: new Date(now + 30 * HOUR_MS) },
          ),
        ),
    },
  ];
}
