import { once } from 'node:events';
import { createServer } from 'node:net';
import type { Config } from './config.ts';
import { ConfigError } from './config.ts';
import { isDatabaseAway } from './databaseAway.ts';

/** What a start finds out about settings only by using them: said by the name of the setting, as for a value that cannot be one. */

/**
 * Listens where the server will, for a moment. Before anything else is made: a first start that ends here would have told nobody its token.
 * @throws ConfigError when that cannot be
 */
export async function tryAddress({ host, port }: Pick<Config, 'host' | 'port'>): Promise<void> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, 'listening');
  } catch (error) {
    throw addressFault(error, host, port);
  }
  server.close();
  await once(server, 'close');
}

function addressFault(error: unknown, host: string, port: number): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const problem = {
    EADDRINUSE: `PORT is ${port}, which is taken on ${host}. Stop what listens there, or set another one`,
    EACCES: `PORT is ${port}, which this user may not listen on. Allowed are ports from 1024, or a user that may`,
    EADDRNOTAVAIL: `HOST is ${host}, which is no address of this machine. Allowed is one of its own, or 0.0.0.0 or :: for all of them`,
    ENOTFOUND: `HOST is ${host}, a name that has no address. Allowed is an address of this machine, or a name of it`,
  }[code ?? ''];
  return problem === undefined ? error : new ConfigError([problem]);
}

/** PostgreSQL: 28000 and 28P01 who it lets in, 3D000 no such database, 42501 may not. */
const REFUSED = /^(28000|28P01|3D000|42501)$/;

/** @param url  DATABASE_URL: neither its password nor its user is said */
export function databaseFault(error: unknown, url: string): unknown {
  const { code, message } = error as { code?: unknown; message?: string };
  if (!isDatabaseAway(error) && !REFUSED.test(String(code))) return error;
  const { host, pathname } = new URL(url);
  return new ConfigError([`DATABASE_URL names ${host}${pathname}, a database that cannot be used: ${message || String(code)}`]);
}

export function tasksFault(error: unknown, folder: string): unknown {
  const { code } = error as NodeJS.ErrnoException;
  const problem = { ENOTDIR: 'is no folder', EACCES: 'this user may not read' }[code ?? ''];
  return problem === undefined
    ? error
    : new ConfigError([
        `CARILLON_TASKS is ${folder}, which ${problem}. Allowed is a folder; one that does not exist has no tasks`,
      ]);
}
