import path from 'node:path';
import { parseArgs } from 'node:util';
import { startCarillon } from '../src/compose.ts';
import type { Carillon } from '../src/compose.ts';
import { ConfigError, readConfig } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import type { Logger } from '../src/log.ts';
import { EmbeddedPostgresError } from '../src/store/embedded.ts';
import { DemoError, clearFolder, keptToken, readMarker, writeMarker } from './folder.ts';
import { seed } from './seed.ts';
import { startTarget } from './target.ts';
import type { Target } from './target.ts';

/** `npm run demo`: a server with a fleet that has a past, for looking at. With `-- --fresh` the fleet is made anew. */

const TASKS = path.join(import.meta.dirname, 'tasks');

async function main(): Promise<void> {
  const { values } = parseArgs({ options: { fresh: { type: 'boolean', default: false } } });
  // Never somebody's own database.
  const { DATABASE_URL: _, ...environment } = process.env;
  const config = readConfig(
    {
      CARILLON_DATA: '.carillon-demo',
      CARILLON_HTTP_ALLOW_PRIVATE: '127.0.0.1',
      LOG_LEVEL: 'error',
      ...environment,
      CARILLON_TASKS: TASKS,
    },
    process.cwd(),
  );
  const log = createLog(config);
  const { dataDir } = config;
  const marker = values.fresh ? null : await readMarker(dataDir);
  if (marker === null) await clearFolder(dataDir);
  const adminToken = config.adminToken ?? (await keptToken(dataDir));
  const target = await startTarget(marker?.targetPort ?? 0);
  const targetPort = Number(new URL(target.origin).port);
  const say = (text: string) => process.stdout.write(`${text}\n`);
  if (marker === null) {
    say('Making a fleet with two weeks of history …');
    await writeMarker(dataDir, { ready: false, targetPort });
    await seed(config, adminToken, target.origin, log);
    await writeMarker(dataDir, { ready: true, targetPort });
  }
  const carillon = await startCarillon({ ...config, adminToken }, log);
  onSignals(carillon, target, log);
  if (marker !== null && marker.targetPort !== targetPort) await moveTarget(carillon, adminToken, target);
  say(
    [
      'The demo of Carillon is ready.',
      `  Open         ${carillon.url}/#/login?token=${adminToken}`,
      `  GraphQL      ${carillon.url}/graphql`,
      `  Data         ${dataDir} (npm run demo -- --fresh makes it anew)`,
    ].join('\n'),
  );
}

function onSignals(carillon: Carillon, target: Target, log: Logger): void {
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    process.stdout.write('Stopping: runs under way have ten seconds …\n');
    try {
      await carillon.stop();
      await target.stop();
      process.exit(0);
    } catch (error) {
      log.error({ err: error }, 'the stop failed');
      process.exit(1);
    }
  };
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.on(signal, () => void stop());
}

/** Somebody else has the port that the HTTP tasks call: they are told the other one. */
async function moveTarget({ url }: Carillon, token: string, target: Target): Promise<void> {
  const ask = async <Data>(query: string, variables: Record<string, unknown> = {}): Promise<Data> => {
    const response = await fetch(`${url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify({ query, variables }),
    });
    return ((await response.json()) as { data: Data }).data;
  };
  interface Found {
    tasks: { nodes: { id: string; http: { url: string } }[] };
  }
  const { tasks } = await ask<Found>('{ tasks(first: 100, filter: { kinds: [HTTP] }) { nodes { id http { url } } } }');
  for (const { id, http } of tasks.nodes) {
    const moved = `${target.origin}${new URL(http.url).pathname}`;
    await ask(
      'mutation ($id: ID!, $url: URL!) { updateHttpTask(task: { id: $id }, patch: { url: $url }) { userErrors { message } } }',
      {
        id,
        url: moved,
      },
    );
  }
}

try {
  await main();
} catch (error) {
  const known = error instanceof ConfigError || error instanceof EmbeddedPostgresError || error instanceof DemoError;
  process.stderr.write(
    known ? `${error.message}\n` : `The demo could not start: ${error instanceof Error ? error.stack : String(error)}\n`,
  );
  process.exit(1);
}
