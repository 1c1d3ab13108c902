import { mkdir, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import path from 'node:path';
import packageJson from '../package.json' with { type: 'json' };
import { createAuthentication } from './auth/authenticate.ts';
import { ensureAdminToken } from './auth/tokens.ts';
import { forgetKeys } from './builtin/idempotencyKeys.ts';
import { applyTaskRetention } from './builtin/taskRetention.ts';
import { RETENTION_KEY, retentionTask } from './builtin/retention.ts';
import { createDatabaseClock } from './clock.ts';
import { SERVER, registerTasks } from './codeTasks.ts';
import { declareSchedules } from './commands/declareSchedules.ts';
import { recheckZones } from './commands/recheckZones.ts';
import { ConfigError } from './config.ts';
import type { Config } from './config.ts';
import { createTriggerCache } from './domain/schedule.ts';
import type { HttpRequest } from './domain/httpRequest.ts';
import { startEngine } from './engine/engine.ts';
import { LEASE_MS, reap } from './engine/reaper.ts';
import { createLogFollower } from './events/logs.ts';
import { createRelay } from './events/relay.ts';
import { askAsTask } from './graphql/ask.ts';
import { createContext } from './graphql/context.ts';
import { readPersistedDocuments } from './graphql/persistedFile.ts';
import { createSchema } from './graphql/schema.ts';
import { startHousekeeping } from './housekeeping.ts';
import { createHttpServer, TIMEOUTS } from './http/server.ts';
import type { Logger } from './log.ts';
import { createPulse } from './pulse.ts';
import { HTTP_QUEUE, openQueue } from './queue/queue.ts';
import type { RunQueue } from './queue/queue.ts';
import { readSecretKeys } from './secretKeys.ts';
import { createSecretBox } from './secrets.ts';
import { databaseFault, tasksFault, tryAddress } from './startFaults.ts';
import { startEmbeddedPostgres } from './store/embedded.ts';
import { ensureEventPartitions, readStreamId } from './store/events.ts';
import { openStore } from './store/open.ts';
import { findSecretKeys } from './store/taskSecrets.ts';
import { createCodeExecutor } from './task/kinds/code.ts';
import { createHttpExecutor } from './task/kinds/http.ts';
import { loadTasks } from './task/loadTasks.ts';
import { createThreads } from './task/threads.ts';
import { ZONE_DATA } from './zoneData.ts';
import { startWorker } from './worker/worker.ts';
import type { NamedAttempt } from './worker/worker.ts';

export const VERSION = packageJson.version;

/** A lease lasts three of these. */
const BEAT_MS = 2_000;
/** Runs at a time on one worker. */
const WORKER_CAPACITY = 50;
/** What runs may take to finish at a stop; the rest is handed back to be run elsewhere. */
const DRAIN_MS = 10_000;
const TRIGGER_CACHE = 1_000;

export interface Carillon {
  url: string;
  /** What was made because the database had no token at all: shown once. */
  adminSecret: string | null;
  /** null: your own database */
  embedded: { dataDir: string } | null;
  /** What this process is at, for the log: attempts, and the ids of requests. `from`: the attempt whose code has led to this call. */
  underWay(): { from: NamedAttempt | undefined; runs: NamedAttempt[]; requests: string[] };
  /** Settles when nothing is left running: requests answered, runs drained, database stopped. */
  stop(): Promise<void>;
}

/** Starts every part in the order in which they need each other. What was started when one fails is stopped again. */
export async function startCarillon(config: Config, log: Logger): Promise<Carillon> {
  const stops: (() => Promise<void>)[] = [];
  // One part that fails to stop must not keep the others, the database last of all, from being stopped.
  const stopAll = async () => {
    const failures: unknown[] = [];
    for (let stop = stops.pop(); stop !== undefined; stop = stops.pop())
      await stop().catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'not everything could be stopped in order');
  };
  try {
    return await startParts(config, log, stops, stopAll);
  } catch (error) {
    await stopAll().catch((stopError: unknown) => log.error({ err: stopError }, 'stopping after a failed start'));
    throw error;
  }
}

