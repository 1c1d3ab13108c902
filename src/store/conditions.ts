import type { LabelSelector } from '../domain/labels.ts';
import { searchPatterns } from '../domain/search.ts';
import { listed } from './sql.ts';

export interface InstantRange {
  from?: Date | null | undefined;
  until?: Date | null | undefined;
}
type Maybe<T> = T | null | undefined;

/**
 * What the rows of a list must satisfy, put together from a filter: an absent condition matches all, an empty list nothing.
 * Expressions are ours; what a caller sent only ever becomes a parameter.
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

  /** Rows that refer by `expression` to a row of `table` whose `column` has one of these values. */
  refersTo(expression: string, table: string, column: string, values: Maybe<readonly string[]>): void {
    if (values != null) this.add(`${expression} IN (SELECT id FROM ${table} WHERE ${column} = ${this.anyText(values)})`);
  }

  /** Half-open. A range without ends still asks for an instant. */
  within(expression: string, range: Maybe<InstantRange>): void {
    if (range == null) return;
    this.add(`${expression} IS NOT NULL`);
    if (range.from != null) this.add(`${expression} >= ${this.param(range.from.toISOString())}::timestamptz`);
    if (range.until != null) this.add(`${expression} < ${this.param(range.until.toISOString())}::timestamptz`);
  }

  labels(column: string, selectors: Maybe<readonly LabelSelector[]>): void {
    for (const { key, in: values, exists } of selectors ?? []) {
      const value = `${column}->>${this.param(key)}::text`;
      if (exists === false) this.add(`${value} IS NULL`);
      else if (values == null) this.add(`${value} IS NOT NULL`);
      else this.add(`${value} = ${this.anyText(values)}`);
    }
  }

  search(columns: readonly string[], text: Maybe<string>): void {
    for (const pattern of searchPatterns(text ?? '')) {
      this.add(`concat_ws(E'\\n', ${columns.join(', ')}) ~ ${this.param(pattern)}::text`);
    }
  }

  is(expression: string, wanted: Maybe<boolean>): void {
    if (wanted != null) this.add(`${expression} IS ${wanted ? 'TRUE' : 'NOT TRUE'}`);
  }

  text(): string {
    return this.parts.length === 0 ? 'true' : this.parts.join(' AND ');
  }

  private anyText(values: readonly string[]): string {
    return listed(this.param(JSON.stringify(values)));
  }
}
