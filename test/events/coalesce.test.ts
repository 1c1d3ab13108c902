import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createDatabaseClock } from '../../src/clock.ts';
import { coalesce } from '../../src/events/coalesce.ts';
import { createRelay } from '../../src/events/relay.ts';
import { appendEvents } from '../../src/store/events.ts';
import type { Position, StoredEvent } from '../../src/store/events.ts';
import { createFakeClock } from '../support/clock.ts';
import type { FakeClock } from '../support/clock.ts';
import { at, openParts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';
import { until } from '../support/until.ts';

/** What an event says: `id` got this state. */
interface Told {
  id: string;
  state: string;
  position: Position;
}

const parts = await openParts({ after });
const relay = createRelay({ store: parts.store, clock: createDatabaseClock(async () => Date.now()), log: parts.log });
parts.defer(() => relay.stop());
const witness = await relay.subscribe(null);

/** Writes states in this order, as "a1" (the first state of a), in one transaction; settles with the last one's place, when every stream could know. */
async function write(...changes: string[]): Promise<Position> {
  await parts.store.hotTransaction(async (tx) => {
    const events = changes.map((change) => ({
      topic: 'task' as const,
      kind: 'UPDATED' as const,
      subjectId: change.replace(/\d+$/, ''),
      taskId: null,
      scheduleId: null,
      before: null,
      after: { state: change },
    }));
    await appendEvents(tx.sql, 0, events);
    tx.signal('events');
  });
  let last: StoredEvent | undefined;
  for (const _ of changes) last = (await witness.next()).value;
  return (last as StoredEvent).position;
}

/** A stream of what is written from here on, and its clock. */
async function watch({ from, clock = createFakeClock(at('00:00:00')) }: { from?: Position; clock?: FakeClock } = {}) {
  const reader = await relay.subscribe(from ?? (await write('skip0')));
  let read = 0;
  const stream = coalesce<Told>(reader, {
    intervalMs: 1_000,
    clock,
    map(event) {
      read += 1;
      const state = String(event.after?.['state']);
      return state.startsWith('skip') ? null : { id: event.subjectId, state, position: event.position };
    },
    merge: (_, newer) => newer,
  });
  const arrived: Told[] = [];
  let over = Promise.resolve();
  return {
    clock,
    stream,
    arrived,
    /** Asks on and on, from here to the end of the stream. */
    ask() {
      over = (async () => {
        for await (const told of stream) arrived.push(told);
      })();
      return this;
    },
    told: async (count: number) => {
      await until(() => arrived.length >= count);
      return arrived.splice(0).map(({ state }) => state);
    },
    taken: (count: number) => until(() => read >= count),
    read: () => read,
    async leave() {
      await stream.return?.();
      await over;
    },
  };
}

test('after a quiet interval a change is told at once; what comes within the interval is told at its end, the newest of each object', async () => {
  const { clock, told, taken, arrived } = (await watch()).ask();
  await write('a1');
  assert.deepEqual(await told(1), ['a1']);
  await write('a2', 'b1');
  await write('a3', 'c1', 'b2');
  await write('a4');
  await taken(7);
  await until(() => clock.nextTimer() === at('00:00:01'));
  clock.advanceTo(at('00:00:00.999'));
  assert.deepEqual(arrived, []);
  clock.advanceTo(at('00:00:01'));
  assert.deepEqual(await told(3), ['c1', 'b2', 'a4'], 'in the order of their places');
  clock.advanceTo(at('00:00:05'));
  await write('b3');
  assert.deepEqual(await told(1), ['b3'], 'at once again');
});

test('changes of one transaction are told together', async () => {
  const { told } = (await watch()).ask();
  await write('a1', 'b1', 'a2', 'c1', 'c2', 'b2');
  assert.deepEqual(await told(3), ['a2', 'c2', 'b2']);
});

test('what nothing is to be told of does not hold up what waits', async () => {
  const { clock, told, taken } = (await watch()).ask();
  await write('a1', 'skip1');
  assert.deepEqual(await told(1), ['a1']);
  await write('a2', 'skip2', 'skip3');
  await taken(5);
  clock.advanceTo(at('00:00:01'));
  assert.deepEqual(await told(1), ['a2']);
});

test('who comes back hears only the newest of each object, however much has happened', async () => {
  const from = await write('skip1');
  for (let n = 1; n <= 30; n += 1) await write(`a${n}`, `b${n}`, `c${n}`);
  const { told } = (await watch({ from })).ask();
  assert.deepEqual(await told(3), ['a30', 'b30', 'c30']);
});

test('more objects than are kept waiting are told of before their time: 1,000 at a time', async () => {
  const { clock, told, taken } = (await watch()).ask();
  await write('first1');
  await told(1);
  const many = Array.from({ length: 2_500 }, (_, index) => `${String.fromCharCode(97 + (index % 26))}${index}x1`);
  await write(...many);
  assert.deepEqual(await told(2_000), many.slice(0, 2_000));
  await taken(2_501);
  await until(() => clock.nextTimer() === at('00:00:01'));
  clock.advanceTo(at('00:00:01'));
  assert.deepEqual(await told(500), many.slice(2_000));
});

test('nothing is read for a subscriber that does not ask', async () => {
  const { clock, stream, read } = await watch();
  const next = async () => ((await stream.next()).value as Told).state;
  await write('a1', 'b1');
  assert.equal(await next(), 'a1');
  for (let n = 2; n < 20; n += 1) {
    await write(`a${n}`, `b${n}`);
    clock.advanceTo(clock.now() + 1_000);
  }
  assert.deepEqual([read(), await next(), read()], [2, 'b1', 2], 'what was told with it');
  assert.deepEqual([await next(), await next(), read()], ['a19', 'b19', 38]);
});

test('return() settles a pending next() at once, also one that waits for its time, and leaves no timer', async () => {
  const { clock, leave, told, taken, arrived } = (await watch()).ask();
  await write('a1');
  await told(1);
  await write('a2');
  await taken(2);
  await until(() => clock.nextTimer() !== null);
  await leave();
  assert.deepEqual([arrived, clock.nextTimer()], [[], null]);
});

test('whoever goes on behind any cursor hears the last state of every object exactly once, and nothing older after it', async () => {
  const random = createRandom(7);
  const versions = new Map<string, number>();
  let from = await write('skip1');
  const seen: string[] = [];
  const take = (told: readonly Told[]) => seen.push(...told.map(({ state }) => state));
  for (let round = 0; round < 60; round += 1) {
    const changes = Array.from({ length: 1 + random(12) }, () => {
      const id = 'abcdefgh'.charAt(random(8));
      versions.set(id, (versions.get(id) ?? 0) + 1);
      return `${id}${versions.get(id)}`;
    });
    await write(...changes);
    const { arrived, leave } = (await watch({ from })).ask();
    await until(() => arrived.length > 0);
    await leave();
    // Cut anywhere: behind one of a batch, or behind the whole of it.
    const kept = arrived.slice(0, 1 + random(arrived.length));
    from = (kept.at(-1) as Told).position;
    take(kept);
  }
  await write('end1');
  const rest = (await watch({ from })).ask();
  await until(() => rest.arrived.some(({ id }) => id === 'end'));
  take(rest.arrived);
  assert.equal(new Set(seen).size, seen.length, 'nothing twice');
  for (const [id, version] of versions) {
    const own = seen.filter((state) => /^[a-h]\d/.test(state) && state.startsWith(id)).map((state) => Number(state.slice(1)));
    const ascending = own.toSorted((a, b) => a - b);
    assert.deepEqual([own, own.at(-1)], [ascending, version], id);
  }
  const written = [...versions.values()].reduce((sum, count) => sum + count, 0);
  assert.ok(seen.length < written, 'else nothing was told together');
});
