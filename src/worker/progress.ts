import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import { storableText } from '../domain/storableJson.ts';
import type { Store } from '../store/open.ts';
import { writeProgress } from '../store/progress.ts';
import type { Progress } from '../store/progress.ts';
import { iso } from '../store/runs.ts';
import type { Hold } from '../store/runs.ts';

/** What a task says in between is overtaken by what it says next. */
const WRITE_MS = 500;
const MAX_MESSAGE_CHARS = 500;

export interface ProgressWriter {
  /** Remembers the newest word of an attempt and writes it soon, together with those of others. Figures that are none are left out. */
  say(hold: Hold, done: number, total?: number, message?: string): void;
  /** Writes what an attempt has said and is not written yet: before its end is. */
  flush(hold: Hold): Promise<void>;
  stop(): void;
}

export function createProgressWriter({ store, clock, log }: { store: Store; clock: Clock; log: Logger }): ProgressWriter {
  const latest = new Map<string, Hold & { progress: Progress }>();
  let cancel: (() => void) | undefined;

  async function write(said: (Hold & { progress: Progress })[]): Promise<void> {
    if (said.length === 0) return;
    try {
      await writeProgress(store.sql, clock.now(), said, store.signals.payload(['events']));
      store.signals.raise(['events']);
    } catch (error) {
      // Nothing depends on it, and the next word says more.
      log.debug({ err: error }, 'progress could not be written');
    }
  }

  return {
    say(hold, done, total, message) {
      if (!Number.isFinite(done) || done < 0) return;
      const progress = {
        done,
        total: total !== undefined && Number.isFinite(total) && total >= 0 ? total : null,
        message: message === undefined ? null : storableText(String(message).slice(0, MAX_MESSAGE_CHARS)),
        updatedAt: iso(clock.now()),
      };
      latest.set(hold.lease, { ...hold, progress });
      cancel ??= clock.after(WRITE_MS, () => {
        cancel = undefined;
        const said = [...latest.values()];
        latest.clear();
        void write(said);
      });
    },
    async flush({ lease }) {
      const said = latest.get(lease);
      latest.delete(lease);
      if (said !== undefined) await write([said]);
    },
    stop() {
      cancel?.();
    },
  };
}
