import assert from 'node:assert/strict';
import { mock, test } from 'node:test';
import { openChannel } from '../../web/src/api/channel.ts';
import { watchPulse } from '../../web/src/api/pulse.ts';

const EXPIRED = [{ message: 'too old', extensions: { code: 'CURSOR_EXPIRED' } }];
const settled = () => new Promise((resolve) => setImmediate(resolve));

/** A channel over a server that does as the test says. */
function open(readCursor = async () => 'newest') {
  mock.timers.enable({ apis: ['setTimeout'] });
  const told: string[] = [];
  const subscriptions: { after(): string; next(cursor: string): void; ended(problem: unknown): void; stopped: boolean }[] = [];
  const stop = openChannel<{ cursor: string }>({
    from: 'begin',
    subscribe(after, next, ended) {
      const subscription = { after, next: (cursor: string) => next({ cursor }), ended, stopped: false };
      subscriptions.push(subscription);
      return () => void (subscription.stopped = true);
    },
    readCursor,
    told: ({ cursor }) => told.push(cursor),
    lost: () => told.push('lost'),
    onBroken: (broken) => told.push(broken ? 'broken' : 'mended'),
  });
  return { told, subscriptions, stop, newest: () => subscriptions.at(-1)!, close: () => (stop(), mock.timers.reset()) };
}

for (const [rule, problem] of [
  ['the server could not go on with', [{ message: 'away', extensions: { code: 'INTERNAL_SERVER_ERROR' } }]],
  ['the server has completed', null],
] as const)
  test(`a subscription that ${rule} is begun again behind the last event, and said to be broken until it goes well`, () => {
    const { told, subscriptions, newest, close } = open();
    assert.equal(newest().after(), 'begin');
    newest().next('one');
    newest().ended(problem);
    assert.deepEqual(told, ['one', 'broken']);
    mock.timers.tick(999);
    assert.equal(subscriptions.length, 1);
    mock.timers.tick(1);
    assert.equal(newest().after(), 'one');
    mock.timers.tick(2000);
    assert.deepEqual(told, ['one', 'broken', 'mended']);
    close();
  });

test('one that breaks again and again is tried ever more slowly; an event says that it goes well', () => {
  const { told, subscriptions, newest, close } = open();
  for (const wait of [1000, 2000, 4000, 8000, 15_000, 30_000, 30_000]) {
    newest().ended(null);
    const before = subscriptions.length;
    mock.timers.tick(wait - 1);
    assert.equal(subscriptions.length, before);
    mock.timers.tick(1);
    assert.equal(subscriptions.length, before + 1);
  }
  newest().next('two');
  assert.deepEqual(told.slice(-2), ['mended', 'two']);
  newest().ended(null);
  mock.timers.tick(1000);
  assert.equal(subscriptions.length, 9);
  close();
});

test('where the place is gone it goes on at the newest one and says that anything may have happened, also when that cannot be read at once', async () => {
  let reachable = false;
  const readCursor = async () => {
    if (!reachable) throw new Error('away');
    return 'newest';
  };
  const { told, subscriptions, newest, close } = open(readCursor);
  newest().ended(EXPIRED);
  await settled();
  assert.deepEqual([subscriptions.length, told], [1, ['broken']]);
  reachable = true;
  mock.timers.tick(1000);
  await settled();
  assert.equal(newest().after(), 'newest');
  assert.deepEqual(told, ['broken', 'lost']);
  close();
});

test('what is closed is not begun again', () => {
  const { subscriptions, newest, close } = open();
  const first = newest();
  close();
  assert.ok(first.stopped);
  mock.timers.enable({ apis: ['setTimeout'] });
  first.ended(null);
  mock.timers.tick(60_000);
  mock.timers.reset();
  assert.equal(subscriptions.length, 1);
});

test('a line that answers no ping within five seconds is broken off', () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const breakOff = mock.fn();
  const pulse = watchPulse(breakOff);
  pulse.ping(false);
  mock.timers.tick(4999);
  pulse.pong(true);
  mock.timers.tick(60_000);
  // What the server asks for is answered by the client itself.
  pulse.ping(true);
  mock.timers.tick(60_000);
  pulse.ping(false);
  pulse.closed();
  mock.timers.tick(60_000);
  assert.equal(breakOff.mock.callCount(), 0);
  pulse.ping(false);
  mock.timers.tick(5000);
  assert.equal(breakOff.mock.callCount(), 1);
  mock.timers.reset();
});
