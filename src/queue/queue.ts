import { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import type { QueuedRun } from '../store/runs.ts';
import type { Sql } from '../store/sql.ts';

/**
 * Delivery of runs to workers: pg-boss on the same database. A job is one delivery of one attempt and nothing more. Once the run
 * is RUNNING under its lease the job has done its work and is removed; the run row is what lives on (docs/decisions/0001).
 */
export interface Delivery {
  jobId: string;
  runId: string;
  attempt: number;
}
export interface RunQueue {
  /** Adds deliveries inside the caller's transaction. */
  enqueue(sql: Sql, runs: readonly QueuedRun[]): Promise<void>;
  /** Takes up to `count` deliveries; nobody else gets them. */
  take(queue: string, count: number): Promise<Delivery[]>;
  /** Removes deliveries that were acted on or dropped. */
  settle(queue: string, deliveries: readonly Delivery[]): Promise<void>;
  /** Of these queued runs, those that no waiting job will deliver. */
  undelivered(runs: readonly QueuedRun[]): Promise<QueuedRun[]>;
  stop(): Promise<void>;
}

/** One queue per code task, one for all HTTP tasks: `take` filters by queue only, and a worker takes what it has the code for. */
function queueOf(task: { taskKind: 'HTTP' | 'CODE'; taskKey: string }): string {
  return task.taskKind === 'HTTP' ? HTTP_QUEUE : `code/${task.taskKey}`;
}
export const HTTP_QUEUE = 'http';

const SCHEMA = 'pgboss';
const QUEUE_OPTIONS = {
  // Retries, delays and buffers are due times in our own rows: the queue only delivers what may run (SEMANTICS: Runs and attempts).
  retryLimit: 0,
  // A worker that dies between taking and starting: the job fails after this, the run is delivered anew by the reaper before.
  heartbeatSeconds: 10,
  expireInSeconds: 60,
  deleteAfterSeconds: 60,
};

function bossOn(sql: Sql, log: Logger): PgBoss {
  const boss = new PgBoss({
    db: adapter(sql),
    schema: SCHEMA,
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 60,
    monitorVacuum: false,
  });
  // Unheard, an 'error' event would end the process.
  boss.on('error', (error) => log.warn({ err: error }, 'run queue'));
  return boss;
}

function adapter(sql: Sql) {
  return {
    executeSql: async (text: string, values: unknown[] = []) => ({ rows: await sql.query<object>(text, values) }),
  };
}

/**
 * Starts the queue and brings its own schema up to date: call it under the migration lock (store/open.ts).
 * @param sql  statements outside a transaction
 */
export async function openQueue(sql: Sql, log: Logger): Promise<RunQueue> {
  const boss = bossOn(sql, log);
  await boss.start();
  await boss.createQueue(HTTP_QUEUE, QUEUE_OPTIONS);
  return {
    async enqueue(tx, runs) {
      for (const [queue, members] of Map.groupBy(runs, queueOf)) {
        const jobs = members.map(({ jobId, runId, attempt }) => ({ id: jobId, data: { runId, attempt } }));
        await boss.insert(queue, jobs, { db: adapter(tx) });
      }
    },
    async take(queue, count) {
      const jobs = await boss.fetch<{ runId: string; attempt: number }>(queue, { batchSize: count });
      return jobs.map((job) => ({ jobId: job.id, runId: job.data.runId, attempt: job.data.attempt }));
    },
    async settle(queue, deliveries) {
      if (deliveries.length > 0) await boss.deleteJob(queue, deliveries.map((delivery) => delivery.jobId));
    },
    async undelivered(runs) {
      if (runs.length === 0) return [];
      const waiting = await sql.query<{ id: string }>(
        `/* waitingJobs */ SELECT id::text FROM ${SCHEMA}.job WHERE state = 'created' AND id::text = ANY(SELECT jsonb_array_elements_text($1::jsonb))`,
        [JSON.stringify(runs.map((run) => run.jobId))],
      );
      const ids = new Set(waiting.map((job) => job.id));
      return runs.filter((run) => !ids.has(run.jobId));
    },
    async stop() {
      await boss.stop({ graceful: false });
    },
  };
}
