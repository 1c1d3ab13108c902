import { untilBlocked } from '../support/database.ts';
import { lockSchedule } from '../../src/store/claims.ts';
import { endAttempts } from '../../src/queue/finish.ts';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createDatabaseClock } from '../../src/clock.ts';
import type { Clock } from '../../src/clock.ts';
import { createRelay, EventsRemoved } from '../../src/events/relay.ts';
import type { EventReader, Relay } from '../../src/events/relay.ts';
import { appendEvents, readEvents } from '../../src/store/events.ts';
import type { NewEvent, Position, StoredEvent } from '../../src/store/events.ts';
import { purgeEvents } from '../../src/store/retention.ts';
import { finishRuns, insertRuns } from '../../src/store/runs.ts';
import type { Hold } from '../../src/store/runs.ts';
import type { Sql } from '../../src/store/sql.ts';
import { addTask, at, openParts, addSchedule, startTestEngine } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { createRandom } from '../support/random.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

const START: Position = { xid: 0n, seq: 0n };
/** Real timers: for what many transactions do at once there is no order of events that a fake clock could know. */
const realClock = () => createDatabaseClock(async () => Date.now());

function openRelay(parts: Parts, clock: Clock = soonClock(parts), store = parts.store): Relay {
  const relay = createRelay({ store, clock, log: parts.log });
  parts.defer(() => relay.stop());
  return relay;
}
/**
 * The clock of the test, but for the few milliseconds after which the relay asks again for what an older transaction hides: that
 * may be one of another test, for transactions are counted for the whole server.
 */
function soonClock({ clock }: Parts): Clock {
  return { ...clock, after: (delayMs, run) => (delayMs < 100 ? realClock() : clock).after(delayMs, run) };
}
/** Settles when no transaction of another test hides any of the events: from then on a reader from now is told none of them. */
function untilVisible({ store }: Parts): Promise<unknown> {
  return until(async () => !(await readEvents(store.sql, START, 1)).hidden);
}
const note = (subjectId: string): NewEvent => ({
  topic: 'task',
  kind: 'UPDATED',
  subjectId,
  taskId: null,
  scheduleId: null,
  before: null,
  after: null,
});
const append = ({ store }: Parts, ...names: string[]) =>
  store.hotTransaction(async (tx) => {
    await appendEvents(tx.sql, at('00:00:00'), names.map(note));
    tx.signal('events');
  });
async function take(reader: EventReader, count: number): Promise<StoredEvent[]> {
  const events: StoredEvent[] = [];
  while (events.length < count) {
    const { done, value } = await reader.next();
    if (done) throw new Error('the reader ended');
    events.push(value);
  }
  return events;
}
const subjects = (events: { subjectId: string }[]) => events.map((event) => event.subjectId);
const key = ({ xid, seq }: Position) => `${xid}.${seq}`;

/** Every event there is, in the order of the stream. */
async function stored({ store }: Parts): Promise<{ key: string; subjectId: string; position: Position }[]> {
  const rows = await store.sql.query<{ xid: string; seq: string; subject: string }>(
    'SELECT xid::text, seq::text, subject_id AS subject FROM event ORDER BY event.xid, event.seq',
  );
  return rows.map(({ xid, seq, subject }) => {
    const position = { xid: BigInt(xid), seq: BigInt(seq) };
    return { key: key(position), subjectId: subject, position };
  });
}

