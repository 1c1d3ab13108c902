import type { Conditions } from './conditions.ts';
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
type Walk = 'FORWARD' | 'BACKWARD';

/** What is listed: rows of `from` (a table with its alias, or several that are joined) that satisfy the conditions. */
export interface List {
  from: string;
  /** The column of ids, which ends every order: of the table whose index has the order. */
  id: string;
  conditions: Conditions;
  /** What has as many rows and costs less to count. */
  counted?: Pick<List, 'from' | 'conditions'>;
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
    readKeys(prisma, list, order, { direction, walk: way, place: from, inclusive, limit });
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

interface Stretch {
  direction: Direction;
  walk: Walk;
  place: PageKey | null;
  /** The row at the place belongs to it. */
  inclusive: boolean;
  limit: number;
}

/**
 * Rows with a value and rows without one are read apart and put together: the ends of an index that answers "NULLS LAST" in both
 * directions would have to be two. One statement all the same, so that a row that gets its value meanwhile is in one of them.
 */
async function readKeys(prisma: Db, list: List, order: ListOrder, stretch: Stretch): Promise<PageKey[]> {
  const { direction, walk, place, inclusive, limit } = stretch;
  const upwards = (direction === 'ASC') === (walk === 'FORWARD');
  const way = upwards ? 'ASC' : 'DESC';
  const beyond = `${upwards ? '>' : '<'}${inclusive ? '=' : ''}`;
  const { id } = list;
  const values = [...list.conditions.values];
  const param = (value: unknown) => `$${values.push(value)}`;
  const part = (number: number, condition: string, by: string) =>
    `(SELECT ${id} AS id, ${number === 0 ? order.expression : `NULL::${order.type}`} AS value, ${number} AS part FROM ${list.from} WHERE ${list.conditions.text()} AND ${condition}
  ORDER BY ${by} LIMIT ${limit})`;
  const parts: string[] = [];
  const { has, hasNot } = presence(order);
  // What is before a row without a value, or after a row with one, is all of the other part.
  if (place === null || place.value !== null || walk === 'BACKWARD') {
    const from =
      place === null || place.value === null
        ? ''
        : ` AND (${order.expression}, ${id}) ${beyond} (${param(place.value)}::${order.type}, ${param(place.id)}::text)`;
    parts.push(part(0, `${has}${from}`, `${order.expression} ${way}, ${id} ${way}`));
  }
  if (order.nullable && (place === null || place.value === null || walk === 'FORWARD')) {
    const from = place === null || place.value !== null ? '' : ` AND ${id} ${beyond} ${param(place.id)}::text`;
    parts.push(part(1, `(${hasNot})${from}`, `${id} ${way}`));
  }
  const rows = await sqlOfPrisma(prisma).query<{ id: string; value: unknown }>(
    `/* a page of ${list.from} */
SELECT id, value FROM (${parts.join(' UNION ALL ')}) page
 ORDER BY part ${walk === 'FORWARD' ? 'ASC' : 'DESC'}, value ${way}, id ${way} LIMIT ${limit}`,
    values,
  );
  return rows.map((row) => ({ id: row.id, value: toText(row.value) }));
}

function presence({ expression, nullable }: ListOrder): { has: string; hasNot: string } {
  if (typeof nullable === 'object') return nullable;
  return { has: nullable ? `${expression} IS NOT NULL` : 'true', hasNot: `${expression} IS NULL` };
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

function toText(value: unknown): string | null {
  return value instanceof Date ? value.toISOString() : (value as string | null);
}
