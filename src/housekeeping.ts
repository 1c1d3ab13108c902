import { setTimeout } from 'node:timers/promises';
import { schedule } from 'node-cron';
import type { ScheduledTask } from 'node-cron';
import type { Logger } from 'pino';

/** Carillon's own small jobs, apart from the schedules it serves: they must go on when nothing else does. */
export interface Housekeeping {
  stop(): Promise<void>;
}
export interface Chore {
  name: string;
  /** crontab text with seconds */
  cron: string;
  run(): Promise<void>;
}

/** Most schedules fire on whole seconds, and so does crontab text: chores keep out of their way. */
const OFFSET_MS = 500;

/** A chore that takes longer than its period is not started twice; one that fails is logged and tried again next time. */
export function startHousekeeping(chores: readonly Chore[], log: Logger): Housekeeping {
  const running = new Set<Promise<void>>();
  const tasks: ScheduledTask[] = chores.map((chore) => {
    let busy = false;
    const round = async () => {
      await setTimeout(OFFSET_MS);
      try {
        await chore.run();
      } catch (error) {
        log.warn({ err: error, chore: chore.name }, 'housekeeping failed; it will be tried again');
      }
      busy = false;
    };
    return schedule(
      chore.cron,
      () => {
        if (busy) return;
        busy = true;
        const done = round().finally(() => running.delete(done));
        running.add(done);
      },
      { name: chore.name, timezone: 'UTC', suppressMissedWarning: true },
    );
  });
  return {
    async stop() {
      for (const task of tasks) await task.destroy();
      await Promise.all(running);
    },
  };
}
