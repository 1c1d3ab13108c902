import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { isDatabaseAway } from '../databaseAway.ts';
import { MAX_LOG_BYTES, MAX_LOG_LINES, toLogEntry } from '../domain/logLine.ts';
import type { LogEntry } from '../domain/logLine.ts';
import { createLoop } from '../loop.ts';
import { createOutage } from '../outage.ts';
import { appendLogs } from '../store/logs.ts';
import type { SaidLine } from '../store/logs.ts';
import type { Store } from '../store/open.ts';
import { iso } from '../store/runs.ts';
import type { Hold } from '../store/runs.ts';

/** Lines of all attempts are gathered for this long, or until there are so many. */
const WRITE_MS = 100;
const WRITE_LINES = 200;
/** One statement takes no more: others wait for the locks that it holds. */
const MAX_BATCH_LINES = 1_000;
/** What all attempts of a worker may have waiting together; each may have as much as its run could keep. */
const MAX_WAITING_BYTES = 8 * 1024 * 1024;
/** What a line takes in memory beside its text. */
const LINE_BYTES = 200;

export interface LogWriter {
  /** Takes a line and returns at once; over the bounds the line is dropped and counted. */
  add(hold: Hold, step: string | null, entry: LogEntry): void;
  /** Settles when all that an attempt has said is written, or cannot be: before its end is. Forgets the attempt. */
  flush(hold: Hold): Promise<void>;
  stop(): void;
}

/** What one attempt has said and is not written yet. */
interface Queue {
  hold: Hold;
  lines: SaidLine[];
  bytes: number;
  /** Lines that were dropped behind the last one of `lines`. */
  dropped: number;
  /** Nothing more is kept: the run's cap is reached, or the lease is somebody else's. */
  closed: boolean;
  writing: boolean;
  flushed: (() => void)[];
}
interface Batch {
  queue: Queue;
  lines: SaidLine[];
}

export function createLogWriter({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): LogWriter {
  const queues = new Map<string, Queue>();
  const outage = createOutage('the worker, writing the logs of runs', log);
  let waitingBytes = 0;
  let waitingLines = 0;
  let cancelTimer: (() => void) | null = null;
  let away = false;

  function push(queue: Queue, line: SaidLine): void {
    queue.lines.push(line);
    queue.bytes += sizeOf(line);
    waitingBytes += sizeOf(line);
    waitingLines += 1;
  }
  function pull(queue: Queue, count: number): SaidLine[] {
    const lines = queue.lines.splice(0, count);
    for (const line of lines) {
      queue.bytes -= sizeOf(line);
      waitingBytes -= sizeOf(line);
    }
    waitingLines -= lines.length;
    return lines;
  }
  /** The count of dropped lines stands where they would have stood. */
  function tellDropped(queue: Queue): void {
    if (queue.dropped === 0) return;
    const entry = toLogEntry('WARN', `${queue.dropped} lines were dropped here: they came faster than they could be written`);
    queue.dropped = 0;
    push(queue, { ...entry, step: null, at: iso(clock.now()) });
  }
  function close(queue: Queue): void {
    queue.closed = true;
    pull(queue, queue.lines.length);
    queue.dropped = 0;
  }

  /** Of every attempt its share, those that were served longest ago first. */
  function take(): Batch[] {
    const waiting = [...queues.values()].filter((queue) => queue.lines.length > 0 || queue.dropped > 0);
    const batches: Batch[] = [];
    let room = MAX_BATCH_LINES;
    for (const [index, queue] of waiting.entries()) {
      const share = Math.ceil(room / (waiting.length - index));
      if (queue.lines.length < share) tellDropped(queue);
      const lines = pull(queue, share);
      room -= lines.length;
      if (lines.length === 0) continue;
      queue.writing = true;
      batches.push({ queue, lines });
      queues.delete(queue.hold.lease);
      queues.set(queue.hold.lease, queue);
    }
    return batches;
  }

  async function write(batches: readonly Batch[]): Promise<void> {
    const said = batches.map(({ queue, lines }) => ({ ...queue.hold, lines }));
    const heard = new Map(
      (await appendLogs(store.sql, said, store.signals.payload(['logs']))).map(({ lease, truncated }) => [lease, truncated]),
    );
    store.signals.raise(['logs']);
    for (const { queue } of batches) if (heard.get(queue.hold.lease) !== false) close(queue);
  }

  function putBack({ queue, lines }: Batch): void {
    const later = pull(queue, queue.lines.length);
    for (const line of [...lines, ...later]) push(queue, line);
  }

  /** @returns whether the database took, or refused, all of it */
  async function writeOrKeep(batches: readonly Batch[]): Promise<boolean> {
    try {
      await write(batches);
      return true;
    } catch (error) {
      if (isDatabaseAway(error)) {
        batches.forEach(putBack);
        away = true;
        schedule(outage.failed(error));
        return false;
      }
      if (batches.length > 1) {
        // One that the database refuses must not take the words of others with it.
        for (const [index, batch] of batches.entries()) {
          if (await writeOrKeep([batch])) continue;
          batches.slice(index + 1).forEach(putBack);
          return false;
        }
        return true;
      }
      const [{ queue, lines }] = batches as [Batch];
      // Errors of the database quote what they refuse, and what tasks say has no place in the server's own log.
      const { code } = error as { code?: unknown };
      log.warn({ runId: queue.hold.runId, lines: lines.length, code }, 'the log of a run could not be written and is given up');
      close(queue);
      return true;
    }
  }

  const loop = createLoop(async () => {
    cancelTimer?.();
    cancelTimer = null;
    away = false;
    for (let batches = take(); batches.length > 0; batches = take()) {
      const done = await writeOrKeep(batches);
      for (const { queue } of batches) {
        queue.writing = false;
        settle(queue);
      }
      if (!done) return;
      outage.over();
    }
  });

  function schedule(delayMs: number): void {
    cancelTimer ??= clock.after(delayMs, () => {
      cancelTimer = null;
      loop.wake();
    });
  }
  function settle(queue: Queue): void {
    if (queue.writing || queue.lines.length > 0 || queue.dropped > 0) return;
    for (const resolve of queue.flushed.splice(0)) resolve();
  }

  return {
    add(hold, step, entry) {
      let queue = queues.get(hold.lease);
      if (queue === undefined) {
        queue = { hold, lines: [], bytes: 0, dropped: 0, closed: false, writing: false, flushed: [] };
        queues.set(hold.lease, queue);
      }
      if (queue.closed) return;
      const line: SaidLine = { ...entry, step, at: iso(clock.now()) };
      const full = queue.lines.length > MAX_LOG_LINES || queue.bytes > MAX_LOG_BYTES + MAX_LOG_LINES * LINE_BYTES;
      if (full || waitingBytes > MAX_WAITING_BYTES) queue.dropped += 1;
      else {
        tellDropped(queue);
        push(queue, line);
      }
      if (away) return;
      if (waitingLines >= WRITE_LINES) loop.wake();
      else schedule(WRITE_MS);
    },
    async flush({ lease }) {
      const queue = queues.get(lease);
      if (queue === undefined) return;
      const done = new Promise<void>((resolve) => queue.flushed.push(resolve));
      settle(queue);
      if (!away) loop.wake();
      await done;
      queues.delete(lease);
    },
    stop() {
      cancelTimer?.();
      cancelTimer = null;
    },
  };
}

function sizeOf(line: SaidLine): number {
  return line.bytes + LINE_BYTES;
}
