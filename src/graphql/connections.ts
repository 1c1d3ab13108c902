import type { Page, PageKey, PageRequest } from '../store/pages.ts';
import type { RunRecord } from '../store/runRecords.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { apiError } from './errors.ts';
import { LIMITS } from './limits.ts';

interface Edge<Row> {
  cursor: string;
  node: Row;
}
export type TaskEdgeModel = Edge<TaskRecord>;
export type ScheduleEdgeModel = Edge<ScheduleRecord>;
export type RunEdgeModel = Edge<RunRecord>;
export interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
}

/**
 * @param field  what the list is sorted by; a cursor of another order is refused
 * @throws BAD_USER_INPUT for a page size or a cursor that cannot be
 */
export function readPageArgs(args: PageArgs, field: string, direction: 'ASC' | 'DESC'): PageRequest {
  const first = args.first ?? 25;
  if (first < 1 || first > LIMITS.maxPageSize) {
    throw apiError('BAD_USER_INPUT', `first is ${first}; allowed is 1 to ${LIMITS.maxPageSize}.`);
  }
  return { first, direction, after: args.after == null ? null : readCursor(args.after, `${field}:${direction}`) };
}

/** Resolvers that all connection types share. */
export const connectionResolvers = {
  edges: <Row>(page: Page<Row>): Edge<Row>[] =>
    page.rows.map((node, index) => ({ node, cursor: printCursor(page, index) as string })),
  nodes: <Row>(page: Page<Row>) => page.rows,
  pageInfo: (page: Page<unknown>) => ({
    hasNextPage: page.hasNextPage,
    hasPreviousPage: page.hasPreviousPage,
    startCursor: printCursor(page, 0),
    endCursor: printCursor(page, -1),
  }),
  totalCount: async (page: Page<unknown>) => (await page.count()).total,
  totalCountCapped: async (page: Page<unknown>) => (await page.count()).capped,
};

/** The cursor carries the order it belongs to. */
function printCursor(page: Page<unknown>, index: number): string | null {
  const key = page.keys.at(index);
  return key ? Buffer.from(JSON.stringify([`${page.field}:${page.direction}`, key.value, key.id])).toString('base64url') : null;
}

function readCursor(cursor: string, order: string): PageKey {
  const parsed = parseJson(Buffer.from(cursor, 'base64url').toString());
  const [itsOrder, value, id] = Array.isArray(parsed) ? (parsed as unknown[]) : [];
  if (typeof itsOrder !== 'string' || typeof id !== 'string' || !(typeof value === 'string' || value === null)) {
    throw apiError('BAD_USER_INPUT', 'after is not a cursor of this list.');
  }
  if (itsOrder !== order)
    throw apiError('BAD_USER_INPUT', `after is a cursor of the order ${itsOrder}; this list is in the order ${order}.`);
  return { value, id };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