test('no loss: a reader gets every event of many concurrent writers exactly once, in the order of the stream', async (t) => {
  const parts = await openParts(t);
  const other = await parts.another();
  const reader = await openRelay(parts, realClock()).subscribe(null);
  const random = createRandom(42);
  const pauseInside = async (sql: Sql) => {
    for (let trips = random(6); trips > 0; trips -= 1) await sql.query('SELECT 1');
  };
  const ROLL_BACK = new Error('undone');
  const writer = async (name: number) => {
    for (let n = 0; n < 40; n += 1) {
      const undo = random(10) === 0;
      // Two instances: the relay hears of one at once and of the other by NOTIFY; what nobody announces it finds by itself.
      const work = (n % 2 === 0 ? parts : other).store.hotTransaction(async (tx) => {
        for (let part = 0; part <= random(3); part += 1) {
          await pauseInside(tx.sql);
          await appendEvents(tx.sql, at('00:00:00'), [note(`${name}:${n}:${part}`)]);
          await pauseInside(tx.sql);
        }
        if (random(2) === 0) tx.signal('events');
        if (undo) throw ROLL_BACK;
      });
      await work.catch((error: unknown) => assert.equal(error, ROLL_BACK));
    }
  };
  await Promise.all(Array.from({ length: 12 }, (_, name) => writer(name)));
  await append(parts, 'last');
  const table = await stored(parts);
  const read = await take(reader, table.length);
  assert.deepEqual(
    read.map((event) => `${key(event.position)} ${event.subjectId}`),
    table.map((event) => `${event.key} ${event.subjectId}`),
  );
  // Else it proved nothing: transactions overlapped, so that serial numbers alone are out of order.
  const overlaps = table.filter((event, index) => event.position.seq < (table[index - 1]?.position.seq ?? 0n));
  assert.ok(overlaps.length > 50, `${overlaps.length} overlaps`);
});

test('an event is held back while an older transaction is in flight, and comes in its place when that has ended', async (t) => {
  const parts = await openParts(t);
  const reader = await openRelay(parts, realClock()).subscribe(null);
  const read: string[] = [];
  const reading = (async () => {
    for await (const event of reader) read.push(event.subjectId);
  })();
  await parts.store.hotTransaction(async (older) => {
    await appendEvents(older.sql, 0, [note('older')]);
    await append(parts, 'younger');
    await append(parts, 'youngest');
    const page = await readEvents(parts.store.sql, START, 10);
    assert.deepEqual([page.events, page.hidden], [[], true]);
    assert.deepEqual(read, []);
  });
  // The older one announced nothing: the relay asks again by itself as long as something is hidden.
  await until(() => read.length === 3);
  assert.deepEqual(read, ['older', 'younger', 'youngest']);
  await reader.return();
  await reading;
});
test('resuming at any position yields exactly the rest', async (t) => {
  const parts = await openParts(t);
  for (let n = 0; n < 12; n += 1) await append(parts, ...Array.from({ length: 1 + (n % 4) }, (_, part) => `${n}:${part}`));
  const relay = openRelay(parts);
  const table = await stored(parts);
  const names = subjects(table);
  const behind = [START, ...table.map((event) => event.position)];
  // Once from the database, and once, with a reader that keeps the relay going, partly from memory.
  const resume = async () => {
    for (const [index, position] of behind.entries()) {
      const reader = await relay.subscribe(position);
      assert.deepEqual(subjects(await take(reader, names.length - index)), names.slice(index));
      const pending = reader.next();
      await reader.return();
      assert.deepEqual(await pending, { done: true, value: undefined }, 'and nothing after it');
    }
  };
  await resume();
  await untilVisible(parts);
  const keeper = await relay.subscribe(null);
  await append(parts, 'a', 'b');
  await append(parts, 'c');
  await take(keeper, 3);
  names.push('a', 'b', 'c');
  behind.push(...(await stored(parts)).slice(-3).map((event) => event.position));
  await resume();
});

test('a reader from now gets what comes after, and nothing of before', async (t) => {
  const parts = await openParts(t);
  await append(parts, 'before');
  await untilVisible(parts);
  const relay = openRelay(parts);
  const first = await relay.subscribe(null);
  await append(parts, 'a');
  await untilVisible(parts);
  const second = await relay.subscribe(null);
  await append(parts, 'b');
  assert.deepEqual(subjects(await take(first, 2)), ['a', 'b']);
  assert.deepEqual(subjects(await take(second, 1)), ['b']);
});

test('a reader that falls behind what is kept in memory reads on from the database, and loses nothing', async (t) => {
  const parts = await openParts(t);
  const relay = openRelay(parts);
  const slow = await relay.subscribe(null);
  const quick = await relay.subscribe(null);
  const count = 11_000;
  await parts.store.hotTransaction(async (tx) => {
    await tx.sql.query(
      `INSERT INTO event (at, topic, kind, subject_id) SELECT '2026-03-02', 'task', 'UPDATED', n FROM generate_series(1, $1::int) n`,
      [count],
    );
    tx.signal('events');
  });
  const expected = Array.from({ length: count }, (_, index) => `${index + 1}`);
  assert.deepEqual(subjects(await take(quick, count)), expected);
  assert.deepEqual(subjects(await take(slow, count)), expected);
  await append(parts, 'after');
  assert.deepEqual(subjects(await take(slow, 1)), ['after']);
});

