import { PARTNER_GONE, httpWork } from '../works/httpWorks.ts';
import { changes } from './changes.ts';
import { createChronicle } from './chronicle.ts';
import { founding } from './founding.ts';
import { handiwork } from './handiwork.ts';
import { HOUR_MS } from './stage.ts';
import type { Stage } from './stage.ts';
import { standstills } from './standstills.ts';
import { incidentsBefore } from './tale.ts';
import type { Tale } from './tale.ts';

/** The newest runs need a moment in which they can have ended. */
const OPEN_MS = 1_500;

/** Sets up the fleet two weeks ago and lets everything happen to it that happens to fleets. */
export async function tellStory(stage: Stage): Promise<void> {
  const { parts, world } = stage;
  const chronicle = createChronicle(parts, world, stage.origin, talesOf(stage), incidentsBefore(world.now));
  const scenes = [...founding(stage), ...changes(stage), ...standstills(stage), ...handiwork(stage)];
  for (const { at, happen } of scenes.toSorted((a, b) => a.at - b.at)) {
    await chronicle.advanceTo(at);
    await happen(chronicle);
  }
  world.now = Date.now();
  // What is due from then on the server finds.
  await chronicle.advanceTo(world.now - OPEN_MS);
  await chronicle.close();
}

function talesOf({ world: { now }, origin }: Stage): Record<string, Tale> {
  const refused = () => ({ delayMs: 310, status: 409, body: { error: 'the ledger of the provider is locked: LEDGER_LOCKED' } });
  return {
    'stock-acme': { broken: { from: now - 9 * HOUR_MS, work: httpWork('partner.stock', origin, () => PARTNER_GONE) } },
    'settlement-hourly': { broken: { from: now - 11 * HOUR_MS, work: httpWork('payments.settle', origin, refused) } },
    'warehouse-export': { abandonedFrom: now - 3 * HOUR_MS },
    'thumbnails-backlog': { slow: { share: 0.02, factor: 150 } },
    'reindex-suggestions': { slow: { share: 0.04, factor: 3.5 } },
    'sales-live': { slow: { share: 0.015, factor: 60 } },
    'sales-hourly': { slow: { share: 0.03, factor: 140 } },
  };
}
