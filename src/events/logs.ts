import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { isDatabaseAway } from '../databaseAway.ts';
import type { LogLevel } from '../domain/logLine.ts';
import { createLoop } from '../loop.ts';
import { createOutage } from '../outage.ts';
import { readLogHeads, readLogLines } from '../store/logs.ts';
import type { LogHead, LogLineRecord } from '../store/logs.ts';
import type { Store } from '../store/open.ts';

/** A lost notification costs no more than this. */
const POLL_MS = 500;
/** The end of a run announces itself among the events of all others: they are not all worth a look. */
const EVENTS_MS = 100;

export interface LogBatch {
  lines: LogLineRecord[];
  /** The last line that is behind the reader, whether or not it was of the levels that were asked for. */
  through: number;
  hasMorePast: boolean;
  final: boolean;
}
/** The log of one run, batch by batch, each read when the reader asks: a slow one holds nothing up and queues nothing. */
export interface LogReader extends AsyncIterableIterator<LogBatch> {
  return(): Promise<IteratorResult<LogBatch>>;
}
/** The run was removed by retention while its log was read. */
export class RunRemoved extends Error {
  override readonly name = 'RunRemoved';
}
export interface LogFollower {
  /** @param after  the line behind which to begin; 0: at the first */
  follow(runId: string, after: number, levels: readonly LogLevel[], batchSize: number): LogReader;
  stop(): Promise<void>;
}

/** A run whose log somebody reads. */
interface Followed {
  /** undefined: not looked at yet; null: there is no such run any more */
  head: LogHead | null | undefined;
  readers: Set<() => void>;
}

/** Looks after all the runs whose logs are read on this instance in one statement, and wakes who has something to read. */
export function createLogFollower({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): LogFollower {
  const followed = new Map<string, Followed>();
  /** What readers at one place ask for at the same time is read once: those that know of the same last line, for a read that began before a line was written does not have it. */
  const reading = new Map<string, Promise<LogLineRecord[]>>();
  const outage = createOutage('the reader of logs', log);
  let cancelTimer: () => void = () => undefined;
  let cancelEvents: (() => void) | null = null;
  let stopped = false;
  /** A reader could not read its lines, and waits for a round that can. */
  let stumbled = false;

  const loop = createLoop(async () => {
    cancelTimer();
    if (followed.size === 0) return;
    let wait = POLL_MS;
    try {
      const asked = [...followed];
      const heads = new Map((await readLogHeads(store.sql, [...followed.keys()])).map((head) => [head.runId, head]));
      outage.over();
      for (const [runId, run] of asked) {
        const head = heads.get(runId) ?? null;
        const same = head !== null && run.head?.lines === head.lines && run.head.ended === head.ended;
        run.head = head;
        if (!same || stumbled) for (const wake of run.readers) wake();
      }
      stumbled = false;
    } catch (error) {
      wait = outage.failed(error);
    }
    if (!stopped && followed.size > 0) cancelTimer = clock.after(wait, loop.wake);
  });
  const subscriptions = [
    store.signals.on('logs', () => {
      if (followed.size > 0) loop.wake();
    }),
    store.signals.on('events', () => {
      if (followed.size === 0 || stopped) return;
      cancelEvents ??= clock.after(EVENTS_MS, () => {
        cancelEvents = null;
        loop.wake();
      });
    }),
  ];

  function readShared(head: LogHead, after: number, levels: readonly LogLevel[], limit: number): Promise<LogLineRecord[]> {
    const { runId, lines: known } = head;
    const key = `${runId} ${known} ${after} ${levels[0]} ${limit}`;
    let lines = reading.get(key);
    if (lines === undefined) {
      lines = readLogLines(store.prisma, runId, after, levels, limit).finally(() => reading.delete(key));
      reading.set(key, lines);
    }
    return lines;
  }

  function join(runId: string, wake: () => void): Followed {
    const run = followed.get(runId) ?? { head: undefined, readers: new Set() };
    followed.set(runId, run);
    run.readers.add(wake);
    loop.wake();
    return run;
  }
  function leave(runId: string, wake: () => void): void {
    const run = followed.get(runId);
    if (run?.readers.delete(wake) === true && run.readers.size === 0) followed.delete(runId);
    if (followed.size === 0) cancelTimer();
  }

  function createReader(runId: string, after: number, levels: readonly LogLevel[], batchSize: number): LogReader {
    let position = after;
    let begun = false;
    let done = false;
    let wakeUp: () => void = () => undefined;
    const wake = () => wakeUp();
    const run = join(runId, wake);
    const finish = () => {
      done = true;
      leave(runId, wake);
    };
    const woken = () => new Promise<void>((resolve) => (wakeUp = resolve));

    /** @returns null when there is nothing to tell yet */
    async function look(head: LogHead): Promise<LogBatch | null> {
      const found = position < head.lines ? await readShared(head, position, levels, batchSize + 1) : [];
      const lines = found.slice(0, batchSize);
      const hasMorePast = found.length > batchSize;
      // The read came after the head, and lines become visible in their order: it has passed all of the head's, and maybe newer ones.
      const last = lines.at(-1)?.seq ?? position;
      position = hasMorePast ? last : Math.max(position, head.lines, last);
      const final = head.ended && !hasMorePast;
      return lines.length > 0 || final || !begun ? { lines, through: position, hasMorePast, final } : null;
    }

    async function next(): Promise<IteratorResult<LogBatch>> {
      for (;;) {
        if (done || stopped) return { done: true, value: undefined };
        const { head } = run;
        if (head === null) {
          finish();
          throw new RunRemoved('the run was removed');
        }
        if (head === undefined || (begun && position >= head.lines && !head.ended)) {
          // Nothing is awaited between the look above and this: no wake-up can fall in between.
          await woken();
          continue;
        }
        try {
          const batch = await look(head);
          if (batch === null) continue;
          begun = true;
          if (batch.final) finish();
          return { done: false, value: batch };
        } catch (error) {
          if (!isDatabaseAway(error)) throw error;
          stumbled = true;
          await woken();
        }
      }
    }
    return {
      next,
      return() {
        finish();
        wakeUp();
        return Promise.resolve({ done: true, value: undefined });
      },
      [Symbol.asyncIterator]() {
        return this;
      },
    };
  }

  return {
    follow: createReader,
    async stop() {
      stopped = true;
      for (const unsubscribe of subscriptions) unsubscribe();
      cancelEvents?.();
      for (const { readers } of followed.values()) for (const wake of readers) wake();
      await loop.stop();
      cancelTimer();
    },
  };
}
