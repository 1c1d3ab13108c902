import pg from 'pg';
import { YEARLY } from './api.ts';
import type { Api } from './api.ts';
import type { Hooks } from './database.ts';
import type { ScheduleView } from './views.ts';

/** A connection of the test's own to the database of a server. */
export async function connect(t: Hooks, databaseUrl: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  t.after(() => client.end());
  return client;
}

const HOUR_MS = 3_600_000;

/** Fires on a grid of hours that passed half an hour ago: not again while a test runs, and `missHours` knows what it missed. */
export function halfPastHourly(): { interval: { every: string; anchorAt: string } } {
  return { interval: { every: 'PT1H', anchorAt: new Date(Date.now() - HOUR_MS / 2).toISOString() } };
}

/**
 * Leaves the database as a server that was down for `count` hours would find it, and wakes the engine.
 * @param schedule  has the trigger of `halfPastHourly`
 * @returns the instants that were missed, oldest first
 */
export async function missHours(database: pg.Client, api: Api, schedule: ScheduleView, count: number): Promise<string[]> {
  const last = Date.parse(schedule.nextFireAt as string) - HOUR_MS;
  const missed = Array.from({ length: count }, (_, index) => new Date(last - (count - 1 - index) * HOUR_MS).toISOString());
  await database.query('UPDATE schedule SET next_scheduled_for = $2, next_fire_at = $2 WHERE id = $1', [schedule.id, missed[0]]);
  // Any committed change of a schedule makes the engine look.
  await api.scheduleOf(schedule.task, { trigger: YEARLY });
  return missed;
}
