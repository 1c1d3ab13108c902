import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'graphql';
import { createDocumentStore } from '../../src/graphql/documents.ts';

/** 100 characters. */
const document = (name: string) => parse(`{ ${name} }`.padEnd(100));

test('a document is the same one as long as it is kept: what has been checked is known again', async () => {
  const store = createDocumentStore(1000);
  const a = document('a');
  await store.set('a', a);
  assert.equal(await store.get('a'), a);
  assert.equal(await store.get('b'), undefined);
  await store.delete('a');
  assert.equal(await store.get('a'), undefined);
});

test('past the limit the one that nobody has asked for longest is forgotten', async () => {
  const store = createDocumentStore(300);
  for (const name of ['a', 'b', 'c']) await store.set(name, document(name));
  await store.get('a');
  await store.set('d', document('d'));
  const kept = [];
  for (const name of ['a', 'b', 'c', 'd']) if (await store.get(name)) kept.push(name);
  assert.deepEqual(kept, ['a', 'c', 'd']);
});

test('what is set again or deleted is counted once', async () => {
  const store = createDocumentStore(300);
  for (let again = 0; again < 10; again += 1) await store.set('a', document('a'));
  for (let gone = 0; gone < 10; gone += 1) await store.delete('nobody');
  for (const name of ['b', 'c']) await store.set(name, document(name));
  assert.ok(await store.get('a'));
});

test('a document that is longer than all that may be kept is not kept, and nothing else is harmed later', async () => {
  const store = createDocumentStore(99);
  await store.set('a', document('a'));
  assert.equal(await store.get('a'), undefined);
  const short = parse('{ b }');
  await store.set('b', short);
  assert.equal(await store.get('b'), short);
});
