import type pg from 'pg';
import type { PrismaClient } from './generated/client.ts';

/** Runs one statement with positional parameters. Structured values travel as one JSON text parameter, cast in the statement. */
export interface Sql {
  query<Row>(text: string, values?: readonly unknown[]): Promise<Row[]>;
}
export type PrismaTransaction = Omit<PrismaClient, '$connect' | '$disconnect' | '$on' | '$transaction' | '$extends' | '$use'>;

/** Raw statements inside a Prisma transaction. */
export function sqlOfPrisma(prisma: Pick<PrismaClient, '$queryRawUnsafe'>): Sql {
  return { query: (text, values = []) => prisma.$queryRawUnsafe(text, ...values) };
}

/**
 * Raw statements on a connection of the pool. Each text is prepared once per connection: the statements of the hot path are
 * few, constant and planned once.
 */
export function sqlOfPg(client: Pick<pg.Pool | pg.PoolClient, 'query'>): Sql {
  return {
    async query<Row>(text: string, values: readonly unknown[] = []) {
      const result: pg.QueryResult | pg.QueryResult[] = await client.query({
        name: statementName(text),
        text,
        values: [...values],
      });
      // A text of several statements, as the queue's maintenance sends, answers one result each.
      return (Array.isArray(result) ? result.flatMap((each) => each.rows) : result.rows) as Row[];
    },
  };
}

/** The name in the first comment of every statement. */
function statementName(text: string): string | undefined {
  return /^\s*\/\* (\w+) \*\//.exec(text)?.[1];
}

/** What `id =` is compared with to be one of the texts of a parameter, a JSON array: made once, so that an index can serve it. */
export function listed(parameter: string): string {
  return `ANY(ARRAY(SELECT jsonb_array_elements_text(${parameter}::jsonb)))`;
}

/** Constants of ours as a list in a statement: `('A', 'B')`. Never for what a caller sent. */
export function sqlList(values: readonly string[]): string {
  return `(${values.map((value) => `'${value}'`).join(', ')})`;
}
