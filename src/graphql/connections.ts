import type { GraphQLResolveInfo } from 'graphql';
import type { AuditRecord } from '../store/auditLists.ts';
import type { Direction, ListOrder, Page, PageKey, PageRequest } from '../store/pages.ts';
import type { RunRecord } from '../store/runRecords.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import type { TaskRecord } from '../store/tasks.ts';
import { apiError } from './errors.ts';
import { LIMITS } from './limits.ts';
import { isStated } from './statedArgument.ts';

interface Edge<Row> {
  cursor: string;
  node: Row;
}
export type TaskEdgeModel = Edge<TaskRecord>;
export type ScheduleEdgeModel = Edge<ScheduleRecord>;
export type AuditEdgeModel = Edge<AuditRecord>;
export type RunEdgeModel = Edge<RunRecord>;
/** What costs a statement is asked for only when it is selected. */
export interface PageInfoModel {
  hasNextPage: boolean | (() => Promise<boolean>);
  hasPreviousPage: boolean | (() => Promise<boolean>);
  startCursor: string | null;
  endCursor: string | null;
}
interface PageArgs {
  first?: number | null | undefined;
  after?: string | null | undefined;
  last?: number | null | undefined;
  before?: string | null | undefined;
}
const DEFAULT_SIZE = 25;

/**
 * One end of the list at a time: a page that both `first` and `last` cut would depend on which of them cuts first.
 * @param info  tells a `first` that was sent from the default of the argument
 * @throws BAD_USER_INPUT for a page size, a cursor or a mix of arguments that cannot be
 */
export function readPageArgs(
  args: PageArgs,
  info: Pick<GraphQLResolveInfo, 'fieldNodes' | 'variableValues'>,
  order: ListOrder,
  direction: Direction,
): PageRequest {
  const backward = args.last != null || args.before != null;
  const firstStated = info.fieldNodes.some((node) => isStated(node, 'first', info.variableValues));
  if (backward && (args.last == null || args.after != null || firstStated)) {
    const given = ['first', 'after', 'last', 'before'].filter((name) =>
      name === 'first' ? firstStated : args[name as keyof PageArgs] != null,
    );
    const fault = given.length === 1 ? 'before does not go without last' : `${given.join(' and ')} do not go together`;
    throw apiError('BAD_USER_INPUT', `${fault}: give ${MIXES}.`);
  }
  const [sizeName, placeName] = backward ? (['last', 'before'] as const) : (['first', 'after'] as const);
  const size = readPageSize(sizeName, args[sizeName] ?? DEFAULT_SIZE);
  const cursor = args[placeName];
  const place = cursor == null ? null : readCursor(placeName, cursor, order, direction);
  return { order, direction, size, walk: backward ? 'BACKWARD' : 'FORWARD', place };
}
const MIXES = 'first with or without after, or last with or without before';

/** @throws BAD_USER_INPUT */
export function readPageSize(name: string, size: number): number {
  if (size >= 1 && size <= LIMITS.maxPageSize) return size;
  throw apiError('BAD_USER_INPUT', `${name} is ${size}; allowed is 1 to ${LIMITS.maxPageSize}.`);
}

/** Resolvers that all connection types share. */
export const pageResolvers = {
  edges: <Row>(page: Page<Row>): Edge<Row>[] =>
    page.rows.map((node, index) => ({ node, cursor: printCursor(page, index) as string })),
  nodes: <Row>(page: Page<Row>) => page.rows,
  pageInfo: (page: Page<unknown>): PageInfoModel => ({
    hasNextPage: () => page.hasNextPage(),
    hasPreviousPage: () => page.hasPreviousPage(),
    startCursor: printCursor(page, 0),
    endCursor: printCursor(page, -1),
  }),
};
/** Of those that can tell how long they are. */
export const connectionResolvers = {
  ...pageResolvers,
  totalCount: async (page: Page<unknown>) => (await page.count()).total,
  totalCountCapped: async (page: Page<unknown>) => (await page.count()).capped,
};

/** The cursor carries the order it belongs to. */
function printCursor(page: Page<unknown>, index: number): string | null {
  const key = page.keys.at(index);
  return key ? Buffer.from(JSON.stringify([`${page.field}:${page.direction}`, key.value, key.id])).toString('base64url') : null;
}

function readCursor(name: string, cursor: string, order: ListOrder, direction: Direction): PageKey {
  // A cursor that somebody made up must not reach the database, which could not compare what it holds and would answer an error.
  const none = apiError('BAD_USER_INPUT', `${name} is not a cursor of this list.`);
  const [itsOrder, value, id] = decodeCursor(cursor);
  if (!isStorable(itsOrder) || !isStorable(id) || (value !== null && !isStorable(value))) throw none;
  const wanted = `${order.field}:${direction}`;
  if (itsOrder !== wanted) {
    throw apiError('BAD_USER_INPUT', `${name} is a cursor of the order ${itsOrder}; this list is in the order ${wanted}.`);
  }
  if (value === null ? !order.nullable : order.type === 'timestamptz' && !isInstant(value)) throw none;
  return { value, id };
}

function isStorable(value: unknown): value is string {
  return typeof value === 'string' && value.isWellFormed() && !value.includes('\0');
}

function isInstant(text: string): boolean {
  return /^\d{4}-/.test(text) && !Number.isNaN(Date.parse(text)) && new Date(text).toISOString() === text;
}

/** @returns the list that a cursor is made of; an empty one for what is no cursor */
export function decodeCursor(cursor: string): unknown[] {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString());
    return Array.isArray(parsed) ? parsed : [];
  } catch {
    return [];
  }
}
