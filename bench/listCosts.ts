import type pg from 'pg';
import type { ListOrder, Page, PageKey } from '../src/store/pages.ts';
import type { Bench } from './burst.ts';
import { costOf, statementsOf } from './explained.ts';
import type { Cost } from './explained.ts';
import { pagedLists, plainLists } from './listQuestions.ts';
import type { PagedList } from './listQuestions.ts';
import type { Sizes } from './listRows.ts';

const SIZE = 25;
export const ROUNDS = 3;
/** How far into the list the deep page lies. */
const DEPTH = 0.6;

interface Line extends Cost {
  list: string;
  filter: string;
  order: string;
}

/** Places deep in the list, as a cursor would name them; where some rows have no value, one among those, too. */
async function deepPlaces(client: pg.Client, { from }: PagedList, { expression, nullable }: ListOrder): Promise<PageKey[]> {
  const [, alias] = from.split(' ') as [string, string];
  const [has, hasNot] =
    typeof nullable === 'object' ? [nullable.has, nullable.hasNot] : [`${expression} IS NOT NULL`, `${expression} IS NULL`];
  const place = async (condition: string, value: string) => {
    const { rows } = await client.query<{ id: string; value: Date | string | null }>(
      `SELECT ${alias}.id, ${value} AS value FROM ${from} WHERE ${condition} ORDER BY 2, 1
        OFFSET (SELECT floor(count(*) * ${DEPTH}) FROM ${from} WHERE ${condition}) LIMIT 1`,
    );
    return rows.map(({ id, value }) => ({ id, value: value instanceof Date ? value.toISOString() : value }));
  };
  return [...(await place(has, expression)), ...(nullable === false ? [] : await place(hasNot, 'NULL'))];
}

async function explainPaged(client: pg.Client, list: PagedList): Promise<Line[]> {
  const [table] = list.from.split(' ') as [string];
  const lines: Line[] = [];
  const add = async (filter: string, order: string, work: () => Promise<unknown>) => {
    lines.push({ list: list.name, filter, order, ...(await costOf(client, await statementsOf(work), table, ROUNDS)) });
  };
  const deep = new Map<ListOrder, PageKey[]>();
  for (const order of list.orders) deep.set(order, await deepPlaces(client, list, order));
  for (const [filter, read] of Object.entries(list.filters)) {
    let page: Page<unknown> | undefined;
    for (const order of list.orders) {
      for (const direction of ['ASC', 'DESC'] as const) {
        // Backwards is the other direction, but for where rows without a value stand: seen without a filter.
        for (const walk of order.nullable !== false && filter === 'none'
          ? (['FORWARD', 'BACKWARD'] as const)
          : (['FORWARD'] as const)) {
          for (const place of [null, ...(deep.get(order) ?? [])]) {
            const where = place === null ? 'first' : place.value === null ? 'deep, without' : 'deep';
            const name = `${order.field} ${direction} ${walk === 'FORWARD' ? '' : 'backwards '}${where}`;
            await add(filter, name, async () => (page = await read({ order, direction, size: SIZE, walk, place })));
          }
        }
      }
    }
    const counted = page;
    if (counted !== undefined) await add(filter, 'totalCount', () => counted.count());
  }
  return lines;
}

/** @param only  name of one list; null: all */
export async function explainLists(
  { client, store }: Pick<Bench, 'client' | 'store'>,
  now: number,
  sizes: Sizes,
  only: string | null,
): Promise<Line[]> {
  const lines: Line[] = [];
  const asked = ({ name }: { name: string }) => only === null || name === only;
  for (const list of pagedLists(store, now, sizes).filter(asked)) lines.push(...(await explainPaged(client, list)));
  for (const { name, table, read } of plainLists(store, now).filter(asked)) {
    const cost = await costOf(client, await statementsOf(read), table, ROUNDS);
    lines.push({ list: name, filter: '', order: '', ...cost });
  }
  return lines;
}

/** The slowest page of each list and filter, and its totalCount. */
export function slowest(lines: readonly Line[]): Line[] {
  const groups = Map.groupBy(lines, ({ list, filter, order }) => JSON.stringify([list, filter, order === 'totalCount']));
  return Array.from(groups.values(), (group) => group.reduce((worst, line) => (line.ms > worst.ms ? line : worst)));
}

const HEAD = ['list', 'filter', 'order', 'ms', 'buffers', 'read by'];

export function table(lines: readonly Line[]): string[] {
  const cells = lines.map(({ list, filter, order, ms, buffers, node }) => [
    list,
    filter,
    order,
    ms.toFixed(1),
    String(buffers),
    node,
  ]);
  const rows = [HEAD, ...cells];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}
