import { cpus } from 'node:os';

/** What the benchmarks share: cleaning up however they end, and figures. */

export interface Cleanups {
  /** Called at the end, the last first. */
  after(clean: () => Promise<void> | void): void;
}

/** Runs a benchmark and prints its lines; what it started is stopped and removed at its end, on Ctrl-C and on SIGTERM. */
export async function runBenchmark(measure: (hooks: Cleanups) => Promise<readonly string[]>): Promise<void> {
  const cleanups: (() => Promise<void> | void)[] = [];
  let cleaning: Promise<void> | undefined;
  let interrupted = false;
  const cleanUp = () =>
    (cleaning ??= (async () => {
      // Also what a measurement under way still adds.
      for (let clean = cleanups.shift(); clean !== undefined; clean = cleanups.shift()) {
        try {
          await clean();
        } catch (error) {
          if (!interrupted) console.error(error);
        }
      }
    })());
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      interrupted = true;
      void cleanUp().then(() => process.exit(1));
    });
  }
  try {
    const lines = await measure({ after: (clean) => void cleanups.unshift(clean) });
    console.log(lines.join('\n'));
  } catch (error) {
    // What an interrupted measurement misses is what the cleaning took from it.
    if (!interrupted) throw error;
  } finally {
    await cleanUp();
  }
}

export const machine = () => `Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`;

const ascending = (values: readonly number[]) => values.toSorted((a, b) => a - b);

/** Nearest rank: a value that occurred. @param share  in (0, 1]; NaN when there are no values */
export function percentile(values: readonly number[], share: number): number {
  return ascending(values)[Math.max(0, Math.ceil(share * values.length) - 1)] ?? Number.NaN;
}

export const median = (values: readonly number[]) => percentile(values, 0.5);

/** @returns milliseconds */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

/** @returns the argument as a whole number from 1, or the fallback when it was not given; null when it is anything else */
export function countArgument(text: string | undefined, fallback: number): number | null {
  const count = Number(text ?? fallback);
  return Number.isInteger(count) && count >= 1 ? count : null;
}
