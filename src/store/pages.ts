/** One page of a list that may grow, by keyset: the place is a sort value and an id, never an offset. */
export interface Page<Row> {
  rows: Row[];
  /** Where each row stands. */
  keys: PageKey[];
  /** The sort column, and which way. */
  field: string;
  direction: 'ASC' | 'DESC';
  hasNextPage: boolean;
  hasPreviousPage: boolean;
  /** Counts on demand, once, up to COUNT_CAP. */
  count(): Promise<{ total: number; capped: boolean }>;
}
export interface PageKey {
  /** Text and numbers as they are; instants in ISO. */
  value: string | null;
  id: string;
}
export interface PageRequest {
  first: number;
  after: PageKey | null;
  direction: 'ASC' | 'DESC';
}
const COUNT_CAP = 10_000;

/** What Prisma's delegates have in common here. */
interface Delegate<Row> {
  findMany(args: object): Promise<Row[]>;
  count(args: object): Promise<number>;
}

/**
 * @param field  column to sort by; ties are broken by id. Never null in the rows it is used for.
 * @param where  Prisma filter
 */
export async function readPage<Row extends { id: string }>(
  delegate: Delegate<Row>,
  where: object,
  field: keyof Row & string,
  request: PageRequest,
  isInstant = false,
): Promise<Page<Row>> {
  const order = request.direction === 'ASC' ? 'asc' : 'desc';
  const beyond = request.direction === 'ASC' ? 'gt' : 'lt';
  const parse = (value: string | null) => (isInstant && value !== null ? new Date(value) : value);
  const { after } = request;
  const place =
    after === null
      ? {}
      : { OR: [{ [field]: { [beyond]: parse(after.value) } }, { [field]: parse(after.value), id: { [beyond]: after.id } }] };
  const found = await delegate.findMany({
    where: { AND: [where, place] },
    // An order by id as well would repeat the column when id is the sort field itself.
    orderBy: [{ [field]: order }, { id: order }],
    take: request.first + 1,
  });
  const rows = found.slice(0, request.first);
  let counted: ReturnType<Page<Row>['count']> | undefined;
  return {
    rows,
    field,
    direction: request.direction,
    keys: rows.map((row) => ({ value: toText(row[field]), id: row.id })),
    hasNextPage: found.length > request.first,
    hasPreviousPage: after !== null,
    count: () => (counted ??= countUpToCap(delegate, where)),
  };
}

async function countUpToCap(
  delegate: Pick<Delegate<unknown>, 'count'>,
  where: object,
): Promise<{ total: number; capped: boolean }> {
  const total = await delegate.count({ where, take: COUNT_CAP + 1 });
  return { total: Math.min(total, COUNT_CAP), capped: total > COUNT_CAP };
}

function toText(value: unknown): string | null {
  return value instanceof Date ? value.toISOString() : value === null ? null : String(value);
}

/** Prisma's form of a half-open range of instants; undefined leaves the column alone. */
export function withinRange(
  range: { from?: Date | null | undefined; until?: Date | null | undefined } | null | undefined,
): object | undefined {
  if (range === null || range === undefined) return undefined;
  return { ...(range.from && { gte: range.from }), ...(range.until && { lt: range.until }) };
}

/** Prisma's form of "any of these"; an absent list matches all, an empty one nothing. */
export function anyOf<T>(values: readonly T[] | null | undefined): { in: T[] } | undefined {
  return values === null || values === undefined ? undefined : { in: [...values] };
}
