import type { Clock } from '../clock.ts';
import type { RunQueue } from '../queue/queue.ts';
import { workerQueue } from '../queue/queue.ts';
import type { Store } from '../store/open.ts';
import { purgeEvents, purgeLedger, purgeRuns, purgeWorkers } from '../store/retention.ts';
import { defineTask, z } from '../task/defineTask.ts';
import type { CodeTask } from '../task/defineTask.ts';
import { formatDuration, parseDuration } from '../trigger/duration.ts';

/** How long what happened is kept, in milliseconds; null: for ever. */
export interface Retention {
  runsMs: number | null;
  eventsMs: number | null;
  ledgerMs: number | null;
}

export const RETENTION_KEY = 'carillon.retention';
const SHORTEST_MS = 3_600_000;
const keep = z
  .string()
  .refine(isKeep, { message: "must be 'forever' or an ISO 8601 duration of at least PT1H" })
  .describe("ISO 8601 duration of at least PT1H, or 'forever'");

/** Carillon's own clean-up: a task like any other, so that everybody sees when it ran, what it removed, and can run it by hand. */
export function retentionTask(
  { store, queue, clock }: { store: Store; queue: RunQueue; clock: Clock },
  kept: Retention,
): CodeTask {
  const input = { runs: format(kept.runsMs), events: format(kept.eventsMs), ledger: format(kept.ledgerMs) };
  return defineTask({
    key: RETENTION_KEY,
    group: 'carillon',
    name: 'Retention',
    description:
      'Removes runs, events and ledger rows that are older than they are kept. Fired occurrences stay counted in the ledger.',
    // Run by hand without an input it does what it does every night.
    input: z.object({ runs: keep.default(input.runs), events: keep.default(input.events), ledger: keep.default(input.ledger) }),
    timeout: 'PT1H',
    schedules: [{ name: RETENTION_KEY, description: 'Every night.', trigger: { cron: { expression: '17 3 * * *' } }, input }],
    async run({ input: kept, signal, progress }) {
      const removed = { runs: 0, eventDays: [] as string[], ledgerRows: 0, workers: 0 };
      const before = (text: string) => (text === 'forever' ? null : clock.now() - milliseconds(text));
      const say = () =>
        progress(removed.runs + removed.ledgerRows, undefined, `${removed.runs} runs, ${removed.ledgerRows} ledger rows`);
      const runsBefore = before(kept.runs);
      if (runsBefore !== null) {
        for (let count = -1; count !== 0; removed.runs += count) {
          signal.throwIfAborted();
          count = await purgeRuns(store, runsBefore, clock.now());
          say();
        }
        const workers = await purgeWorkers(store, runsBefore);
        for (const id of workers) await queue.remove(workerQueue(id));
        removed.workers = workers.length;
      }
      const ledgerBefore = before(kept.ledger);
      for (let count = -1; ledgerBefore !== null && count !== 0; removed.ledgerRows += count) {
        signal.throwIfAborted();
        count = await purgeLedger(store, ledgerBefore);
        say();
      }
      const eventsBefore = before(kept.events);
      if (eventsBefore !== null) removed.eventDays = await purgeEvents(store, eventsBefore);
      return removed;
    },
  });
}

function isKeep(text: string): boolean {
  if (text === 'forever') return true;
  const parsed = parseDuration(text);
  return parsed.ok && parsed.ms >= SHORTEST_MS;
}

function milliseconds(text: string): number {
  const parsed = parseDuration(text);
  if (!parsed.ok) throw new RangeError(parsed.message);
  return parsed.ms;
}

function format(ms: number | null): string {
  return ms === null ? 'forever' : formatDuration(ms);
}
