import type { Conditions } from './conditions.ts';
import { readKeys } from './pageKeys.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

/** One page of a list that may grow, by keyset: the place is a sort value and an id, never an offset. */
export interface Page<Row> {
  /** In the order of the list, whichever way the page was reached. */
  rows: Row[];
  /** Where each row stands. */
  keys: PageKey[];
  /** The order, and which way. */
  field: string;
  direction: Direction;
  /** On demand: the look beyond that end of the page that its reading did not need. */
  hasNextPage(): Promise<boolean>;
  hasPreviousPage(): Promise<boolean>;
  /** Counts on demand, once, up to COUNT_CAP. */
  count(): Promise<{ total: number; capped: boolean }>;
}
export interface PageKey {
  /** Text as it is; instants in ISO. Null: the row has no such instant. */
  value: string | null;
  id: string;
}
export type Direction = 'ASC' | 'DESC';

/** What a list can be sorted by. Ties are broken by id; rows without a value come last in both directions. */
export interface ListOrder {
  /** Names the order in cursors: no other list has the same. */
  field: string;
  /** SQL over the list's row. */
  expression: string;
  type: 'text' | 'timestamptz';
  /** Which rows have a value and which have none, where the expression itself does not say it as an index knows it. */
  nullable: boolean | { has: string; hasNot: string };
}
export interface PageRequest {
  order: ListOrder;
  direction: Direction;
  /** How many at most, from 1. */
  size: number;
  /** FORWARD: the first ones after `place`. BACKWARD: the last ones before it. */
  walk: Walk;
  /** null: from that end of the list. */
  place: PageKey | null;
}
export type Walk = 'FORWARD' | 'BACKWARD';

/** What is listed: rows of `from` (a table with its alias, or several that are joined) that satisfy the conditions. */
export interface List {
  from: string;
  /** The column of ids, which ends every order: of the table whose index has the order. */
  id: string;
  conditions: Conditions;
  /** What has as many rows and costs less to count. */
  counted?: Pick<List, 'from' | 'conditions'>;
  each?: Each | undefined;
  near?: Near | undefined;
}
/**
 * Rows of any of several owners: those of each one are in order in an index, and those of all are not. Said of a list whose planner would
 * otherwise sort all of them, or look for them among all others. Each owner is asked for by itself: of some the planner knows that they have many.
 */
export interface Each {
  expression: string;
  /** Each owner once, as SQL. */
  ids: readonly string[];
  /** What the rows must satisfy besides. Both in terms of the list's values. */
  others: string;
  /** The instant by which they are in order. */
  by: string;
}
/**
 * Another instant of the same row, which lies near that of the order. Said of a list whose rows may all lie close together, and far from
 * where the order begins: its own index would be read for long without meeting one of them.
 */
export interface Near {
  /** Never null where the conditions hold, which find their rows in its order. */
  expression: string;
  /** How far the two lie apart at most, as an SQL interval, in rows that are `together`. */
  within: string;
  together: string;
  /** The opposite: those that the conditions leave are looked at one by one, but for what lies behind a page that is full without them. */
  apart: string;
}
type Db = Pick<PrismaTransaction, '$queryRawUnsafe'>;

const COUNT_CAP = 10_000;

/** @param load  the rows with these ids, in any order; one that is gone by then is left out of the page */
export async function readPage<Row extends { id: string }>(
  prisma: Db,
  list: List,
  request: PageRequest,
  load: (ids: string[]) => Promise<Row[]>,
): Promise<Page<Row>> {
  const { order, direction, size, walk, place } = request;
  const keysFrom = (way: Walk, from: PageKey | null, limit: number, inclusive = false) =>
    readKeys(prisma, list, { order, direction, walk: way, place: from, inclusive, limit });
  const found = await keysFrom(walk, place, size + 1);
  const walked = found.slice(0, size);
  const keys = walk === 'FORWARD' ? walked : walked.toReversed();
  const loaded = new Map((await load(keys.map((key) => key.id))).map((row) => [row.id, row]));
  const present = keys.filter((key) => loaded.has(key.id));

  const ahead = async () => found.length > size;
  const behind = async () => {
    if (place === null) return false;
    const back = walk === 'FORWARD' ? 'BACKWARD' : 'FORWARD';
    // An empty page lies behind the end of the list: then the row at the place itself is what comes before.
    return (await keysFrom(back, walked[0] ?? place, 1, walked.length === 0)).length > 0;
  };
  let counted: ReturnType<Page<Row>['count']> | undefined;
  return {
    rows: present.map((key) => loaded.get(key.id) as Row),
    keys: present,
    field: order.field,
    direction,
    hasNextPage: walk === 'FORWARD' ? ahead : behind,
    hasPreviousPage: walk === 'FORWARD' ? behind : ahead,
    count: () => (counted ??= countUpToCap(prisma, list.counted ?? list)),
  };
}

async function countUpToCap(
  prisma: Db,
  { from, conditions }: Pick<List, 'from' | 'conditions'>,
): Promise<{ total: number; capped: boolean }> {
  const [row] = await sqlOfPrisma(prisma).query<{ total: number }>(
    `/* the length of ${from} */
SELECT count(*)::int AS total FROM (SELECT 1 FROM ${from} WHERE ${conditions.text()} LIMIT ${COUNT_CAP + 1}) found`,
    conditions.values,
  );
  const total = row?.total ?? 0;
  return { total: Math.min(total, COUNT_CAP), capped: total > COUNT_CAP };
}