test('return() settles a pending next() at once, and ends only that reader', async (t) => {
  const parts = await openParts(t);
  const relay = openRelay(parts);
  const [one, two] = [await relay.subscribe(null), await relay.subscribe(null)];
  const pending = one.next();
  await one.return();
  assert.deepEqual(await pending, { done: true, value: undefined });
  assert.deepEqual(await one.next(), { done: true, value: undefined });
  await append(parts, 'a');
  assert.deepEqual(subjects(await take(two, 1)), ['a']);
});

test('stop() ends every reader', async (t) => {
  const parts = await openParts(t);
  const relay = openRelay(parts);
  const reader = await relay.subscribe(null);
  const pending = reader.next();
  await relay.stop();
  assert.deepEqual(await pending, { done: true, value: undefined });
});

test('without a notification an event is found within half a second', async (t) => {
  const parts = await openParts(t);
  const reader = await openRelay(parts).subscribe(null);
  await until(() => parts.clock.nextTimer() === at('00:00:00.500'));
  await parts.store.hotTransaction((tx) => appendEvents(tx.sql, 0, [note('a')]));
  parts.clock.advanceTo(at('00:00:00.500'));
  assert.deepEqual(subjects(await take(reader, 1)), ['a']);
});

test('while the database refuses, readers wait; they go on where they were', async (t) => {
  const parts = await openParts(t);
  const relay = openRelay(parts);
  const reader = await relay.subscribe(null);
  await append(parts, 'a');
  await take(reader, 1);
  await parts.store.sql.query('ALTER TABLE event RENAME TO event_away');
  const pending = reader.next();
  parts.store.signals.raise(['events']);
  await until(() => parts.logged.some((line) => line.msg.includes('the event relay: failed')));
  await assert.rejects(relay.subscribe(null));
  await parts.store.sql.query('ALTER TABLE event_away RENAME TO event');
  await append(parts, 'b');
  assert.equal((await pending).value.subjectId, 'b');
  const late = await relay.subscribe(null);
  await append(parts, 'c');
  assert.deepEqual(subjects([...(await take(reader, 1)), ...(await take(late, 1))]), ['c', 'c']);
});

test('a reader behind what is in memory that meets an outage goes on where it was, when the relay reads again', async (t) => {
  const parts = await openParts(t);
  await append(parts, 'a', 'b');
  await untilVisible(parts);
  let failed = false;
  const sql: Sql = {
    query(text, values) {
      // The relay itself begins at the head: only the reader asks from the start on.
      if (!failed && text.includes('/* readEvents */') && values?.[0] === '0') {
        failed = true;
        throw Object.assign(new Error('terminating connection'), { code: '57P01' });
      }
      return parts.store.sql.query(text, values);
    },
  };
  const reader = await openRelay(parts, soonClock(parts), { ...parts.store, sql }).subscribe(START);
  const pending = take(reader, 2);
  await until(() => failed && parts.clock.nextTimer() !== null);
  parts.clock.advanceTo(at('00:00:00.500'));
  assert.deepEqual(subjects(await pending), ['a', 'b']);
});

/** A store whose statements are counted by name; `after` is called with the name when one has answered. */
function watched({ store }: Parts, after: (name: string) => void = () => undefined) {
  const counts: Record<string, number> = {};
  const sql: Sql = {
    async query(text, values) {
      const name = /\/\* (\w+)/.exec(text)?.[1] ?? text;
      counts[name] = (counts[name] ?? 0) + 1;
      const answer = await store.sql.query<never>(text, values);
      after(name);
      return answer;
    },
  };
  return { counts, store: { ...store, sql } };
}

