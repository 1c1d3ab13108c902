import type { Client, CombinedError, AnyVariables, TypedDocumentNode } from 'urql';
import type { ListFilters } from './filters.ts';
import { apiFilter, apiOrder } from './filters.ts';
import type { ListSource } from './pagedList.ts';
import { PAGE } from './pagedList.ts';
import {
  ScheduleNamesDocument,
  SchedulePageDocument,
  ScheduleRowsDocument,
  ScheduleStepDocument,
} from './schedules.generated.ts';
import type { ScheduleNamesQuery, ScheduleRowFragment } from './schedules.generated.ts';
import type { Choice } from './selection.ts';

/** A row of the list, as the API answers it. */
export type Row = ScheduleRowFragment;

const readAt = new WeakMap<Row, number>();
/** Milliseconds since the row was read. */
export const ageOf = (row: Row): number => Date.now() - (readAt.get(row) ?? 0);

function dated(rows: readonly Row[]): readonly Row[] {
  for (const row of rows) readAt.set(row, Date.now());
  return rows;
}

/** @throws CombinedError */
export async function ask<Data, Variables extends AnyVariables>(
  client: Client,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const { data, error } = await client.query(document, variables).toPromise();
  if (!data) throw error as CombinedError;
  return data;
}

export function listSource(client: Client, filters: ListFilters): ListSource<Row> {
  const which = { filter: apiFilter(filters), orderBy: apiOrder(filters.sort), first: PAGE };
  return {
    async page(after, counted) {
      const { schedules } = await ask(client, SchedulePageDocument, { ...which, after, counted });
      const { nodes, pageInfo, totalCount, totalCountCapped } = schedules;
      return {
        rows: dated(nodes),
        endCursor: pageInfo.endCursor,
        hasNext: pageInfo.hasNextPage,
        ...(totalCount !== undefined && { total: totalCount }),
        ...(totalCountCapped !== undefined && { capped: totalCountCapped }),
      };
    },
    async step(after) {
      const { pageInfo } = (await ask(client, ScheduleStepDocument, { ...which, after })).schedules;
      return pageInfo.hasNextPage ? pageInfo.endCursor : null;
    },
  };
}

/** @param ids  at most 100 */
export async function readRows(client: Client, ids: readonly string[]): Promise<readonly Row[]> {
  const { nodes } = await ask(client, ScheduleRowsDocument, { ids: [...ids] });
  return dated(nodes.filter((node) => node?.__typename === 'Schedule'));
}

/** All that match, page by page. */
export async function readNames(client: Client, filters: ListFilters): Promise<Choice[]> {
  const which = { filter: apiFilter(filters), orderBy: apiOrder(filters.sort) };
  const choices: Choice[] = [];
  for (let after: string | null = null, more = true; more;) {
    const answer: ScheduleNamesQuery = await ask(client, ScheduleNamesDocument, { ...which, after });
    const { nodes, pageInfo } = answer.schedules;
    choices.push(...nodes);
    after = pageInfo.endCursor;
    more = pageInfo.hasNextPage;
  }
  return choices;
}
