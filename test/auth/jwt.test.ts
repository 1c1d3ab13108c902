import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { SignJWT, UnsecuredJWT, exportSPKI, importJWK } from 'jose';
import type { CryptoKey } from 'jose';
import { pino } from 'pino';
import { createKeySource } from '../../src/auth/jwks.ts';
import { createJwtAuthenticator, looksLikeJwt } from '../../src/auth/jwt.ts';
import type { JwtTrust } from '../../src/auth/jwt.ts';
import { Refused } from '../../src/auth/refused.ts';
import type { Viewer } from '../../src/auth/viewer.ts';
import { createFakeClock } from '../support/clock.ts';
import { AUDIENCE, ISSUER, startIssuer } from '../support/issuer.ts';

const NOW = Date.parse('2026-03-01T12:00:00Z');
const seconds = (offset: number) => NOW / 1000 + offset;
const log = pino({ level: 'silent' });
const TRUST: JwtTrust = {
  issuer: ISSUER,
  audience: AUDIENCE,
  roleClaim: 'role',
  roles: new Map([
    ['VIEWER', 'VIEWER'],
    ['ops', 'OPERATOR'],
    ['platform-admins', 'ADMIN'],
  ]),
  clockToleranceMs: 30_000,
};

const issuer = await startIssuer({ after });
const key = await issuer.newKey('one');

function start(
  trust: Partial<JwtTrust> = {},
  location: Parameters<typeof createKeySource>[0] = issuer,
  clock = createFakeClock(NOW),
) {
  return createJwtAuthenticator({ ...TRUST, ...trust }, createKeySource(location, clock, log), clock, log);
}
const authenticate = start();

/** Who it is; 'nobody', or the code of what is said. */
async function answerOf(answer: Promise<Viewer | null>): Promise<Viewer | string> {
  try {
    return (await answer) ?? 'nobody';
  } catch (error) {
    if (error instanceof Refused) return error.code;
    throw error;
  }
}
const roleOf = async (token: string, by = authenticate) => {
  const answer = await answerOf(by(token));
  return typeof answer === 'string' ? answer : answer.role;
};
const sign = (claims: Record<string, unknown> = {}, header: Record<string, unknown> = {}) =>
  issuer.sign(key, NOW, { role: 'ops', ...claims }, header);

test('a token of the issuer for this server is its subject, with the role that its claim names, until it expires', async () => {
  assert.deepEqual(await authenticate(await sign()), {
    actor: { kind: 'USER', id: 'u-1', name: 'u-1' },
    role: 'OPERATOR',
    validUntil: NOW + 600_000,
  });
});

const names = [
  { rule: 'name', claims: { name: 'Ann Example', preferred_username: 'ann' }, name: 'Ann Example' },
  { rule: 'preferred_username', claims: { name: ' ', preferred_username: 'ann' }, name: 'ann' },
  { rule: 'sub', claims: { name: 7 }, name: 'u-1' },
  { rule: 'name without what cannot be stored', claims: { name: 'An\u0000n\ud800' }, name: 'An n' },
  { rule: 'the first 200 characters', claims: { name: 'x'.repeat(5_000) }, name: 'x'.repeat(200) },
];
for (const { rule, claims, name } of names) {
  test(`its name is taken from ${rule}`, async () => {
    assert.equal((await authenticate(await sign(claims)))?.actor.name, name);
  });
}

for (const alg of ['RS256', 'PS384', 'ES512', 'EdDSA']) {
  test(`${alg} is taken`, async () => {
    assert.equal(
      await roleOf(await issuer.sign(await issuer.newKey(`key-${alg}`, alg), NOW, { role: 'ops' }), start()),
      'OPERATOR',
    );
  });
}