test('while nobody reads, nothing is asked of the database', async (t) => {
  const parts = await openParts(t);
  const { counts, store } = watched(parts);
  const relay = openRelay(parts, soonClock(parts), store);
  await append(parts, 'a');
  await untilVisible(parts);
  parts.clock.advanceTo(at('00:01:00'));
  assert.deepEqual(counts, {});
  const reader = await relay.subscribe(null);
  await append(parts, 'b');
  await take(reader, 1);
  await until(() => parts.clock.nextTimer() !== null);
  await reader.return();
  const before = { ...counts };
  parts.clock.advanceTo(at('00:02:00'));
  await append(parts, 'c');
  assert.deepEqual(counts, before);
});

/** A worker that is only a row, and runs of one task that it holds. */
async function openRunning(t: Parameters<typeof openParts>[0]) {
  const parts = await openParts(t);
  const task = await addTask(parts);
  const worker = await addWorker(parts);
  const start = async (count: number) => {
    const runs = await Promise.all(Array.from({ length: count }, () => newRun(parts)));
    const holds = await startedRuns(parts, worker, 6_000, runs);
    parts.store.signals.raise(['events']);
    return holds;
  };
  const end = async (holds: Hold[], state: 'SUCCEEDED' | 'RETRY_WAIT' = 'SUCCEEDED') => {
    const retryAt = state === 'RETRY_WAIT' ? '2026-03-02T01:00:00Z' : null;
    await finishRuns(
      parts.store.sql,
      0,
      holds.map((hold) => ({ ...hold, state, output: null, error: null, retryAt })),
    );
    parts.store.signals.raise(['events']);
  };
  return { parts, taskId: task.id, start, end };
}

test('runningAt: at every position what the events up to it make of it, and at the newest what the table says', async (t) => {
  const { parts, taskId, start, end } = await openRunning(t);
  const before = await start(3);
  await end(before.slice(0, 1));
  await untilVisible(parts);
  const relay = openRelay(parts);
  const reader = await relay.subscribe(null);
  const running = async (position: Position) => (await relay.runningAt(position)).get(taskId) ?? 0;
  assert.equal(await running(reader.from), 2, 'known from the table when the first reader came');

  const holds = await start(4);
  await end(holds.slice(0, 2), 'RETRY_WAIT');
  await end(before.slice(1));
  const table = await stored(parts);
  const changes = await parts.store.sql.query<{ change: number }>(
    `SELECT CASE WHEN topic = 'run' THEN (coalesce(after->>'state', '') = 'RUNNING')::int - (coalesce(before->>'state', '') = 'RUNNING')::int ELSE 0 END
              AS change FROM event ORDER BY event.xid, event.seq`,
  );
  let expected = 0;
  const read = new Set((await take(reader, 4 + 4 + 2 + 2)).map((event) => key(event.position)));
  for (const [index, { position }] of table.entries()) {
    expected += changes[index]?.change ?? 0;
    assert.equal(await running(position), expected, `at ${index}, ${read.has(key(position)) ? 'read' : 'from before'}`);
  }
  assert.equal(expected, await parts.store.prisma.run.count({ where: { state: 'RUNNING' } }));
  assert.equal(expected, 2);
});

test('runningAt: what an older transaction in flight still hides does not count yet, and counts once when it comes', async (t) => {
  const { parts, taskId, start } = await openRunning(t);
  const relay = openRelay(parts, realClock());
  await start(1);
  await untilVisible(parts);
  let reader: EventReader | undefined;
  await parts.store.hotTransaction(async (older) => {
    await appendEvents(older.sql, 0, [note('older')]);
    await start(2);
    reader = await relay.subscribe(null);
    assert.equal((await relay.runningAt(reader.from)).get(taskId), 1);
  });
  const events = await take(reader as EventReader, 5);
  assert.deepEqual(
    events.map((event) => event.after?.['state'] ?? event.subjectId),
    ['older', 'QUEUED', 'QUEUED', 'RUNNING', 'RUNNING'],
  );
  const last = events.at(-1) as StoredEvent;
  assert.equal((await relay.runningAt(last.position)).get(taskId), 3);
});

