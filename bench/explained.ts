import pg from 'pg';

/** What the database says of the statements that the product sends: they are taken from the connections, never written down a second time. */

interface Statement {
  text: string;
  values: unknown[];
}
interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  'Shared Hit Blocks': number;
  'Shared Read Blocks': number;
  Plans?: PlanNode[];
}
interface Explained {
  Plan: PlanNode;
  'Planning Time': number;
  'Execution Time': number;
}
export interface Cost {
  /** Planning and execution of all statements together, in the best round. */
  ms: number;
  /** Pages of 8 KiB that they looked at. */
  buffers: number;
  /** The node that read most rows of the table. */
  node: string;
}

/** What is so fast, or so slow, is not asked again: no better moment would say anything else of it. */
const FAST_MS = 10;
const HOPELESS_MS = 200;

/** The reading statements that `work` sends, on whatever connection. */
export async function statementsOf(work: () => Promise<unknown>): Promise<Statement[]> {
  const statements: Statement[] = [];
  // Prisma and the hot path send everything by this method of their pools' clients.
  const { prototype } = pg.Client;
  const original = Object.getOwnPropertyDescriptor(prototype, 'query') as PropertyDescriptor;
  const send = original.value as (...args: unknown[]) => unknown;
  prototype.query = function (this: pg.Client, ...args: unknown[]) {
    const [query] = args as [string | { text: string; values?: unknown[] }];
    const { text, values = [] } = typeof query === 'string' ? { text: query } : query;
    if (/^\s*(\/\*.*?\*\/\s*)?(SELECT|WITH)\b/.test(text)) statements.push({ text, values });
    return send.apply(this, args);
  } as typeof prototype.query;
  try {
    await work();
  } finally {
    Object.defineProperty(prototype, 'query', original);
  }
  return statements;
}

/** @param rounds  how often what is slow is tried */
export async function costOf(client: pg.Client, statements: readonly Statement[], table: string, rounds: number): Promise<Cost> {
  let best: Cost | undefined;
  for (let round = 0; round < rounds; round += 1) {
    const plans: Explained[] = [];
    for (const { text, values } of statements) {
      const { rows } = await client.query<{ 'QUERY PLAN': [Explained] }>({
        text: `EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) ${text}`,
        values,
      });
      plans.push((rows[0] as { 'QUERY PLAN': [Explained] })['QUERY PLAN'][0]);
    }
    const ms = plans.reduce((sum, plan) => sum + plan['Planning Time'] + plan['Execution Time'], 0);
    if (best !== undefined && best.ms <= ms) continue;
    const buffers = plans.reduce((sum, { Plan }) => sum + Plan['Shared Hit Blocks'] + Plan['Shared Read Blocks'], 0);
    best = { ms, buffers, node: readerOf(plans, table) };
    if (ms < FAST_MS || ms > HOPELESS_MS) break;
  }
  return best ?? { ms: 0, buffers: 0, node: '' };
}

function readerOf(plans: readonly Explained[], table: string): string {
  let most = -1;
  let reader = '';
  const visit = (node: PlanNode): void => {
    const looked =
      (node['Actual Rows'] + (node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Index Recheck'] ?? 0)) *
      node['Actual Loops'];
    // Partitions have names of their own that begin with that of their table.
    if (node['Relation Name']?.startsWith(table) === true && looked > most) {
      most = looked;
      const index = node['Index Name'] ?? node.Plans?.[0]?.['Index Name'];
      reader = [node['Node Type'], index, `${Math.round(looked)} rows`].filter(Boolean).join(' ');
    }
    node.Plans?.forEach(visit);
  };
  for (const { Plan } of plans) visit(Plan);
  return reader;
}
