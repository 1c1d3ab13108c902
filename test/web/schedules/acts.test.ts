import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inBatches, oneByOne } from '../../../web/src/pages/schedules/bulk.ts';
import { heldText } from '../../../web/src/pages/schedules/held.ts';
import { Touched } from '../../../web/src/pages/schedules/touched.ts';

const ids = (count: number) => Array.from({ length: count }, (_, n) => `id-${n}`);

test('thousands are changed a hundred at a time, and what is done so far is told', async () => {
  const [sizes, told]: [number[], number[]] = [[], []];
  const act = async (batch: string[]) => {
    sizes.push(batch.length);
    return { ok: true as const, payload: { count: batch.length } };
  };
  assert.deepEqual(await inBatches(ids(250), act, (done) => told.push(done)), { done: 250, fault: null });
  assert.deepEqual([sizes, told], [[100, 100, 50], [100, 200, 250]]); // prettier-ignore
});

const ENDS = [
  { rule: 'the first is refused', failing: 1, unknown: false, done: 0, left: 'Nothing was changed.' },
  { rule: 'a later one is refused', failing: 2, unknown: false, done: 100, left: '100 were changed before it, 150 were not.' },
  { rule: 'the first has no answer', failing: 1, unknown: true, done: 0, left: '100 may have been changed, 150 were not.' },
  { rule: 'a later one has no answer', failing: 2, unknown: true, done: 100, left: '100 were changed before it, 100 may have been changed, 50 were not.' },
  { rule: 'the last has no answer', failing: 3, unknown: true, done: 200, left: '200 were changed before it, 50 may have been changed.' },
]; // prettier-ignore
for (const { rule, failing, unknown, done, left } of ENDS) {
  test(`it ends with the first that fails, and says of all what is known, ${rule}: ${left}`, async () => {
    let calls = 0;
    const act = async (batch: string[]) => {
      calls += 1;
      return calls === failing
        ? { ok: false as const, faults: [{ message: 'It is gone.' }], unknown }
        : { ok: true as const, payload: { count: batch.length } };
    };
    const result = await inBatches(ids(250), act, () => undefined);
    assert.deepEqual([result, calls], [{ done, fault: `It is gone. ${left}` }, failing]);
  });
}

test('one by one: no more at once than there are lanes, and each answer in its place', async () => {
  let [under, most] = [0, 0];
  const results: string[] = [];
  await oneByOne(
    ids(20),
    4,
    async (id) => {
      under += 1;
      most = Math.max(most, under);
      await Promise.resolve();
      under -= 1;
      return id;
    },
    (index, result) => {
      results[index] = result;
    },
  );
  assert.deepEqual([results, most], [ids(20), 4]);
});

const HELD = [
  { rule: 'one', looked: [{ state: 'PAUSED', pendingOccurrences: 3 }], count: 1, text: '3 occurrences held back so far.' },
  { rule: 'too many to count', looked: [{ state: 'PAUSED', pendingOccurrences: null }], count: 1, text: 'More than 10,000 occurrences held back so far.' },
  { rule: 'none is paused', looked: [{ state: 'ACTIVE', pendingOccurrences: 0 }], count: 1, text: 'None of them is paused: nothing will change.' },
  { rule: 'some are', looked: [{ state: 'PAUSED', pendingOccurrences: 1 }, { state: 'ACTIVE', pendingOccurrences: 0 }], count: 2, text: '1 is paused. 1 occurrence held back so far.' },
  { rule: 'more than were looked at', looked: [{ state: 'PAUSED', pendingOccurrences: 0 }], count: 300, text: 'Of the first 1 of them, 1 is paused. No occurrence held back so far.' },
]; // prettier-ignore
for (const { rule, looked, count, text } of HELD) {
  test(`what is held back, ${rule}: ${text}`, () => assert.equal(heldText(looked, count), text));
}

test('what is touched is read together, in batches, so far apart, and only while somebody looks', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout', 'Date'] });
  const read: (readonly string[])[] = [];
  let looked = true;
  const touched = new Touched({
    batch: 2,
    delayMs: 100,
    spacingMs: 1000,
    looked: () => looked,
    read: async (batch) => void read.push(batch),
  });
  const pass = async (ms: number) => {
    t.mock.timers.tick(ms);
    for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  };
  touched.touch(['a']);
  touched.touch(['b', 'a', 'c']);
  await pass(99);
  assert.deepEqual(read, []);
  await pass(1);
  assert.deepEqual(read, [['a', 'b']]);
  await pass(999);
  assert.equal(read.length, 1);
  await pass(1);
  assert.deepEqual(read[1], ['c']);
  looked = false;
  touched.touch(['d', 'e']);
  await pass(5000);
  assert.equal(read.length, 2);
  touched.keepOnly((id) => id === 'e');
  looked = true;
  touched.wake();
  await pass(1000);
  assert.deepEqual(read[2], ['e']);
  touched.stop();
  touched.touch(['f']);
  await pass(5000);
  assert.equal(read.length, 3);
});
