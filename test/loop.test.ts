import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLoop } from '../src/loop.ts';

/** Rounds that end when they are told to. */
function rounds() {
  const open: (() => void)[] = [];
  let begun = 0;
  let running = 0;
  let most = 0;
  return {
    async round(): Promise<void> {
      begun += 1;
      running += 1;
      most = Math.max(most, running);
      await new Promise<void>((resolve) => open.push(resolve));
      running -= 1;
    },
    /** Ends the oldest that runs, and lets everything follow that follows from it. */
    async end(): Promise<void> {
      open.shift()?.();
      await turn();
    },
    get begun() {
      return begun;
    },
    /** Most that ran at the same time. */
    get most() {
      return most;
    },
  };
}
/** Everything that is ready has run when this settles. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));
const isSettled = async (promise: Promise<void>): Promise<boolean> => {
  let settled = false;
  void promise.then(() => (settled = true));
  await turn();
  return settled;
};

test('nothing runs before it is woken', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  await loop.idle();
  assert.equal(work.begun, 0);
});

test('each wake-up while it rests makes a round', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  for (const nth of [1, 2, 3]) {
    loop.wake();
    await turn();
    assert.equal(work.begun, nth);
    await work.end();
  }
  assert.equal(work.begun, 3);
});

test('many wake-ups during a round make one more round, not many, and never two at a time', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  for (let woken = 0; woken < 10; woken += 1) loop.wake();
  await turn();
  for (let woken = 0; woken < 10; woken += 1) loop.wake();
  await work.end();
  assert.equal(work.begun, 2);
  await work.end();
  assert.deepEqual([work.begun, work.most], [2, 1]);
  assert.ok(await isSettled(loop.idle()));
});

test('a round that wakes its own loop is followed by another, not run inside itself', async () => {
  let depth = 0;
  let deepest = 0;
  let begun = 0;
  const loop = createLoop(async () => {
    begun += 1;
    depth += 1;
    deepest = Math.max(deepest, depth);
    if (begun < 5) loop.wake();
    await turn();
    depth -= 1;
  });
  loop.wake();
  await loop.idle();
  assert.deepEqual([begun, deepest], [5, 1]);
});

test('a wake-up at the very end of a round is not lost', async () => {
  let begun = 0;
  const loop = createLoop(async () => {
    begun += 1;
    await turn();
    if (begun === 1) queueMicrotask(loop.wake);
  });
  loop.wake();
  await loop.idle();
  await turn();
  await loop.idle();
  assert.equal(begun, 2);
});

test('idle waits for the round that runs and for the one that was asked for', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  loop.wake();
  await turn();
  loop.wake();
  const idle = loop.idle();
  await work.end();
  assert.equal(await isSettled(idle), false);
  await work.end();
  assert.equal(await isSettled(idle), true);
});

test('stop waits for the round that runs and starts none that was asked for', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  loop.wake();
  await turn();
  loop.wake();
  const stopped = loop.stop();
  assert.equal(await isSettled(stopped), false);
  await work.end();
  assert.equal(await isSettled(stopped), true);
  assert.equal(work.begun, 1);
});

test('after stop, a wake-up does nothing, and stopping again neither', async () => {
  const work = rounds();
  const loop = createLoop(work.round);
  await loop.stop();
  loop.wake();
  await loop.stop();
  assert.equal(work.begun, 0);
});

test('what escapes from a round reaches who waits for the loop', async () => {
  const loop = createLoop(() => Promise.reject(new Error('a bug')));
  loop.wake();
  await assert.rejects(loop.idle(), /a bug/);
});
