import { PgBoss } from 'pg-boss';
import type { Logger } from 'pino';
import { deliveryPriority } from '../domain/priority.ts';
import { createOutage } from '../outage.ts';
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
  /**
   * Takes deliveries, at most `count` and perhaps fewer than there are: ask until none come. Those of the highest priority first;
   * none below `minPriority`. Nobody else gets them.
   */
  take(queue: string, count: number, minPriority?: number): Promise<Delivery[]>;
  /** Removes deliveries that were acted on or dropped. */
  settle(queue: string, deliveries: readonly Delivery[]): Promise<void>;
  /**
   * Of these queues, those in which deliveries of the highest priority wait that there is in any of them: one statement, where asking
   * each for its deliveries would be many. Null: nothing waits.
   */
  foremost(queues: readonly string[]): Promise<{ queues: string[]; priority: number } | null>;
  /** Makes these queues unless they are there already: before the first run for them can be written. */
  prepare(queues: readonly string[]): Promise<void>;
  /** Removes a queue with what is in it. */
  remove(queue: string): Promise<void>;
  /** Of these queued runs, those that no waiting job will deliver. */
  undelivered(runs: readonly QueuedRun[]): Promise<QueuedRun[]>;
  stop(): Promise<void>;
}

/** `take` filters by queue only, and a worker takes what it has the code for: one queue for all HTTP tasks, and one for each code task. */
export const HTTP_QUEUE = 'http';
/** By id: the names of queues may not hold all that keys may. */
export const taskQueue = (taskId: string) => `code/${taskId}`;
/** What is for one worker alone: runs of tasks of scope LOCAL. */
export const workerQueue = (workerId: string) => `worker/${workerId}`;

function queueOf({ localWorkerId, taskKind, taskId }: QueuedRun): string {
  if (localWorkerId !== null) return workerQueue(localWorkerId);
  return taskKind === 'HTTP' ? HTTP_QUEUE : taskQueue(taskId);
}

const SCHEMA = 'pgboss';
/** Ids of the deliveries that wait to be taken, for statements that look for runs which have none. */
export const WAITING_JOB_IDS = `SELECT id FROM ${SCHEMA}.job WHERE state = 'created'`;
const QUEUE_OPTIONS = {
  // Retries, delays and buffers are due times in our own rows: the queue only delivers what may run.
  retryLimit: 0,
  // A worker that dies between taking and starting: the job fails after this, the run is delivered anew by the reaper before.
  heartbeatSeconds: 10,
  expireInSeconds: 60,
  deleteAfterSeconds: 60,
};

function bossOn(sql: Sql, log: Logger): PgBoss {
  const outage = createOutage('the run queue, maintaining itself', log);
  const { executeSql } = adapter(sql);
  const boss = new PgBoss({
    db: {
      async executeSql(text, values) {
        const result = await executeSql(text, values);
        outage.over();
        return result;
      },
    },
    schema: SCHEMA,
    schedule: false,
    superviseIntervalSeconds: 5,
    monitorIntervalSeconds: 5,
    maintenanceIntervalSeconds: 60,
    monitorVacuum: false,
  });
  // Unheard, an 'error' event would end the process.
  boss.on('error', (error) => void outage.failed(error));
  return boss;
}

/** @param prepare  whether a text gets a name, by which it is prepared once per connection (store/sql.ts) */
function adapter(sql: Sql, prepare: (values: unknown[]) => boolean = (values) => values.length > 0) {
  return {
    executeSql: async (text: string, values: unknown[] = []) => ({
      rows: await sql.query<object>(prepare(values) ? named(text) : text, values),
    }),
  };
}

/**
 * pg-boss sends its texts unprepared, and planning them costs more than running them. Those that come again and again get a name;
 * maintenance, several statements in one text and without values, must not.
 */
function named(text: string): string {
  let name = names.get(text);
  if (name === undefined && names.size < MAX_PREPARED) {
    name = `/* boss${names.size} */ `;
    names.set(text, name);
  }
  return `${name ?? ''}${text}`;
}
const names = new Map<string, string>();
/** A bound, should a text ever come to hold values: prepared statements stay in memory as long as their connection. */
const MAX_PREPARED = 100;

/**
 * Starts the queue and brings its own schema up to date: call it under the migration lock (store/open.ts).
 * @param sql  statements outside a transaction
 */
export async function openQueue(sql: Sql, log: Logger): Promise<RunQueue> {
  const boss = bossOn(sql, log);
  await boss.start();
  await boss.createQueue(HTTP_QUEUE, QUEUE_OPTIONS);
  const takeAdapter = adapter(sql, () => true);
  return {
    async enqueue(tx, runs) {
      for (const [queue, members] of Map.groupBy(runs, queueOf)) {
        const jobs = members.map(({ jobId, runId, attempt, origin, priority }) => ({
          id: jobId,
          data: { runId, attempt },
          priority: deliveryPriority(priority, origin),
        }));
        await boss.insert(queue, jobs, { db: adapter(tx) });
      }
    },
    async take(queue, count, minPriority) {
      // A power of two: the size is part of the text, and each text is prepared on its own.
      const batchSize = 2 ** Math.floor(Math.log2(count));
      const jobs = await boss.fetch<{ runId: string; attempt: number }>(queue, {
        batchSize,
        db: takeAdapter,
        ...(minPriority !== undefined && { minPriority }),
      });
      return jobs.map((job) => ({ jobId: job.id, runId: job.data.runId, attempt: job.data.attempt }));
    },
    async settle(queue, deliveries) {
      if (deliveries.length > 0)
        await boss.deleteJob(
          queue,
          deliveries.map((delivery) => delivery.jobId),
        );
    },
    async foremost(queues) {
      const rows = await sql.query<{ name: string; priority: number }>(
        `/* foremostQueues */
SELECT q.name, top.priority FROM jsonb_array_elements_text($1::jsonb) AS q(name), LATERAL (
  SELECT j.priority FROM ${SCHEMA}.job j WHERE j.name = q.name AND j.state < 'active' AND NOT j.blocked ORDER BY j.priority DESC LIMIT 1
) top`,
        [JSON.stringify(queues)],
      );
      if (rows.length === 0) return null;
      const priority = Math.max(...rows.map((row) => row.priority));
      return { queues: rows.filter((row) => row.priority === priority).map((row) => row.name), priority };
    },
    async prepare(queues) {
      for (const queue of queues) await boss.createQueue(queue, QUEUE_OPTIONS);
    },
    async remove(queue) {
      await boss.deleteQueue(queue);
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
