import { test } from 'node:test';
import fc from '../support/properties.ts';
import type { MisfireMode } from '../../src/domain/due.ts';
import { policies } from '../support/cadences.ts';
import { LedgerLife } from '../support/ledgerLife.ts';
import type { Definition } from '../support/ledgerLife.ts';
import { addTask, openParts } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { scenes } from '../support/scenes.ts';
import type { Scene } from '../support/scenes.ts';

/** How many lives, and which: CARILLON_LEDGER_RUNS=1000 CARILLON_LEDGER_SEED=7 looks at others. */
const RUNS = Number(process.env['CARILLON_LEDGER_RUNS'] ?? 30);
const SEED = Number(process.env['CARILLON_LEDGER_SEED'] ?? 20_260_302);

/** A step of a life. One that is added gets a line in `steps` and a method of LedgerLife. */
type Step =
  | { does: 'wait'; ms: number }
  | { does: 'waitForNext'; lateBy: number }
  | { does: 'tick' | 'pause' | 'triggerByHand' | 'backfill' | 'purge' | 'delete' }
  | { does: 'resume'; mode: MisfireMode }
  | { does: 'edit'; change: Partial<Definition> }
  | { does: 'skip' | 'undo' | 'thaw'; index: number }
  | { does: 'freeze'; after: number; lasts: number; exit: MisfireMode }
  | { does: 'endRun'; state: 'SUCCEEDED' | 'FAILED' | 'RETRY_WAIT' };

const overlaps = fc.constantFrom('SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL');

/** A life has either freezes, or offsets and pauses that let run what they held back: the reference follows both, but not at once. */
function definitions({ triggers, timeZones, every }: Scene, freezes: boolean) {
  const spreads = fc.oneof(
    { weight: 2, arbitrary: fc.constant(0) },
    { weight: 1, arbitrary: fc.constantFrom(every / 2, 3 * every) },
  );
  return {
    triggerSpec: fc.constantFrom(...triggers),
    timeZone: fc.constantFrom(...timeZones),
    overlapPolicy: overlaps,
    misfire: policies(every),
    spreadMs: freezes ? fc.constant(0) : spreads,
  };
}

function steps(scene: Scene, freezes: boolean): fc.Arbitrary<Step> {
  const { every } = scene;
  const does = <Name extends Step['does']>(name: Name) => fc.constant(name);
  // Between two fires, over an outage, and backwards.
  const ms = fc.oneof(fc.nat(2 * every), fc.nat(3 * every), fc.nat(80 * every), fc.integer({ min: -5 * every, max: 0 }));
  const index = fc.nat(5);
  const modes = freezes ? fc.constant('SKIP') : fc.constantFrom('SKIP', 'FIRE_ONCE', 'FIRE_ALL');
  return fc.oneof(
    { weight: 5, arbitrary: fc.record({ does: does('wait'), ms }) },
    { weight: 5, arbitrary: fc.record({ does: does('waitForNext'), lateBy: fc.constantFrom(0, 0, 1, every) }) },
    { weight: 7, arbitrary: fc.record({ does: does('tick') }) },
    { weight: 2, arbitrary: fc.record({ does: does('pause') }) },
    { weight: 2, arbitrary: fc.record({ does: does('resume'), mode: modes }) },
    {
      weight: 2,
      arbitrary: fc.record({ does: does('edit'), change: fc.record(definitions(scene, freezes), { requiredKeys: [] }) }),
    },
    { weight: 4, arbitrary: fc.record({ does: does('skip'), index }) },
    { weight: 1, arbitrary: fc.record({ does: does('undo'), index }) },
    {
      weight: freezes ? 3 : 0,
      arbitrary: fc.record({
        does: does('freeze'),
        after: fc.oneof(fc.constant(0), fc.nat(4 * every)),
        lasts: fc.oneof(fc.integer({ min: 1, max: 6 * every }), fc.integer({ min: 1, max: 60 * every })),
        exit: fc.constantFrom('SKIP' as const, 'FIRE_ONCE' as const, 'FIRE_ALL' as const),
      }),
    },
    { weight: freezes ? 2 : 0, arbitrary: fc.record({ does: does('thaw'), index }) },
    { weight: 1, arbitrary: fc.record({ does: does('triggerByHand') }) },
    { weight: 1, arbitrary: fc.record({ does: does('backfill') }) },
    {
      weight: 3,
      arbitrary: fc.record({
        does: does('endRun'),
        state: fc.constantFrom('SUCCEEDED' as const, 'FAILED' as const, 'RETRY_WAIT' as const),
      }),
    },
    { weight: 1, arbitrary: fc.record({ does: does('purge') }) },
  ) as fc.Arbitrary<Step>;
}

const lives = fc.tuple(scenes, fc.boolean()).chain(([scene, freezes]) =>
  fc.record({
    scene: fc.constant(scene),
    definition: fc.record(definitions(scene, freezes)),
    mode: fc.constantFrom('STAYS' as const, 'PER_TICK' as const),
    steps: fc.array(steps(scene, freezes), { minLength: 3, maxLength: 25 }),
    ends: fc.boolean(),
    pageSize: fc.integer({ min: 1, max: 100 }),
  }),
);

function take(life: LedgerLife, step: Step): Promise<void> {
  switch (step.does) {
    case 'wait':
      return life.wait(step.ms);
    case 'waitForNext':
      return life.waitForNext(step.lateBy);
    case 'edit':
      return life.edit(step.change);
    case 'skip':
    case 'undo':
    case 'thaw':
      return life[step.does](step.index);
    case 'resume':
      return life.resume(step.mode);
    case 'freeze':
      return life.freeze(step.after, step.lasts, step.exit);
    case 'endRun':
      return life.endRun(step.state);
    default:
      return life[step.does]();
  }
}

async function live(
  parts: Parts,
  { scene, definition, mode, steps: all, ends, pageSize }: typeof lives extends fc.Arbitrary<infer T> ? T : never,
) {
  parts.clock.advanceTo(scene.start);
  const life = await LedgerLife.start(parts, mode, definition, 12 * scene.every);
  try {
    for (const step of all) {
      await take(life, step);
      await life.check();
    }
    if (ends) await life.delete();
    await life.check();
    await life.checkPages(pageSize);
  } finally {
    await life.stop();
  }
}

test('every occurrence has exactly one verdict that its history allows, and the list of occurrences says so', async (t) => {
  t.diagnostic(`seed ${SEED}, ${RUNS} lives`);
  const parts = await openParts(t);
  await addTask(parts);
  await fc.assert(
    fc.asyncProperty(lives, (life) => live(parts, life)),
    { numRuns: RUNS, seed: SEED, interruptAfterTimeLimit: 100_000 + RUNS * 2_000 },
  );
});
