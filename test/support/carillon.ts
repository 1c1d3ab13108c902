import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import { startCarillon } from '../../src/compose.ts';
import { readConfig } from '../../src/config.ts';
import { takeTestDatabase } from './database.ts';
import type { Hooks } from './database.ts';

export const ADMIN_TOKEN = 'test-admin-token-0123456789';

/** What a GraphQL answer holds; tests say what they expect of `data`. */
export interface Answer<Data> {
  data: Data;
  errors?: { message: string; path?: string[]; extensions: { code: string } }[];
}
export interface Client {
  url: string;
  /** Sends an operation over HTTP. @param token  null: none */
  ask<Data>(query: string, variables?: Record<string, unknown>, token?: string | null): Promise<Answer<Data>>;
}

export function createClient(url: string): Client {
  return {
    url,
    async ask<Data>(query: string, variables: Record<string, unknown> = {}, token: string | null = ADMIN_TOKEN) {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...(token !== null && { authorization: `Bearer ${token}` }) },
        body: JSON.stringify({ query, variables }),
      });
      return (await response.json()) as Answer<Data>;
    },
  };
}

/** A whole Carillon in this process, on a free port. @returns how to ask it and how to stop it */
export async function startInstance(
  databaseUrl: string,
  env: Record<string, string> = {},
): Promise<Client & { stop(): Promise<void> }> {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'carillon-test-'));
  const config = readConfig(
    {
      PORT: '0',
      DATABASE_URL: databaseUrl,
      CARILLON_DATA: dataDir,
      CARILLON_ADMIN_TOKEN: ADMIN_TOKEN,
      CARILLON_HTTP_ALLOW_PRIVATE: 'true',
      CARILLON_RATE_LIMIT: 'off',
      // No task but those that a test makes.
      CARILLON_KEEP_RUNS: 'forever',
      CARILLON_KEEP_EVENTS: 'forever',
      CARILLON_KEEP_LEDGER: 'forever',
      ...env,
    },
    dataDir,
  );
  const carillon = await startCarillon(config, pino({ level: process.env['LOG_LEVEL'] ?? 'silent' }));
  const stop = async () => {
    await carillon.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
  return { ...createClient(carillon.url), stop };
}

/** An instance on a database of its own; stopped when the test (or, with `{ after }`, the file) ends. */
export async function startTestCarillon(t: Hooks, env: Record<string, string> = {}): Promise<Client & { databaseUrl: string }> {
  let stop = async () => undefined as void;
  const databaseUrl = await takeTestDatabase(t, () => stop());
  const instance = await startInstance(databaseUrl, env);
  stop = instance.stop;
  return { ...instance, databaseUrl };
}
