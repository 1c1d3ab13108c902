import type { CommandParts, CommandResult } from '../../src/commands/command.ts';
import type { Logger } from '../../src/log.ts';
import type { CodeTask } from '../../src/task/defineTask.ts';
import type { World } from './act.ts';
import type { Chronicle, StoryClock } from './chronicle.ts';

export const MINUTE_MS = 60_000;
export const HOUR_MS = 60 * MINUTE_MS;
export const DAY_MS = 24 * HOUR_MS;

/** When the fleet was set up. @param now  epoch ms */
export const storyBegin = (now: number): number => now - 14 * DAY_MS - 6 * HOUR_MS;

export interface Stage {
  /** Under a queue that delivers nothing: what commands want to run in the past is not run. */
  parts: CommandParts & { clock: StoryClock };
  log: Logger;
  world: World;
  codeTasks: readonly CodeTask[];
  /** Of the target of HTTP tasks. */
  origin: string;
  /** The tokens that were made, by their names. */
  tokens: Map<string, { id: string; name: string }>;
}

/** Something that somebody does. Everything before it has happened and is written; the clock stands at its instant. */
export interface Scene {
  /** Epoch ms. */
  at: number;
  happen(chronicle: Chronicle): Promise<unknown>;
}

/** @returns the instant so long before the story ends, epoch ms */
export const agoIn =
  ({ world: { now } }: Stage) =>
  (days: number, hours = 0): number =>
    now - days * DAY_MS - hours * HOUR_MS;

/** The value of a command. @throws Error with what it refuses: the story is wrong then */
export async function wellDone<T>(result: Promise<CommandResult<T>>): Promise<T> {
  const settled = await result;
  if (!settled.ok) throw new Error(settled.userErrors.map(({ code, message }) => `${code}: ${message}`).join('; '));
  return settled.value;
}
