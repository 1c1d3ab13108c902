import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { createFakeClock } from '../support/clock.ts';
import type { MisfireMode } from '../../src/domain/due.ts';
import { Lifetime } from '../support/lifetime.ts';
import type { Tick } from '../support/lifetime.ts';
import { cadences, occurrences, policies } from '../support/cadences.ts';

/** One turn of a schedule's life: time passes, then something happens. */
type Turn =
  | { does: 'tick'; waits: number; finishes: number; limit: number }
  | { does: 'tick at the next'; lateBy: number; finishes: number; limit: number }
  | { does: 'pause'; waits: number; mode: MisfireMode }
  | { does: 'pause until'; waits: number; ends: number[] }
  | { does: 'edit' }
  | { does: 'trigger by hand' };

function turns(every: number): fc.Arbitrary<Turn> {
  // Between two fires, over an outage, and backwards.
  const waits = fc.oneof(fc.nat(2 * every), fc.nat(50 * every), fc.integer({ min: -3 * every, max: 0 }));
  const finishes = fc.nat(3);
  const limit = fc.integer({ min: 13, max: 30 });
  const lateBy = fc.nat(3);
  const mode = fc.constantFrom<MisfireMode>('SKIP', 'FIRE_ONCE', 'FIRE_ALL');
  const tick = fc.record({ does: fc.constant('tick' as const), waits, finishes, limit });
  const onTime = fc.record({ does: fc.constant('tick at the next' as const), lateBy, finishes, limit });
  return fc.oneof(
    { weight: 6, arbitrary: tick },
    { weight: 4, arbitrary: onTime },
    fc.record({ does: fc.constant('pause' as const), waits, mode }),
    fc.record({
      does: fc.constant('pause until' as const),
      waits,
      ends: fc.array(fc.nat(20 * every), { minLength: 1, maxLength: 2 }),
    }),
    fc.record({ does: fc.constant('edit' as const) }),
    fc.record({ does: fc.constant('trigger by hand' as const) }),
  );
}

const lives = cadences.chain(({ name, trigger, start, every }) =>
  fc.record({
    name: fc.constant(name),
    trigger: fc.constant(trigger),
    start: fc.constant(start),
    misfire: policies(every),
    overlap: fc.constantFrom('SKIP', 'ALLOW_ALL'),
    turns: fc.array(turns(every), { minLength: 1, maxLength: 30 }),
  }),
);

/** Takes one turn. @returns what was planned */
function take(life: Lifetime, turn: Turn): Tick[] {
  const { clock } = life;
  switch (turn.does) {
    case 'tick':
    case 'tick at the next':
      clock.advanceTo(turn.does === 'tick' ? clock.now() + turn.waits : Math.max(clock.now(), (life.next ?? 0) + turn.lateBy));
      for (let finished = 0; finished < turn.finishes; finished += 1) life.finishOne();
      return [life.tick(turn.limit)];
    case 'pause': {
      // What was due before it is not what it held back.
      const tick = life.tick(1_000);
      clock.advanceTo(clock.now() + turn.waits);
      life.resume(turn.mode);
      return [tick];
    }
    case 'pause until': {
      const tick = life.tick(1_000);
      const since = clock.now();
      clock.advanceTo(since + turn.waits);
      // Its own pause and its task's: those whose ends have come.
      const ends = turn.ends.map((wait) => since + wait).filter((end) => end <= clock.now());
      life.lapse(ends.map((until, index) => ({ until, reason: `pause ${index}` })));
      return [tick];
    }
    case 'edit': {
      const tick = life.tick(1_000);
      life.edit();
      return [tick];
    }
    case 'trigger by hand':
      life.triggerByHand();
      return [];
    default:
      return turn satisfies never;
  }
}

/** What must hold of every single tick, whatever came before it. */
function check({ items, before }: Tick, { overlap, misfire, underway }: Lifetime): void {
  const fires = items.filter((item) => item.kind === 'fire');
  const waiting = fires.filter((fire) => fire.state === 'BUFFERED');
  if (overlap === 'ALLOW_ALL') {
    assert.ok(items.every((item) => (item.kind === 'fire' ? item.state === 'QUEUED' : item.verdict !== 'OVERLAP_SKIPPED')));
    return;
  }
  assert.ok(fires.length - waiting.length <= (before.active + before.backlog === 0 ? 1 : 0), 'one at a time');
  assert.ok(waiting.length === 0 || misfire.mode === 'FIRE_ALL', 'only a backlog waits');
  assert.ok(underway.backlog <= Math.max(before.backlog, misfire.maxCatchupRuns), 'the backlog is bounded');
}

test('every occurrence has exactly one verdict, whatever happens to a schedule', () => {
  fc.assert(
    fc.property(lives, ({ trigger, start, misfire, overlap, turns: all }) => {
      const life = new Lifetime(trigger, overlap, misfire, createFakeClock(start));
      let latest = start;
      for (const turn of all) {
        for (const tick of take(life, turn)) check(tick, life);
        latest = Math.max(latest, life.clock.now());
      }
      // The clock comes back to where it was, and what a full plan left is planned.
      life.clock.advanceTo(latest);
      while (life.next !== null && life.next <= latest) check(life.tick(1_000), life);

      const { fired, ledger } = life;
      const verdicts = [
        ...fired.map(({ scheduledFor }) => ({ at: scheduledFor, of: 'fire' })),
        ...ledger.flatMap((row) => {
          const held = occurrences(trigger, row.first, row.through);
          assert.equal(row.count, held.length, 'an entry counts what it spans');
          assert.deepEqual([row.first, row.through], [held[0], held.at(-1)], 'an entry begins and ends at occurrences');
          return held.map((at) => ({ at, of: row.id }));
        }),
      ].toSorted((a, b) => a.at - b.at);
      assert.deepEqual(
        verdicts.map(({ at }) => at),
        occurrences(trigger, start + 1, latest),
        'none is missing, none has two',
      );
      assert.equal(life.next, trigger.next(latest));

      for (const list of [fired.map((fire) => fire.scheduledFor), ledger.map((row) => row.first)]) {
        assert.deepEqual(
          list,
          list.toSorted((a, b) => a - b),
          'decided in the order of time',
        );
      }
      const apart = verdicts.map(({ of }) => of).filter((of, index, list) => of !== list[index - 1]);
      const rows = new Map(ledger.map((row) => [row.id, row]));
      for (const [index, id] of apart.entries()) {
        const [row, before] = [rows.get(id), rows.get(apart[index - 1] ?? '')];
        if (row === undefined || before === undefined) continue;
        const alike = (['verdict', 'reason', 'scheduleVersion'] as const).every((name) => row[name] === before[name]);
        assert.ok(!alike, 'what is equal and adjacent is one entry');
      }
    }),
    { numRuns: 1_500 },
  );
});
