import { ensureAdminToken } from '../src/auth/tokens.ts';
import { retentionTask } from '../src/builtin/retention.ts';
import { backfillSchedule } from '../src/commands/backfillSchedule.ts';
import type { CommandParts } from '../src/commands/command.ts';
import type { Config } from '../src/config.ts';
import { createTriggerCache } from '../src/domain/schedule.ts';
import type { Logger } from '../src/log.ts';
import { openQueue } from '../src/queue/queue.ts';
import type { RunQueue } from '../src/queue/queue.ts';
import { readSecretKeys } from '../src/secretKeys.ts';
import { createSecretBox } from '../src/secrets.ts';
import { startEmbeddedPostgres } from '../src/store/embedded.ts';
import { openStore } from '../src/store/open.ts';
import { queuedColumns } from '../src/store/runs.ts';
import type { QueuedRun } from '../src/store/runs.ts';
import { loadTasks } from '../src/task/loadTasks.ts';
import { JONAS } from './fleet/people.ts';
import { createStoryClock } from './past/chronicle.ts';
import { storyBegin, wellDone } from './past/stage.ts';
import { tellStory } from './past/story.ts';
import { outageBefore, pastWorkers } from './past/workers.ts';

const DAY_MS = 86_400_000;

/** Makes the fleet and its past in the empty data folder of `config`. @param origin  of the target of HTTP tasks */
export async function seed(config: Config, adminToken: string, origin: string, log: Logger): Promise<void> {
  const quiet = { info: (text: string) => log.debug(text), warn: (text: string) => log.warn(text) };
  const embedded = await startEmbeddedPostgres({ dataDir: config.dataDir, log: quiet });
  try {
    let opened: RunQueue | undefined;
    const store = await openStore(embedded.connectionString, log, async (sql) => {
      opened = await openQueue(sql, log);
    });
    const queue = opened as RunQueue;
    try {
      const now = Date.now();
      const began = storyBegin(now);
      const clock = createStoryClock(began);
      await ensureAdminToken(store, adminToken, began, () => Promise.resolve());
      const secrets = createSecretBox(await readSecretKeys(config, log));
      const parts = { store, queue, clock, triggerOf: createTriggerCache(1_000), secrets };
      const { tasks } = await loadTasks(config.tasksDir);
      // As the server does.
      const keepsAll = Object.values(config.keep).every((ms) => ms === null);
      const outage = outageBefore(now);
      await tellStory({
        parts: { ...parts, queue: { ...queue, enqueue: () => Promise.resolve() } },
        log,
        world: { now, outage, workers: pastWorkers(now, began, outage) },
        codeTasks: keepsAll ? tasks : [retentionTask(parts, config.keep), ...tasks],
        origin,
        tokens: new Map(),
      });
      await begin(parts, now);
    } finally {
      await queue.stop();
      await store.close();
    }
  } finally {
    await embedded.stop();
  }
}

/** What goes on when the server starts: a backfill, and what waits for a worker that is gone. */
async function begin(parts: CommandParts, now: number): Promise<void> {
  const { store, queue } = parts;
  const midnight = Math.floor(now / DAY_MS) * DAY_MS;
  const range = { from: new Date(midnight - 20 * DAY_MS), until: new Date(midnight - 17 * DAY_MS) };
  await wellDone(
    backfillSchedule({ ...parts, queue: { ...queue, enqueue: () => Promise.resolve() } }, JONAS, {
      ref: { name: 'sales-hourly' },
      range,
      concurrency: 2,
      reason: 'numbers for the yearly review',
    }),
  );
  await store.hotTransaction(async ({ sql }) => {
    const waiting = await sql.query<QueuedRun>(
      `/* demoQueued */ SELECT ${queuedColumns('r')} FROM run r JOIN task t ON t.id = r.task_id WHERE r.state = 'QUEUED'`,
    );
    await queue.enqueue(sql, waiting);
    // Nobody was there to hear of the past.
    await sql.query(`/* demoEvents */ TRUNCATE event`);
    await sql.query(
      `/* demoTokens */
UPDATE api_token SET last_used_at = CASE name WHEN 'contractor-lena' THEN expires_at - interval '5 hours' WHEN 'old-pipeline' THEN revoked_at - interval '2 days'
                                              WHEN 'ci-deploy' THEN to_timestamp($1::float8 / 1000) - interval '3 hours' ELSE to_timestamp($1::float8 / 1000) - interval '4 minutes' END
 WHERE name <> 'admin'`,
      [now],
    );
  });
  await store.sql.query('/* demoAnalyze */ ANALYZE');
}
