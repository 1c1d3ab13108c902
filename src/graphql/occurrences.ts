import type { Clock } from '../clock.ts';
import { listOccurrences } from '../domain/occurrences.ts';
import type { Occurrence, Range } from '../domain/occurrences.ts';
import { readRange } from './closedRange.ts';
import { decodeCursor, readPageSize } from './connections.ts';
import type { PageInfoModel } from './connections.ts';
import { apiError } from './errors.ts';
import type { Loaders } from './loaders.ts';

export interface OccurrenceConnectionModel {
  edges: { cursor: string; node: Occurrence }[];
  nodes: Occurrence[];
  pageInfo: PageInfoModel;
}
interface Args {
  range: { from: Date; until: Date };
  first?: number | null | undefined;
  after?: string | null | undefined;
}
const DEFAULT_SIZE = 100;

/**
 * One page of what was decided and what is planned. A cursor carries the last instant that was seen: whatever the engine has done
 * since, the next page goes on behind it.
 * @throws BAD_USER_INPUT for a range, a page size or a cursor that cannot be
 */
export async function pageOccurrences(
  scheduleId: string,
  args: Args,
  { clock, loaders }: { clock: Clock; loaders: Loaders },
): Promise<OccurrenceConnectionModel> {
  const range = readRange(args.range);
  const first = readPageSize('first', args.first ?? DEFAULT_SIZE);
  const seen = args.after == null ? null : readCursor(args.after);
  const from = seen === null ? range.from : Math.max(range.from, seen + 1);
  const read = async (part: Range, limit: number): Promise<Occurrence[]> => {
    if (part.from >= part.until) return [];
    const ledger = await loaders.ledger.load({ scheduleId, ...part, limit });
    return ledger === null ? [] : listOccurrences(ledger, part, limit, clock.now());
  };
  const found = await read({ from, until: range.until }, first + 1);
  const nodes = found.slice(0, first);
  const edges = nodes.map((node) => ({ node, cursor: printCursor(node.through) }));
  return {
    edges,
    nodes,
    pageInfo: {
      hasNextPage: found.length > first,
      hasPreviousPage: async () => (await read({ from: range.from, until: Math.min(from, range.until) }, 1)).length > 0,
      startCursor: edges[0]?.cursor ?? null,
      endCursor: edges.at(-1)?.cursor ?? null,
    },
  };
}

const LIST = 'occurrences';

function printCursor(through: number): string {
  return Buffer.from(JSON.stringify([LIST, through])).toString('base64url');
}

function readCursor(cursor: string): number {
  const [list, through] = decodeCursor(cursor);
  // What no Date can hold could not be put into words either.
  if (list !== LIST || !Number.isInteger(through) || Math.abs(through as number) > 8.64e15)
    throw apiError('BAD_USER_INPUT', 'after is not a cursor of this list.');
  return through as number;
}
