import { constants } from 'node:os';
import path from 'node:path';
import { VERSION, startCarillon } from './compose.ts';
import type { Carillon } from './compose.ts';
import { ConfigError, readConfig } from './config.ts';
import type { Config } from './config.ts';
import { createLog } from './log.ts';
import type { Logger } from './log.ts';
import { EmbeddedPostgresError } from './store/embedded.ts';
import { DatabaseTooNewError } from './store/migrations.ts';

/** A stop that has not ended by then is cut short: leases run out, and the next start recovers what was left. */
const STOP_LIMIT_MS = 30_000;

/** Both are said with `from`, the run whose code has led to it, when that is known, and with what else was under way. */
const UNCAUGHT =
  'an error that nothing caught: the process stops in order, and is to be started again. It is a fault of the server, or of a task ' +
  'that throws outside of its promise (in a timer, a listener): with isolation THREAD such a task fails its own run only';
const UNHANDLED =
  'a rejection that nothing handled; the process goes on. It is a fault of the server, or of a task that has left a promise alone';

async function main(): Promise<void> {
  const config = readConfigOrExit();
  const log = createLog(config);
  let carillon: Carillon | undefined;
  const underWay = () => carillon?.underWay();
  process.on('unhandledRejection', (error) => log.error({ err: error, ...underWay() }, UNHANDLED));
  const starting = startCarillon(config, log);
  const stop = createStop(starting, log);
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error, ...underWay() }, UNCAUGHT);
    void stop(1, 1);
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const)
    process.on(signal, () => void stop(0, 128 + constants.signals[signal], signal));
  try {
    carillon = await starting;
    process.stdout.write(banner(carillon, config));
  } catch (error) {
    fail(error);
  }
}

/** The first call stops everything in order and ends the process with `code`, or `cutShort`; a repeated one changes nothing. */
function createStop(starting: Promise<Carillon>, log: Logger) {
  let stopping = false;
  return async (code: number, cutShort: number, signal?: string): Promise<void> => {
    if (stopping) return;
    stopping = true;
    log.info({ signal }, 'stopping');
    setTimeout(() => {
      log.error('the stop took too long and was cut short; the next start recovers');
      process.exit(cutShort);
    }, STOP_LIMIT_MS).unref();
    try {
      await (await starting).stop();
      process.exit(code);
    } catch (error) {
      log.error({ err: error }, 'the stop failed; the next start recovers');
      process.exit(1);
    }
  };
}

function readConfigOrExit(): Config {
  try {
    return readConfig(process.env, process.cwd());
  } catch (error) {
    return fail(error);
  }
}

/** What the user can mend is said in a sentence; everything else with its stack. */
function fail(error: unknown): never {
  const known = error instanceof ConfigError || error instanceof EmbeddedPostgresError || error instanceof DatabaseTooNewError;
  process.stderr.write(known ? `${error.message}\n` : `Carillon could not start: ${describe(error)}\n`);
  process.exit(1);
}

function describe(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}

function banner(carillon: Carillon, config: Config): string {
  const lines = [
    `Carillon ${VERSION} is ready.`,
    `  Dashboard    ${carillon.url}/`,
    `  GraphQL      ${carillon.url}/graphql`,
    `  GraphiQL     ${carillon.url}/graphiql`,
    `  Streams      ${carillon.url}/graphql/stream`,
    `  Data         ${carillon.embedded?.dataDir ?? 'your database (DATABASE_URL)'}`,
  ];
  if (carillon.adminSecret !== null) {
    lines.push(
      `  Admin token  ${carillon.adminSecret}`,
      `               kept in ${path.join(config.dataDir, 'admin-token')}, and not shown again`,
      `  Log in with  ${carillon.url}/#/login?token=${carillon.adminSecret}`,
    );
  }
  return `${lines.join('\n')}\n`;
}

await main();