const claims = [
  { rule: 'another audience', claims: { aud: 'others' }, answer: 'nobody' },
  { rule: 'one audience of several', claims: { aud: ['others', AUDIENCE] }, answer: 'OPERATOR' },
  { rule: 'no audience', claims: { aud: undefined }, answer: 'nobody' },
  { rule: 'another issuer', claims: { iss: `${ISSUER}/` }, answer: 'nobody' },
  { rule: 'no issuer', claims: { iss: undefined }, answer: 'nobody' },
  { rule: 'no end', claims: { exp: undefined }, answer: 'nobody' },
  { rule: 'an end that is no number', claims: { exp: 'tomorrow' }, answer: 'nobody' },
  { rule: 'ended by less than the tolerance', claims: { exp: seconds(-29) }, answer: 'OPERATOR' },
  { rule: 'ended by the tolerance', claims: { exp: seconds(-30) }, answer: 'UNAUTHENTICATED' },
  { rule: 'begins within the tolerance', claims: { nbf: seconds(30) }, answer: 'OPERATOR' },
  { rule: 'begins later', claims: { nbf: seconds(31) }, answer: 'nobody' },
  { rule: 'no subject', claims: { sub: undefined }, answer: 'nobody' },
  { rule: 'an empty subject', claims: { sub: '' }, answer: 'nobody' },
  { rule: 'a subject of 255 characters', claims: { sub: 'x'.repeat(255) }, answer: 'OPERATOR' },
  { rule: 'a subject of 256 characters', claims: { sub: 'x'.repeat(256) }, answer: 'nobody' },
  { rule: 'a subject that cannot be stored', claims: { sub: 'a\u0000' }, answer: 'nobody' },
  { rule: 'no role', claims: { role: undefined }, answer: 'FORBIDDEN' },
  { rule: 'a role that means nothing here', claims: { role: 'ADMIN' }, answer: 'FORBIDDEN' },
  { rule: 'a role in other letters', claims: { role: 'OPS' }, answer: 'FORBIDDEN' },
  { rule: 'a role that is no text', claims: { role: { ops: true } }, answer: 'FORBIDDEN' },
  { rule: 'several roles', claims: { role: ['VIEWER', 'platform-admins', 'ops', 7] }, answer: 'ADMIN' },
];
for (const { rule, claims: given, answer } of claims) {
  test(`claims: ${rule}: ${answer}`, async () => {
    assert.equal(await roleOf(await sign(given)), answer);
  });
}

const paths = [
  { rule: 'a path', claim: 'realm_access.roles', claims: { realm_access: { roles: ['ops'] } } },
  { rule: 'a name with dots', claim: 'https://app.example/role', claims: { 'https://app.example/role': 'ops' } },
];
for (const { rule, claim, claims: given } of paths) {
  test(`the role stands at ${rule}; what objects inherit is no claim`, async () => {
    const by = start({ roleClaim: claim });
    assert.equal(await roleOf(await sign(given), by), 'OPERATOR');
    assert.equal(await roleOf(await sign(), by), 'FORBIDDEN');
    const inherited = start({ roleClaim: 'constructor.name', roles: new Map([['Object', 'ADMIN']]) });
    assert.equal(await roleOf(await sign(), inherited), 'FORBIDDEN');
  });
}

test('a connection that begins within the tolerance after the end lasts until the end of the tolerance', async () => {
  assert.equal((await authenticate(await sign({ exp: seconds(-10) })))?.validUntil, NOW + 20_000);
});

test('forged tokens are nobody’s', async () => {
  const good = await sign();
  const [header = '', payload = '', signature = ''] = good.split('.');
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const raised = part({ ...JSON.parse(Buffer.from(payload, 'base64url').toString()), role: 'platform-admins' });
  const payloadOf = { iss: ISSUER, aud: AUDIENCE, sub: 'u-1', exp: seconds(600), role: 'platform-admins' };
  const publicKey = (await importJWK(key.publicJwk, 'ES256')) as CryptoKey;
  const hmac = (secret: string) =>
    new SignJWT(payloadOf).setProtectedHeader({ alg: 'HS256', kid: 'one' }).sign(Buffer.from(secret.padEnd(32)));
  const stranger = await issuer.newKey('one', 'ES256', false);
  const forged = {
    'another payload': [header, raised, signature].join('.'),
    'no signature': [header, payload, ''].join('.'),
    'alg none': new UnsecuredJWT(payloadOf).encode(),
    'alg none with a key id': [part({ alg: 'none', kid: 'one' }), raised, ''].join('.'),
    'the public key as a secret': await hmac(JSON.stringify(key.publicJwk)),
    'the public key as PEM as a secret': await hmac(await exportSPKI(publicKey)),
    'a key of its own with the same id': await issuer.sign(stranger, NOW, { role: 'ops' }),
    'a key of its own in the header': await issuer.sign(stranger, NOW, { role: 'ops' }, { jwk: stranger.publicJwk }),
    'a critical extension': [part({ alg: 'ES256', kid: 'one', crit: ['b64'], b64: false }), payload, signature].join('.'),
    'no JSON': [header, 'bm8', signature].join('.'),
  };
  for (const [rule, token] of Object.entries(forged)) {
    assert.equal(looksLikeJwt(token), true, rule);
    assert.equal(await roleOf(token), 'nobody', rule);
  }
  assert.equal(await roleOf(good), 'OPERATOR');
});

