import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import type { CryptoKey, JWK, JWTPayload } from 'jose';
import type { Hooks } from './database.ts';

export const ISSUER = 'https://id.example/realm';
export const AUDIENCE = 'carillon';

interface Key {
  kid: string;
  alg: string;
  publicJwk: JWK;
  privateKey: CryptoKey;
}

/** An issuer of JWTs that serves its public keys over HTTP. */
export async function startIssuer(t: Hooks) {
  /** What is served. */
  const published: JWK[] = [];
  const state = { away: false, asked: 0 };
  const server = createServer((_, res) => {
    state.asked += 1;
    res.writeHead(state.away ? 503 : 200, { 'content-type': 'application/json' }).end(JSON.stringify({ keys: published }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });

  async function newKey(kid: string, alg = 'ES256', publish = true): Promise<Key> {
    const { publicKey, privateKey } = await generateKeyPair(alg, { extractable: true });
    const publicJwk = { ...(await exportJWK(publicKey)), kid, alg, use: 'sig' };
    if (publish) published.push(publicJwk);
    return { kid, alg, publicJwk, privateKey };
  }

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`,
    published,
    state,
    newKey,
    /** A token of this issuer for this server, for ten minutes from `now`; each claim may be another, or left out by undefined. */
    sign(
      { kid, alg, privateKey }: Key,
      now: number,
      claims: JWTPayload = {},
      header: Record<string, unknown> = {},
    ): Promise<string> {
      const seconds = Math.floor(now / 1000);
      const payload = { iss: ISSUER, aud: AUDIENCE, sub: 'u-1', iat: seconds, exp: seconds + 600, ...claims };
      return new SignJWT(payload).setProtectedHeader({ alg, kid, ...header }).sign(privateKey);
    },
  };
}