test('a relay that begins anew, with a timer of its last reader still armed, counts nothing twice', async (t) => {
  const { parts, taskId, start } = await openRunning(t);
  let heads = 0;
  const { store } = watched(parts, (name) => {
    if (name !== 'readStreamHead') return;
    heads += 1;
    // The poll of the reader that left falls into the beginning for the next one.
    if (heads === 3) parts.clock.advanceTo(at('00:01:00'));
  });
  await untilVisible(parts);
  const relay = openRelay(parts, soonClock(parts), store);
  const first = await relay.subscribe(null);
  assert.equal(heads, 2);
  await until(() => parts.clock.nextTimer() !== null);
  await first.return();
  await start(3);
  await untilVisible(parts);
  const second = await relay.subscribe(null);
  await append(parts, 'a');
  const [event] = await take(second, 1);
  assert.equal(event?.subjectId, 'a');
  assert.equal((await relay.runningAt(second.from)).get(taskId), 3);
  assert.equal((await relay.runningAt(event.position)).get(taskId), 3);
});

test('every change of a run has one event, and its events tell its history', async (t) => {
  const { parts, start, end } = await openRunning(t);
  const [hold] = (await start(1)) as [Hold];
  await end([hold], 'RETRY_WAIT');
  const queued = await newRun(parts);
  await insertRuns(parts.store.sql, 0, [queued]);
  const history = async (id: string) => {
    const events = await parts.store.prisma.event.findMany({ where: { subjectId: id }, orderBy: { seq: 'asc' } });
    return events.map(({ kind, before, after }) => [
      kind,
      (before as { state: string } | null)?.state,
      (after as { state: string }).state,
    ]);
  };
  assert.deepEqual(await history(hold.runId), [
    ['CREATED', undefined, 'QUEUED'],
    ['UPDATED', 'QUEUED', 'RUNNING'],
    ['UPDATED', 'RUNNING', 'RETRY_WAIT'],
  ]);
  assert.deepEqual(await history(queued.id), [['CREATED', undefined, 'QUEUED']]);
});

test('what follows a commit comes after it in the stream, even from a transaction that had begun before', async (t) => {
  const parts = await openParts(t);
  await addTask(parts);
  const worker = await addWorker(parts);
  const misfire = { mode: 'FIRE_ALL', graceTime: 'PT0S' } as const;
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c']) ids.push((await addSchedule(parts, { name, misfire })).id);
  const runs = await Promise.all(ids.map((scheduleId) => newRun(parts, { scheduleId, origin: 'CATCH_UP' })));
  const holds = await startedRuns(parts, worker, 600_000, runs);
  const engine = await startTestEngine(parts);
  const finishes = holds.map((hold) => ({ ...hold, state: 'SUCCEEDED' as const, output: null, error: null, retryAt: null }));
  let finish: Promise<unknown> | undefined;
  await parts.store.hotTransaction(async (holder) => {
    await lockSchedule(holder.sql, ids[1] as string);
    // Has its transaction id from the lock on the first schedule, and waits for the second.
    finish = parts.store.hotTransaction((tx) => endAttempts(tx, parts.queue, at('00:00:10'), finishes));
    await untilBlocked(parts.store.sql, 'lockSchedulesOf');
    // A tick with a later id buffers a run of the third, which the waiting transaction then lets go.
    parts.clock.advanceTo(at('00:00:11'));
    await engine.settle();
  });
  await finish;
  const reader = await openRelay(parts, realClock()).subscribe(START);
  const events = await take(reader, (await stored(parts)).length);
  const buffered = events.filter(
    (event) => event.scheduleId === ids[2] && event.after?.['origin'] === 'CATCH_UP' && event.subjectId !== runs[2]?.id,
  );
  assert.deepEqual(
    buffered.map((event) => [event.kind, event.after?.['state']]),
    [
      ['CREATED', 'BUFFERED'],
      ['UPDATED', 'QUEUED'],
    ],
  );
});

test('a reader is told when events that it has not read were removed, instead of going on behind the gap', async (t) => {
  const parts = await openParts(t);
  await append(parts, 'read', 'removed');
  await untilVisible(parts);
  const relay = openRelay(parts);
  const reader = await relay.subscribe(START);
  const abreast = await relay.subscribe(null);
  await purgeEvents(parts.store, at('00:00:00') + 2 * 86_400_000);
  await append(parts, 'later');
  await assert.rejects(take(reader, 1), EventsRemoved);
  assert.deepEqual(subjects(await take(abreast, 1)), ['later']);
});
