import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { test } from 'node:test';
import { buildASTSchema, parse, validate } from 'graphql';
import { signingContext } from '../../src/domain/httpSecrets.ts';
import { createSecretBox } from '../../src/secrets.ts';
import { executor, requestTo, runWith, serve } from './httpServer.ts';

const ROOT = new URL('../../', import.meta.url);
const PAGE = readFileSync(new URL('docs/http-tasks.md', ROOT), 'utf8');

/** The blocks of one language, in order. */
const blocks = (language: string): string[] =>
  [...PAGE.matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].flatMap(([, name, text]) =>
    name === language && text !== undefined ? [text] : [],
  );

type Verify = (headers: IncomingHttpHeaders, body: Buffer, secret: string) => boolean;
const [code = ''] = blocks('js');
const { verify } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as { verify: Verify };

test('what docs/http-tasks.md shows verifies what is sent, and nothing that was changed, is old or has another secret', async (t) => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`;
  const box = createSecretBox([Buffer.alloc(32, 1)]);
  const got: { headers: IncomingHttpHeaders; body: Buffer }[] = [];
  const origin = await serve(t, (request, response) => {
    void request.toArray().then((chunks) => {
      got.push({ headers: request.headers, body: Buffer.concat(chunks as Buffer[]) });
      response.end();
    });
  });
  const signed = { ...requestTo(origin, { body: { a: 'é' } }), signingSecret: box.seal(secret, signingContext('http:hook')) };
  await executor(t, { secrets: box }).execute(signed, runWith());
  await executor(t, { secrets: box, now: () => Date.now() - 301_000 }).execute(signed, runWith());
  const [fresh, old] = got;
  assert.ok(fresh !== undefined && old !== undefined);
  const { headers, body } = fresh;
  assert.equal(verify(headers, body, secret), true);
  const both = { ...headers, 'webhook-signature': `v1,AAAA ${String(headers['webhook-signature'])}` };
  assert.equal(verify(both, body, secret), true);
  const refused: [rule: string, headers: IncomingHttpHeaders, body: Buffer, secret?: string][] = [
    ['another body', headers, Buffer.from('{"a":"e"}')],
    ['another id', { ...headers, 'webhook-id': 'run-2' }, body],
    ['another time', { ...headers, 'webhook-timestamp': String(Number(headers['webhook-timestamp']) + 1) }, body],
    ['another secret', headers, body, `whsec_${Buffer.alloc(32, 8).toString('base64')}`],
    ['no signature', { ...headers, 'webhook-signature': undefined }, body],
    ['no headers', {}, body],
    ['an old request', old.headers, old.body],
  ];
  assert.deepEqual(
    refused.filter(([, given, bytes, key = secret]) => verify(given, bytes, key)).map(([rule]) => rule),
    [],
  );
});

test('its operations are valid', () => {
  const schema = buildASTSchema(parse(readFileSync(new URL('schema.graphql', ROOT), 'utf8')));
  const operations = blocks('graphql');
  assert.equal(operations.length, 1);
  for (const operation of operations) assert.deepEqual(validate(schema, parse(operation)), []);
});
