import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { startHousekeeping } from '../src/housekeeping.ts';
import { createFakeClock } from './support/clock.ts';

const START = Date.parse('2026-03-02T00:00:00Z');
const log = pino({ level: 'silent' });
const turn = () => new Promise(setImmediate);

test('a periodic chore runs half a second beside the whole seconds', async () => {
  const clock = createFakeClock(START);
  const ran: number[] = [];
  const housekeeping = startHousekeeping(
    [{ name: 'beat', when: 2_000, run: async () => void ran.push(clock.now() - START) }],
    clock,
    log,
  );
  for (const second of [1, 2, 3, 4, 5]) {
    clock.advanceTo(START + second * 1_000);
    await turn();
  }
  await housekeeping.stop();
  clock.advanceTo(START + 20_000);
  assert.deepEqual(ran, [500, 2_500, 4_500]);
});

test('a chore that fails is tried again at its next time', async () => {
  const clock = createFakeClock(START);
  let calls = 0;
  const run = async () => {
    calls += 1;
    throw new Error('database away');
  };
  const housekeeping = startHousekeeping([{ name: 'beat', when: 1_000, run }], clock, log);
  for (const second of [1, 2, 3]) {
    clock.advanceTo(START + second * 1_000);
    await turn();
  }
  await housekeeping.stop();
  assert.equal(calls, 3);
});

test('a chore that takes longer than its period is not started twice, and stop waits for it', async () => {
  const clock = createFakeClock(START);
  const gate = Promise.withResolvers<void>();
  let calls = 0;
  const run = () => {
    calls += 1;
    return gate.promise;
  };
  const housekeeping = startHousekeeping([{ name: 'slow', when: 1_000, run }], clock, log);
  clock.advanceTo(START + 5_000);
  assert.equal(calls, 1);
  let stopped = false;
  const stopping = housekeeping.stop().then(() => (stopped = true));
  await turn();
  assert.equal(stopped, false);
  gate.resolve();
  await stopping;
});
