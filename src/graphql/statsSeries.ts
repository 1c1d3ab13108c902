import { bucketsOf, startsOf } from '../domain/buckets.ts';
import type { Buckets } from '../domain/buckets.ts';
import { NO_RUNS } from '../domain/runStats.ts';
import type { RunStats } from '../domain/runStats.ts';
import type { RunFilter } from '../store/runLists.ts';
import { readRunStatsSeries } from '../store/runStats.ts';
import type { Store } from '../store/open.ts';
import { formatDuration, parseDuration } from '../trigger/duration.ts';
import { FIRST_INSTANT, LAST_INSTANT } from '../trigger/trigger.ts';
import { readRange } from './closedRange.ts';
import { apiError } from './errors.ts';
import { readFilter } from './filters.ts';

interface Args {
  range: { from: Date; until: Date };
  bucket: string;
  filter?: RunFilter | null | undefined;
}
interface StatsBucketModel {
  from: Date;
  until: Date;
  stats: RunStats;
}

const SHORTEST_MS = 1_000;
const LONGEST_MS = 400 * 86_400_000;
const MOST_BUCKETS = 1_000;

/** Figures for each bucket that the range touches, in one statement. @throws BAD_USER_INPUT for a range or a bucket that cannot be */
export async function listStatsBuckets({ prisma }: Pick<Store, 'prisma'>, args: Args): Promise<StatsBucketModel[]> {
  const buckets = readBuckets(args);
  const stats = await readRunStatsSeries(prisma, readFilter(args.filter), buckets);
  return startsOf(buckets).map((from) => ({
    from: new Date(from),
    until: new Date(from + buckets.ms),
    stats: stats.get(from) ?? NO_RUNS,
  }));
}

function readBuckets({ range, bucket }: Pick<Args, 'range' | 'bucket'>): Buckets {
  const asked = readRange(range);
  const parsed = parseDuration(bucket);
  if (!parsed.ok) throw apiError('BAD_USER_INPUT', `bucket ${parsed.message}.`);
  if (parsed.ms < SHORTEST_MS || parsed.ms > LONGEST_MS) {
    const allowed = `${formatDuration(SHORTEST_MS)} to ${formatDuration(LONGEST_MS)}`;
    throw apiError('BAD_USER_INPUT', `bucket is ${bucket}; allowed is ${allowed}.`);
  }
  const buckets = bucketsOf(asked, parsed.ms);
  const told = `range ${range.from.toISOString()} to ${range.until.toISOString()} has ${buckets.count} buckets of ${bucket}`;
  if (buckets.count > MOST_BUCKETS) {
    const longer = formatDuration(Math.ceil((asked.until - asked.from) / (MOST_BUCKETS - 1) / 1_000) * 1_000);
    throw apiError('BAD_USER_INPUT', `bucket is ${bucket}: ${told}; allowed are ${MOST_BUCKETS}, here with ${longer} or longer.`);
  }
  if (buckets.from < FIRST_INSTANT || buckets.until > LAST_INSTANT) {
    throw apiError('BAD_USER_INPUT', `${told}, of which some lie outside the years 1 to 9999.`);
  }
  return buckets;
}

/** How many objects the answer holds, for the limits of an operation; null: it has no buckets, or is refused anyway. */
export function countBuckets({ range, bucket }: Record<string, unknown>): number | null {
  if (typeof bucket !== 'string' || typeof range !== 'object' || range === null) return null;
  try {
    return readBuckets({ range: range as Args['range'], bucket }).count;
  } catch {
    return 1;
  }
}