test('what an API token looks like is no JWT', () => {
  for (const text of ['car_eyJhbGciOi.e30.x', 'eyJhbGciOi', 'eyJ.e30', 'eyJ.e30.x.y.z', 'a.b.c'])
    assert.equal(looksLikeJwt(text), false, text);
});

/** An issuer of its own, and a clock to move. */
async function alone(t: TestContext) {
  const own = await startIssuer(t);
  const clock = createFakeClock(NOW);
  const by = start({}, own, clock);
  const ask = async (of: Awaited<ReturnType<typeof own.newKey>>, header = {}) =>
    roleOf(await own.sign(of, clock.now(), { role: 'ops' }, header), by);
  return { own, clock, ask };
}

test('a key id that is unknown makes the keys be read again, at most every ten seconds', async (t) => {
  const { own, clock, ask } = await alone(t);
  const first = await own.newKey('first');
  assert.equal(await ask(first), 'OPERATOR');
  clock.advanceTo(NOW + 10_000);
  const second = await own.newKey('second');
  assert.deepEqual([await ask(second), await ask(first), own.state.asked], ['OPERATOR', 'OPERATOR', 2]);
  const stranger = await own.newKey('stranger', 'ES256', false);
  for (let n = 0; n < 5; n += 1) assert.equal(await ask(stranger), 'nobody');
  assert.equal(own.state.asked, 2);
  clock.advanceTo(NOW + 20_000);
  assert.deepEqual(await Promise.all([ask(stranger), ask(stranger)]), ['nobody', 'nobody']);
  assert.equal(own.state.asked, 3, 'those that come together cost one request');
});

test('a key that is withdrawn is known no more after ten minutes', async (t) => {
  const { own, clock, ask } = await alone(t);
  const [first, second] = [await own.newKey('first'), await own.newKey('second')];
  assert.equal(await ask(first), 'OPERATOR');
  own.published.shift();
  clock.advanceTo(NOW + 600_001);
  assert.deepEqual([await ask(first), await ask(second)], ['nobody', 'OPERATOR']);
});

test('while the issuer is away tokens of known keys go on, others are UNAVAILABLE; when it is back all is well', async (t) => {
  const { own, clock, ask } = await alone(t);
  const first = await own.newKey('first');
  own.state.away = true;
  assert.equal(await ask(first), 'UNAVAILABLE');
  own.state.away = false;
  assert.equal(await ask(first), 'UNAVAILABLE', 'not asked again at once');
  clock.advanceTo(NOW + 10_000);
  assert.equal(await ask(first), 'OPERATOR');
  const second = await own.newKey('second');
  own.state.away = true;
  clock.advanceTo(NOW + 3_600_000);
  assert.deepEqual([await ask(first), await ask(second)], ['OPERATOR', 'UNAVAILABLE']);
  own.state.away = false;
  clock.advanceTo(NOW + 3_610_000);
  assert.deepEqual([await ask(first), await ask(second)], ['OPERATOR', 'OPERATOR']);
});

test('without a key id each key that fits is tried', async (t) => {
  const { own, ask } = await alone(t);
  const [first, second] = [await own.newKey('first'), await own.newKey('second')];
  for (const each of [first, second]) assert.equal(await ask(each, { kid: undefined }), 'OPERATOR');
  assert.equal(await ask(await own.newKey('stranger', 'ES256', false), { kid: undefined }), 'nobody');
});

test('keys are read from a file, too', async (t) => {
  const folder = await mkdtemp(path.join(tmpdir(), 'carillon-keys-'));
  t.after(() => rm(folder, { recursive: true }));
  const file = path.join(folder, 'keys.json');
  await writeFile(file, JSON.stringify({ keys: [key.publicJwk] }));
  assert.equal(await roleOf(await sign(), start({}, { file })), 'OPERATOR');
  for (const content of ['no json', '{}', '{"keys":7}']) {
    await writeFile(file, content);
    await assert.rejects(createKeySource({ file }, createFakeClock(NOW), log).load(), Error, content);
  }
});
