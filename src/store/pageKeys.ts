import type { Direction, List, ListOrder, Near, PageKey, Walk } from './pages.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

/** Which rows of a list are asked for. */
export interface Stretch {
  order: ListOrder;
  direction: Direction;
  walk: Walk;
  place: PageKey | null;
  /** The row at the place belongs to it. */
  inclusive: boolean;
  limit: number;
}
type Db = Pick<PrismaTransaction, '$queryRawUnsafe'>;
type Param = (value: unknown) => string;
/** SQL of the rows with a value, or of those without one, that satisfy one condition more. */
type HalfWith = (only: string) => string;

/** Where the rows of a list stand, in order. */
export async function readKeys(db: Db, list: List, stretch: Stretch): Promise<PageKey[]> {
  const { near, ...plain } = list;
  if (near === undefined || !asksForValues(stretch)) return readStretch(db, plain, stretch);
  const last = await findLast(db, list, near, stretch);
  const keys = await readStretch(db, list, stretch, last);
  // Some of those before the last one have gone meanwhile, and others behind it come next.
  return last !== null && keys.length < stretch.limit ? readStretch(db, plain, stretch) : keys;
}

/**
 * Rows with a value and rows without one are read apart and put together: the ends of an index that answers "NULLS LAST" in both
 * directions would have to be two. One statement all the same, so that a row that gets its value meanwhile is in one of them. Where the
 * walk begins there are mostly enough: then the others are not looked for.
 */
async function readStretch(db: Db, list: List, stretch: Stretch, last: string | null = null): Promise<PageKey[]> {
  const { walk, limit } = stretch;
  const { way } = wayOf(stretch);
  const values = [...list.conditions.values];
  const param: Param = (value) => `$${values.push(value)}`;
  const halves: HalfWith[] = [];
  if (asksForValues(stretch)) halves.push((only) => rowsWithValue(list, stretch, last, only, param));
  // A page that ends at an instant has nothing that comes after all instants.
  if (asksForOthers(stretch) && (last === null || walk === 'BACKWARD'))
    halves.push((only) => rowsWithout(list, stretch, only, param));
  const [first, second] = (walk === 'FORWARD' ? halves : halves.toReversed()) as [HalfWith, HalfWith?];
  const rest = second === undefined ? '' : `UNION ALL (${second(`(SELECT count(*) FROM first) < ${limit}`)})`;
  const rows = await sqlOfPrisma(db).query<{ id: string; value: unknown }>(
    `/* a page of ${list.from} */
WITH first AS MATERIALIZED (${first('true')})
SELECT id, value FROM (SELECT id, value, part FROM first ${rest}) page
 ORDER BY part ${walk === 'FORWARD' ? 'ASC' : 'DESC'}, value ${way}, id ${way} LIMIT ${limit}`,
    values,
  );
  return rows.map((row) => ({ id: row.id, value: toText(row.value) }));
}

/** What is before a row without a value, or after a row with one, is all of the other half. */
function asksForValues({ place, walk }: Stretch): boolean {
  return place === null || place.value !== null || walk === 'BACKWARD';
}

function asksForOthers({ order, place, walk }: Stretch): boolean {
  return order.nullable !== false && (place === null || place.value === null || walk === 'FORWARD');
}

function rowsWithValue(list: List, stretch: Stretch, last: string | null, only: string, param: Param): string {
  const { order, limit } = stretch;
  const { way } = wayOf(stretch);
  const { id, near } = list;
  const columns = `${id} AS id, ${order.expression} AS value, 0 AS part`;
  const condition = `${presence(order).has} AND ${only}`;
  if (near === undefined) {
    const all = [condition, ...fromPlace(list, stretch, param)].join(' AND ');
    return firstRows(list, { columns, condition: all, by: [order.expression, id], way, limit });
  }
  // What is read without its order is found by whatever leaves the fewest rows, and sorted.
  const sorted = lanesOf(list, near, stretch, last, param).map((lane) => {
    const all = [list.conditions.text(), condition, ...lane].join(' AND ');
    const rows = `SELECT ${columns} FROM ${list.from} WHERE ${all} OFFSET 0`;
    return `(SELECT id, value, part FROM (${rows}) lane ORDER BY value ${way}, id ${way} LIMIT ${limit})`;
  });
  return sorted.join('\n UNION ALL ');
}

function rowsWithout({ from, id, conditions }: List, stretch: Stretch, only: string, param: Param): string {
  const { order, place, limit } = stretch;
  const { way, beyond } = wayOf(stretch);
  const begin = place === null || place.value !== null ? 'true' : `${id} ${beyond} ${param(place.id)}::text`;
  const condition = `${conditions.text()} AND (${presence(order).hasNot}) AND ${begin} AND ${only}`;
  return `SELECT ${id} AS id, NULL::${order.type} AS value, 1 AS part FROM ${from} WHERE ${condition} ORDER BY ${id} ${way} LIMIT ${limit}`;
}

