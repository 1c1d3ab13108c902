import { schedule } from 'node-cron';
import type { Logger } from 'pino';
import type { Clock } from './clock.ts';
import { createOutage } from './outage.ts';

/** Carillon's own small jobs, apart from the schedules it serves: they must go on when nothing else does. */
export interface Housekeeping {
  stop(): Promise<void>;
}
export interface Chore {
  name: string;
  /**
   * Crontab text, or a period in milliseconds for what must go on when the wall clock is set back: node-cron waits until the wall
   * clock says its time (docs/decisions/0006).
   */
  when: string | number;
  run(): Promise<void>;
}

/** Most schedules fire on whole seconds: periodic chores keep out of their way. */
const OFFSET_MS = 500;

/** A chore that takes longer than its period is not started twice; one that fails is tried again next time. */
export function startHousekeeping(chores: readonly Chore[], clock: Clock, log: Logger): Housekeeping {
  const running = new Set<Promise<void>>();
  const stops = chores.map((chore) => {
    let busy = false;
    const outage = createOutage(`housekeeping (${chore.name})`, log);
    const round = async () => {
      try {
        await chore.run();
        outage.over();
      } catch (error) {
        outage.failed(error);
      }
      busy = false;
    };
    const start = () => {
      if (busy) return;
      busy = true;
      const done = round().finally(() => running.delete(done));
      running.add(done);
    };
    return typeof chore.when === 'number' ? every(chore.when, clock, start) : byCron(chore.name, chore.when, start);
  });
  return {
    async stop() {
      for (const stop of stops) await stop();
      await Promise.all(running);
    },
  };
}

function every(periodMs: number, clock: Clock, start: () => void): () => void {
  let cancel: () => void = () => undefined;
  const arm = () => {
    const sinceLast = (((clock.now() - OFFSET_MS) % periodMs) + periodMs) % periodMs;
    cancel = clock.after(periodMs - sinceLast, () => {
      arm();
      start();
    });
  };
  arm();
  return () => cancel();
}

function byCron(name: string, cron: string, start: () => void): () => Promise<void> {
  const task = schedule(cron, start, { name, timezone: 'UTC', suppressMissedWarning: true });
  return async () => task.destroy();
}
