import type { LabelSelector } from '../domain/labels.ts';
import { searchPatterns } from '../domain/search.ts';
import { sqlOfPrisma } from './sql.ts';
import type { PrismaTransaction } from './sql.ts';

export interface InstantRange {
  from?: Date | null | undefined;
  until?: Date | null | undefined;
}
type Maybe<T> = T | null | undefined;
type Named = { table: 'task'; column: 'key' } | { table: 'schedule'; column: 'name' };
export const TASK_KEYS: Named = { table: 'task', column: 'key' };
export const SCHEDULE_NAMES: Named = { table: 'schedule', column: 'name' };

/**
 * What the rows of a list must satisfy, put together from a filter: an absent condition matches all, an empty list nothing.
 * Expressions are ours; what a caller sent only ever becomes a parameter. The planner is to see every value: by it, it knows whether
 * few rows match or many, and whether a partial index holds them. Hence no subselects around parameters.
 */
export class Conditions {
  /** Values of $1, $2 … */
  readonly values: unknown[] = [];
  private readonly parts: string[] = [];

  /** @returns how the statement names the value */
  param(value: unknown): string {
    this.values.push(value);
    return `$${this.values.length}`;
  }

  add(condition: string): void {
    this.parts.push(`(${condition})`);
  }

  anyOf(expression: string, values: Maybe<readonly string[]>): void {
    if (values != null) this.add(`${expression} = ${this.anyText(values)}`);
  }

  /** Which of a set that is told apart by its own condition for each. */
  private anyCondition(conditions: readonly string[]): void {
    this.add(conditions.length === 0 ? 'false' : conditions.join(' OR '));
  }

  /** Rows that refer by `expression` to one that has one of these names. Where the planner should see which these are: findNamed. */
  refersTo(expression: string, named: Named, values: Maybe<readonly string[]>): void {
    if (values != null) this.add(`${expression} IN (${this.idsOf(named, values)})`);
  }

  /** Of all that have or had one of these names. In two halves: each has its own index, and the one of what is deleted costs nothing else. */
  idsOf({ table, column }: Named, values: readonly string[]): string {
    const found = `SELECT id FROM ${table} WHERE ${column} = ${this.anyText(values)}`;
    return `${found} AND deleted_at IS NULL UNION ALL ${found} AND deleted_at IS NOT NULL`;
  }

  /** Half-open. A range without ends still asks for an instant. */
  within(expression: string, range: Maybe<InstantRange>): void {
    if (range == null) return;
    this.add(`${expression} IS NOT NULL`);
    if (range.from != null) this.add(`${expression} >= ${this.param(range.from.toISOString())}::timestamptz`);
    // Instants are kept to the millisecond. Said inclusively, as places in a list are, the nearer one of the two is where an index is entered.
    if (range.until != null)
      this.add(`${expression} <= ${this.param(range.until.toISOString())}::timestamptz - interval '1 millisecond'`);
  }

  /** What has labels is said to have some, for the partial indexes of labels hold nothing else. */
  labels(column: string, selectors: Maybe<readonly LabelSelector[]>): void {
    for (const { key, in: values, exists } of selectors ?? []) {
      if (exists === false) {
        this.add(`NOT ${column} ? ${this.param(key)}::text`);
        continue;
      }
      this.add(`${column} <> '{}'`);
      if (values == null) this.add(`${column} ? ${this.param(key)}::text`);
      else this.anyCondition(values.map((value) => `${column} @> ${this.param(JSON.stringify({ [key]: value }))}::jsonb`));
    }
  }

  /** @param refers  where something that rows refer to is searched as well: an expression, and for each word what was found (findWords) */
  search(columns: readonly string[], text: Maybe<string>, refers?: { expression: string; found: readonly string[][] }): void {
    for (const [index, pattern] of searchPatterns(text ?? '').entries()) {
      const word = this.param(pattern);
      const ways = columns.map((column) => `${column} ~ ${word}::text`);
      const found = refers?.found[index] ?? [];
      if (refers !== undefined && found.length > 0) ways.push(`${refers.expression} = ${this.anyText(found)}`);
      this.anyCondition(ways);
    }
  }

  is(expression: string, wanted: Maybe<boolean>): void {
    if (wanted != null) this.add(wanted ? expression : `(${expression}) IS NOT TRUE`);
  }

  /** How many there are. */
  get size(): number {
    return this.parts.length;
  }

  text(): string {
    return this.parts.length === 0 ? 'true' : this.parts.join(' AND ');
  }

  private anyText(values: readonly string[]): string {
    return values.length === 1 ? `${this.param(values[0])}::text` : `ANY(${this.param([...values])}::text[])`;
  }
}

/**
 * Ids of all that have or had one of these names, null for no names: asked for before the list itself, so that its planner sees which
 * they are. Some have most of the rows, and others next to none.
 */
export async function findNamed(
  prisma: Pick<PrismaTransaction, '$queryRawUnsafe'>,
  named: Named,
  values: Maybe<readonly string[]>,
): Promise<string[] | null> {
  if (values == null) return null;
  const conditions = new Conditions();
  const sql = `/* ids by name */ ${conditions.idsOf(named, values)}`;
  const rows = await sqlOfPrisma(prisma).query<{ id: string }>(sql, conditions.values);
  return rows.map(({ id }) => id);
}

/** For each word of a search, ids of the rows whose name holds it: of few rows, asked for once, and not with each row that refers to them. */
export async function findWords(
  prisma: Pick<PrismaTransaction, '$queryRawUnsafe'>,
  { table, column }: Named,
  text: Maybe<string>,
): Promise<string[][]> {
  const patterns = searchPatterns(text ?? '');
  if (patterns.length === 0) return [];
  const rows = await sqlOfPrisma(prisma).query<{ ids: string[] }>(
    `/* ids by words */
SELECT ARRAY(SELECT id FROM ${table} WHERE ${column} ~ w.word) AS ids FROM unnest($1::text[]) WITH ORDINALITY AS w(word, place) ORDER BY w.place`,
    [patterns],
  );
  return rows.map(({ ids }) => ids);
}
