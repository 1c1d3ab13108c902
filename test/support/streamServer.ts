import { createDatabaseClock } from '../../src/clock.ts';
import { createLogFollower } from '../../src/events/logs.ts';
import { createRelay } from '../../src/events/relay.ts';
import { createContext } from '../../src/graphql/context.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { TIMEOUTS, createHttpServer } from '../../src/http/server.ts';
import { readStreamId } from '../../src/store/events.ts';
import { newId } from '../../src/store/ids.ts';
import { finishRuns, insertRuns, startRuns } from '../../src/store/runs.ts';
import type { Hooks } from './database.ts';
import { addTask, openParts } from './parts.ts';
import { addWorker, newRun } from './runs.ts';

/** The API without an engine and a worker: runs do what the test has written, and nothing else happens to them. */
export async function startStreamServer(t: Hooks) {
  const parts = await openParts(t);
  const { store, log } = parts;
  const clock = createDatabaseClock(async () => Date.now());
  const relay = createRelay({ store, clock, log });
  parts.defer(() => relay.stop());
  const logs = createLogFollower({ store, clock, log });
  parts.defer(() => logs.stop());
  const streamId = await readStreamId(store.sql);
  const api = { store, commands: parts, relay, logs, clock, streamId, version: '0.0.0' };
  const server = await createHttpServer({
    schema: createSchema(),
    authenticate: async () => ({ actor: { kind: 'TOKEN', id: 'test', name: null }, role: 'VIEWER' }),
    contextFor: (viewer, requestId) => createContext(api, { viewer, requestId }),
    ready: () => ({ ok: true }),
    log,
    host: '127.0.0.1',
    port: 0,
    production: true,
    rateLimit: 'off',
    trustProxy: 0,
    onTokensRevoked: () => () => undefined,
    persisted: null,
    corsOrigins: [],
    maxStreams: 1000,
    timeouts: TIMEOUTS,
    clock,
  });
  parts.defer(() => server.stop());
  await addTask(parts);
  const worker = await addWorker(parts);
  const template = await newRun(parts);
  const at = parts.clock.now();
  const written = () => store.signals.raise(['events']);
  return {
    parts,
    streamId,
    port: server.port,
    url: server.url,
    /** Each of these writes one event for each run. */
    async queue(count: number): Promise<string[]> {
      const runs = Array.from({ length: count }, () => ({ ...template, id: newId('run'), jobId: crypto.randomUUID() }));
      await insertRuns(store.sql, at, runs);
      written();
      return runs.map(({ id }) => id);
    },
    async start(ids: readonly string[]) {
      const holds = ids.map((runId) => ({ runId, attempt: 1, lease: crypto.randomUUID() as string }));
      await startRuns(store.sql, at, worker, at + 60_000, holds, store.signals.payload(['events']));
      written();
      return holds;
    },
    async finish(holds: readonly { runId: string; attempt: number; lease: string }[], state: 'SUCCEEDED' | 'FAILED') {
      const finishes = holds.map((hold) => ({ ...hold, state, output: null, error: null, retryAt: null }));
      await finishRuns(store.sql, at, finishes);
      written();
    },
  };
}
export type StreamServer = Awaited<ReturnType<typeof startStreamServer>>;