interface First {
  columns: string;
  condition: string;
  by: readonly string[];
  way: Direction;
  limit: number;
}

/** The first rows of a list, as many as are asked for, but of `each` so many of everyone. */
function firstRows({ from, conditions, each }: List, { columns, condition, by, way, limit }: First): string {
  const rows = (others: string) =>
    `SELECT ${columns} FROM ${from} WHERE ${others} AND ${condition} ORDER BY ${by.map((part) => `${part} ${way}`).join(', ')} LIMIT ${limit}`;
  if (each === undefined || each.by !== by[0]) return rows(conditions.text());
  return each.ids.map((id) => `(${rows(`${each.others} AND ${each.expression} = ${id}`)})`).join('\n UNION ALL ');
}

function wayOf({ direction, walk, inclusive }: Stretch): { upwards: boolean; way: Direction; beyond: string } {
  const upwards = (direction === 'ASC') === (walk === 'FORWARD');
  return { upwards, way: upwards ? 'ASC' : 'DESC', beyond: `${upwards ? '>' : '<'}${inclusive ? '=' : ''}` };
}

function fromPlace({ id }: List, stretch: Stretch, param: Param): string[] {
  const { order, place } = stretch;
  if (place === null || place.value === null) return [];
  const { upwards, beyond } = wayOf(stretch);
  const value = `${param(place.value)}::${order.type}`;
  // Said of the value alone, it is taken together with what a filter says of it: else an index is read from where the filter begins.
  return [
    `${order.expression} ${upwards ? '>=' : '<='} ${value}`,
    `(${order.expression}, ${id}) ${beyond} (${value}, ${param(place.id)}::text)`,
  ];
}

function presence({ expression, nullable }: ListOrder): { has: string; hasNot: string } {
  if (typeof nullable === 'object') return nullable;
  return { has: nullable ? `${expression} IS NOT NULL` : 'true', hasNot: `${expression} IS NULL` };
}

/**
 * The order's instant of the last row of a stretch at most, of those whose two instants are together. Null: the stretch is not full of them.
 * The first ones by the other instant are about the first ones by that of the order: none of the latter lies behind the last one of the former.
 */
async function findLast(db: Db, list: List, near: Near, stretch: Stretch): Promise<string | null> {
  const { order, limit } = stretch;
  const { upwards, way } = wayOf(stretch);
  const values = [...list.conditions.values];
  const param: Param = (value) => `$${values.push(value)}`;
  const condition = [presence(order).has, ...togetherFrom(list, near, stretch, param)].join(' AND ');
  const columns = `${near.expression} AS near, ${order.expression} AS value`;
  const first = firstRows(list, { columns, condition, by: [near.expression], way, limit });
  const [row] = await sqlOfPrisma(db).query<{ found: number; last: Date | null }>(
    `/* the end of a page of ${list.from} */
SELECT count(*)::int AS found, ${upwards ? 'max' : 'min'}(value) AS last
  FROM (SELECT value FROM (${first}) first ORDER BY near ${way} LIMIT ${limit}) found`,
    values,
  );
  return row?.found === limit ? toText(row.last) : null;
}

/** Rows of a stretch whose instants are together: by the other instant, too, they begin about where the stretch begins. */
function togetherFrom(list: List, near: Near, stretch: Stretch, param: Param): string[] {
  const { place } = stretch;
  const { upwards } = wayOf(stretch);
  const conditions = [near.together, ...fromPlace(list, stretch, param)];
  if (place !== null && place.value !== null) conditions.push(reaches(near, param(place.value), upwards));
  return conditions;
}

/** Rows that are together and have one instant at or after this one, upwards or downwards, have the other at most so far before it. */
function reaches({ expression, within }: Near, instant: string, upwards: boolean): string {
  return `${expression} ${upwards ? '>=' : '<='} ${instant}::timestamptz ${upwards ? '-' : '+'} interval '${within}'`;
}

/**
 * Conditions of the two kinds of rows in a stretch. Where its end is known, both end there: rows beyond it, of whatever kind, are no part of
 * the page, not even when some before it have gone meanwhile.
 */
function lanesOf(list: List, near: Near, stretch: Stretch, last: string | null, param: Param): string[][] {
  const { upwards } = wayOf(stretch);
  const together = togetherFrom(list, near, stretch, param);
  const apart = [near.apart, ...fromPlace(list, stretch, param)];
  if (last === null) return [together, apart];
  const end = param(last);
  const ends = `${stretch.order.expression} ${upwards ? '<=' : '>='} ${end}::timestamptz`;
  return [
    [...together, ends, reaches(near, end, !upwards)],
    [...apart, ends],
  ];
}

function toText(value: unknown): string | null {
  return value instanceof Date ? value.toISOString() : ((value ?? null) as string | null);
}
