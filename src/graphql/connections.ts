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
  if (!isStorable(itsOrder) || !isStorable(value) || !isStorable(id)) throw apiError('BAD_USER_INPUT', NO_CURSOR);
  if (itsOrder !== order)
    throw apiError('BAD_USER_INPUT', `after is a cursor of the order ${itsOrder}; this list is in the order ${order}.`);
  if (INSTANT_FIELDS.test(order) && !isInstant(value)) throw apiError('BAD_USER_INPUT', NO_CURSOR);
  return { value, id };
}

// A cursor that somebody made up must not reach the database, which could not compare what it holds and would answer an error.
const NO_CURSOR = 'after is not a cursor of this list.';
const INSTANT_FIELDS = /^(?:scheduledFor|createdAt):/;

function isStorable(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

function isInstant(text: string): boolean {
  return /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
