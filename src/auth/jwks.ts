import { readFile } from 'node:fs/promises';
import { createLocalJWKSet, errors } from 'jose';
import type { JSONWebKeySet, JWTVerifyGetKey } from 'jose';
import type { Logger } from 'pino';
import { Refused } from './refused.ts';

/** Where an issuer's public keys are found. */
export type JwksLocation = { url: string } | { file: string };

/** Keys that were withdrawn are known no more after this, unless the issuer is away. */
const STALE_MS = 10 * 60_000;
/** Unknown key ids cost the issuer one request in this time, whoever makes them up. */
const COOLDOWN_MS = 10_000;
const FETCH_TIMEOUT_MS = 5_000;

export interface KeySource {
  /** @throws Error when there is no key set to be had */
  load(): Promise<void>;
  /** @throws JWKSNoMatchingKey; Refused (UNAVAILABLE) when the set cannot be read and none of the keys known so far fits */
  key: JWTVerifyGetKey;
}

/** The keys of an issuer, read again for a key id that is unknown and when they are old. While the issuer is away the known ones go on. */
export function createKeySource(location: JwksLocation, clock: { now(): number }, log: Logger): KeySource {
  let keys: JWTVerifyGetKey | null = null;
  let loadedAt = -Infinity;
  let triedAt = -Infinity;
  let away = false;
  let loading: Promise<void> | null = null;

  async function load(): Promise<void> {
    triedAt = clock.now();
    keys = createLocalJWKSet(await readKeys(location));
    loadedAt = clock.now();
    if (away) log.info(location, 'the keys for JWTs can be read again');
    away = false;
  }
  /** Callers that come together wait for one answer. */
  async function tryToLoad(): Promise<void> {
    if (loading === null && clock.now() - triedAt < COOLDOWN_MS) return;
    loading ??= load()
      .catch((error: unknown) => {
        log[away ? 'debug' : 'warn'](
          { ...location, reason: reasonOf(error) },
          'the keys for JWTs cannot be read; known ones go on',
        );
        away = true;
      })
      .finally(() => (loading = null));
    await loading;
  }

  return {
    load,
    async key(header, token) {
      if (clock.now() - loadedAt > STALE_MS) await tryToLoad();
      try {
        if (keys !== null) return await keys(header, token);
      } catch (error) {
        if (!(error instanceof errors.JWKSNoMatchingKey)) throw error;
      }
      await tryToLoad();
      if (keys !== null && !away) return keys(header, token);
      throw new Refused('UNAVAILABLE', 'The keys that JWTs are checked with cannot be read right now; try again.');
    },
  };
}

async function readKeys(location: JwksLocation): Promise<JSONWebKeySet> {
  if ('file' in location) return JSON.parse(await readFile(location.file, 'utf8')) as JSONWebKeySet;
  const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS);
  // Not followed: a redirect could lead from https to anywhere.
  const response = await fetch(location.url, { signal, redirect: 'error', headers: { accept: 'application/json' } });
  if (response.status !== 200) throw new Error(`the answer is ${response.status}`);
  return (await response.json()) as JSONWebKeySet;
}

/** fetch says what happened in the cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}
