import type { WorkerState } from '../../api/schema.generated.ts';

interface Worker {
  state: WorkerState;
  hostname: string;
  pid: number;
  capacity: number;
  runningCount: number;
  lastHeartbeatAt: string;
}

const ORDER: readonly WorkerState[] = ['RUNNING', 'DRAINING', 'LOST', 'STOPPED'];

/** Those that are alive first, by name: they keep their places from one look to the next. Lost ones by when they were heard of last. */
export function inOrder<W extends Worker>(workers: readonly W[]): W[] {
  return workers.toSorted(
    (a, b) =>
      ORDER.indexOf(a.state) - ORDER.indexOf(b.state) ||
      (a.state === 'LOST' ? b.lastHeartbeatAt.localeCompare(a.lastHeartbeatAt) : 0) ||
      a.hostname.localeCompare(b.hostname) ||
      a.pid - b.pid,
  );
}

/** Places are those of workers that take runs. */
export function totalsOf(workers: readonly Worker[]): { alive: number; lost: number; taken: number; places: number } {
  const alive = workers.filter(({ state }) => state === 'RUNNING' || state === 'DRAINING');
  const sum = (of: (worker: Worker) => number) => alive.reduce((total, worker) => total + of(worker), 0);
  return {
    alive: alive.length,
    lost: workers.filter(({ state }) => state === 'LOST').length,
    taken: sum(({ runningCount }) => runningCount),
    places: sum(({ capacity }) => capacity),
  };
}
