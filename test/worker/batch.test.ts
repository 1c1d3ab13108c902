import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createBatcher } from '../../src/worker/batch.ts';

/** A write that ends when it is told to; it answers each item in capitals. */
function writes() {
  const open: PromiseWithResolvers<void>[] = [];
  const batches: string[][] = [];
  return {
    batches,
    async write(items: string[]): Promise<string[]> {
      batches.push(items);
      const end = Promise.withResolvers<void>();
      open.push(end);
      await end.promise;
      return items.map((item) => item.toUpperCase());
    },
    async end(): Promise<void> {
      open.shift()?.resolve();
      await turn();
    },
    async fail(): Promise<void> {
      open.shift()?.reject(new Error('refused'));
      await turn();
    },
  };
}
/** Everything that is ready has run when this settles. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('an idle batcher writes at once', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 10);
  const result = batcher.add('a');
  await Promise.resolve();
  assert.deepEqual(store.batches, [['a']], 'in this very turn');
  await store.end();
  assert.equal(await result, 'A');
});

test('what comes in the same turn goes into one batch, each item with its own result', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 10);
  const results = Promise.all(['a', 'b', 'c'].map((item) => batcher.add(item)));
  await turn();
  await store.end();
  assert.deepEqual(await results, ['A', 'B', 'C']);
  assert.deepEqual(store.batches, [['a', 'b', 'c']]);
});

test('what comes during a write goes into the next one, and two never run at a time', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 10);
  const first = batcher.add('a');
  await turn();
  const later = Promise.all([batcher.add('b'), turn().then(() => batcher.add('c'))]);
  await turn();
  assert.deepEqual(store.batches, [['a']]);
  await store.end();
  assert.deepEqual(store.batches, [['a'], ['b', 'c']]);
  await store.end();
  assert.deepEqual([await first, ...(await later)], ['A', 'B', 'C']);
});

test('a batch is no larger than its limit; the rest follows in order', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 2);
  const results = Promise.all([...'abcde'].map((item) => batcher.add(item)));
  await turn();
  for (let batch = 0; batch < 3; batch += 1) await store.end();
  assert.deepEqual(store.batches, [['a', 'b'], ['c', 'd'], ['e']]);
  assert.deepEqual(await results, [...'ABCDE']);
});

test('a write that fails rejects the items of its batch, and only those', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 2);
  const results = Promise.allSettled([...'abc'].map((item) => batcher.add(item)));
  await turn();
  await store.fail();
  await store.end();
  assert.deepEqual(
    (await results).map((result) => (result.status === 'fulfilled' ? result.value : String(result.reason))),
    ['Error: refused', 'Error: refused', 'C'],
  );
});

test('a write that throws before it answers a promise is a failed write', async () => {
  const batcher = createBatcher<string, string>(() => {
    throw new Error('at once');
  }, 2);
  await assert.rejects(batcher.add('a'), /at once/);
  await assert.rejects(batcher.add('b'), /at once/, 'the next one is written all the same');
});

test('after a rest it writes again', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 10);
  for (const item of ['a', 'b']) {
    const result = batcher.add(item);
    await turn();
    await store.end();
    assert.equal(await result, item.toUpperCase());
  }
  assert.deepEqual(store.batches, [['a'], ['b']]);
});

test('an item that is added because another was written is not forgotten', async () => {
  const store = writes();
  const batcher = createBatcher(store.write, 10);
  const chain = batcher.add('a').then(() => batcher.add('b'));
  await turn();
  await store.end();
  await store.end();
  assert.equal(await chain, 'B');
});
