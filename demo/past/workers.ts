import { newId } from '../../src/store/ids.ts';
import type { Chance } from '../chance.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export interface PastWorker {
  id: string;
  hostname: string;
  pid: number;
  version: string;
  state: 'STOPPED' | 'LOST';
  startedAt: number;
  /** When it was last heard of. */
  endedAt: number;
  /** Has the code of the warehouse, and of nothing else. */
  warehouse: boolean;
}

/** While nothing ran at all: the database could not be reached. */
export interface Outage {
  from: number;
  until: number;
}
export function outageBefore(now: number): Outage {
  const from = now - 5 * DAY_MS - 2 * HOUR_MS;
  return { from, until: from + 40 * 60_000 };
}

/** Who has run the past: two or three at a time, replaced by deployments and by the outage. @param now  epoch ms */
export function pastWorkers(now: number, began: number, outage: Outage): PastWorker[] {
  const firstRelease = now - 10 * DAY_MS - 7 * HOUR_MS;
  const secondRelease = now - 2 * DAY_MS - 4 * HOUR_MS;
  const back = outage.until;
  const begin = began - HOUR_MS;
  const worker = (
    hostname: string,
    pid: number,
    startedAt: number,
    endedAt: number,
    more: Partial<PastWorker> = {},
  ): PastWorker => ({
    id: newId('wrk'),
    hostname,
    pid,
    version: startedAt < secondRelease ? '0.0.9' : '0.1.0',
    state: 'STOPPED',
    startedAt,
    endedAt,
    warehouse: false,
    ...more,
  });
  return [
    worker('scheduler-fra-1', 2114, begin, firstRelease),
    worker('scheduler-fra-2', 2090, begin + 60_000, firstRelease + 90_000),
    worker('scheduler-fra-1', 18411, firstRelease + 20_000, outage.from, { state: 'LOST' }),
    worker('scheduler-fra-2', 18760, firstRelease + 110_000, outage.from, { state: 'LOST' }),
    worker('scheduler-fra-1', 912, back, secondRelease),
    worker('scheduler-fra-2', 933, back + 4_000, secondRelease + 80_000),
    worker('scheduler-iad-1', 1207, back + 60_000, now - 20 * HOUR_MS),
    worker('scheduler-fra-1', 40_188, secondRelease + 15_000, now - 3_000),
    worker('scheduler-fra-2', 40_307, secondRelease + 100_000, now - 2_000),
    worker('etl-warehouse-1', 5521, begin, now - 3 * HOUR_MS, { state: 'LOST', warehouse: true }),
  ];
}

/** Those that could take a run then. */
export function workersAt(workers: readonly PastWorker[], at: number, warehouse = false): PastWorker[] {
  const found = workers.filter((one) => one.warehouse === warehouse && one.startedAt <= at && at < one.endedAt);
  // Between two: the one that comes takes it.
  return found.length > 0 ? found : workers.filter((one) => one.warehouse === warehouse).slice(-1);
}

export const anyWorker = (chance: Chance, workers: readonly PastWorker[], at: number, warehouse: boolean): string =>
  chance.pick(workersAt(workers, at, warehouse)).id;