async function startParts(
  config: Config,
  log: Logger,
  stops: (() => Promise<void>)[],
  stopAll: () => Promise<void>,
): Promise<Carillon> {
  // A fault in the file stops the start before a database is touched.
  const schema = createSchema();
  const persisted = await persistedDocuments(config, schema);
  await tryAddress(config);
  const embedded =
    config.databaseUrl === null
      ? await startEmbeddedPostgres({
          dataDir: config.dataDir,
          log: { info: (text) => log.info(text), warn: (text) => log.warn(text) },
        })
      : null;
  if (embedded !== null) stops.push(() => embedded.stop());

  let queue: RunQueue | undefined;
  const store = await openStore(embedded?.connectionString ?? (config.databaseUrl as string), log, async (sql) => {
    queue = await openQueue(sql, log);
  }).catch((error: unknown) => {
    throw config.databaseUrl === null ? error : databaseFault(error, config.databaseUrl);
  });
  if (queue === undefined) throw new Error('the queue was not opened with the store');
  const deliveries = queue;
  stops.push(() => store.close());
  stops.push(() => deliveries.stop());

  const clock = createDatabaseClock(async () => {
    const [row] = await store.sql.query<{ now: number }>(
      `/* databaseNow */ SELECT (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS now`,
    );
    return (row as { now: number }).now;
  });
  await clock.sync();
  const makePartitions = () => store.hotTransaction((tx) => ensureEventPartitions(tx.sql, clock.now()));
  // A dump of the database may hold the table for hours. Without its partitions events lie in the default one: no reason not to start.
  await makePartitions().catch((error: unknown) =>
    log.warn({ err: error }, 'the partitions of the event table could not be made yet'),
  );
  const { jwt, anonymousViewer } = config;
  const authenticate = await createAuthentication({ store, clock, log, jwt, anonymousViewer }).catch((error: Error) => {
    throw new ConfigError([`CARILLON_JWT_JWKS names a file that cannot be used: ${error.message}`]);
  });

  const relay = createRelay({ store, clock, log });
  stops.push(() => relay.stop());
  const logs = createLogFollower({ store, clock, log });
  stops.push(() => logs.stop());
  const secrets = createSecretBox(await readSecretKeys(config, log));
  for (const use of await findSecretKeys(store.sql))
    if (!secrets.has(use.keyId))
      log.error(
        use,
        'secrets of tasks were stored under a key that is missing: set CARILLON_SECRET_KEY, or CARILLON_SECRET_KEY_OLD',
      );
  const commands = { store, queue: deliveries, clock, triggerOf: createTriggerCache(TRIGGER_CACHE), secrets };
  const parts = { store, commands, relay, logs, clock, streamId: await readStreamId(store.sql), version: VERSION };

  // Before anything fires: what was computed by other zone data may be due at another time.
  await recheckZones(commands, SERVER, log, ZONE_DATA);
  const { tasks, broken } = await loadTasks(config.tasksDir).catch((error: unknown) => {
    throw tasksFault(error, config.tasksDir);
  });
  for (const { file, reason } of broken) log.error({ file, reason }, 'a task module could not be loaded; the others are');
  const keepsAll = Object.values(config.keep).every((ms) => ms === null);
  const codeTasks = [...(keepsAll ? [] : [retentionTask({ store, queue: deliveries, clock }, config.keep)]), ...tasks];
  // Switched off after it was on: nobody would take what its schedule fires.
  if (keepsAll) await declareSchedules(commands, SERVER, RETENTION_KEY, []);
  const workerTasks = await registerTasks(commands, log, codeTasks);
  const threads = createThreads({ clock, log });
  stops.push(() => threads.close());
  const code = createCodeExecutor(codeTasks, (taskKey) => askAsTask(schema, parts, taskKey), threads);
  const httpTasks = createHttpExecutor({ allowPrivate: config.httpAllowPrivate, version: VERSION, secrets, now: clock.now });
  stops.push(() => Promise.resolve(httpTasks.close()));
  const worker = await startWorker({
    store,
    queue: deliveries,
    clock,
    log,
    queues: [HTTP_QUEUE],
    tasks: workerTasks,
    endedByForce: new Set(tasks.filter((task) => task.definition.isolation === 'THREAD').map((task) => task.definition.key)),
    execute: ({ http, scheduledFor, ...run }, signal, tools) =>
      run.taskKind === 'CODE'
        ? code.execute({ ...run, ...tools, scheduledFor, signal })
        : httpTasks.execute(http as HttpRequest, { ...run, scheduledFor: scheduledFor.getTime(), signal, log: tools.log }),
    capacity: WORKER_CAPACITY,
    leaseMs: LEASE_MS,
    identity: { hostname: hostname(), pid: process.pid, version: VERSION },
  });

  const pulse = createPulse(clock, BEAT_MS, LEASE_MS);
  const stopping = new AbortController();
  const housekeeping = startHousekeeping(
    [
      {
        name: 'heartbeat and reaper',
        when: BEAT_MS,
        // In this order: after a suspension this process takes up its own leases, on the right time, before it looks for lost ones.
        async run() {
          try {
            await clock.sync();
            await worker.beat();
          } catch (error) {
            pulse.missed();
            throw error;
          }
          pulse.beaten();
          if (pulse.steady()) await reap({ store, queue: deliveries, clock, log });
        },
      },
      { name: 'event partitions', when: '7 * * * *', run: makePartitions },
      {
        name: 'retention of tasks',
        when: '3-59/10 * * * *',
        run: async () => void (await applyTaskRetention({ store, clock, log }, stopping.signal)),
      },
      {
        name: 'idempotency keys',
        when: '23 * * * *',
        run: async () => void (await forgetKeys({ store, clock }, stopping.signal)),
      },
    ],
    clock,
    log,
  );
  stops.push(() => housekeeping.stop());
  stops.push(async () => stopping.abort());
  // Leases are kept until the last run has ended.
  stops.push(() => worker.stop(DRAIN_MS));
  const engine = startEngine({ store, queue: deliveries, clock, log });
  stops.push(() => engine.stop());

  // As late as can be: what stops the start before leaves no token behind that nobody was told.
  const adminSecret = await ensureAdminToken(store, config.adminToken, clock.now(), (secret) =>
    keepAdminSecret(config.dataDir, secret),
  );
  const server = await createHttpServer({
    schema,
    authenticate,
    trustProxy: config.trustProxy,
    onTokensRevoked: (listener) => store.signals.on('tokens', listener),
    contextFor: (viewer, requestId) => createContext(parts, { viewer, requestId }),
    ready: () => (pulse.alive() ? { ok: true } : { ok: false, reason: 'the database does not answer' }),
    log,
    host: config.host,
    port: config.port,
    production: config.production,
    rateLimit: config.rateLimit,
    persisted,
    corsOrigins: config.corsOrigins,
    maxStreams: config.maxStreams,
    timeouts: TIMEOUTS,
    clock,
  });
  stops.push(() => server.stop());
  return {
    url: server.url,
    adminSecret,
    embedded: embedded && { dataDir: embedded.dataDir },
    underWay: () => ({ ...worker.underWay(), requests: server.underWay() }),
    stop: stopAll,
  };
}

async function persistedDocuments(
  { persistedDocuments: file, requirePersisted: required, production }: Config,
  schema: ReturnType<typeof createSchema>,
) {
  return file === null ? null : { documents: await readPersistedDocuments(file, { schema, production }), required };
}

/** Readable by the owner only; the secret itself is not in the database. */
async function keepAdminSecret(dataDir: string, secret: string): Promise<void> {
  await mkdir(dataDir, { recursive: true });
  await writeFile(path.join(dataDir, 'admin-token'), `${secret}\n`, { mode: 0o600 });
}
