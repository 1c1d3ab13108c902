import { graphql } from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { createContext } from './context.ts';
import type { ApiParts } from './context.ts';

/** Asks the API from inside the process. @throws Error with the messages when the answer has errors */
export type Ask = <Data>(document: string, variables?: Record<string, unknown>) => Promise<Data>;

/** The API as the code of a task may ask it: with the rights of a VIEWER, without the limits that are for strangers. */
export function askAsTask(schema: GraphQLSchema, parts: ApiParts, taskKey: string): Ask {
  const viewer = { actor: { kind: 'SYSTEM', id: `task:${taskKey}`, name: taskKey }, role: 'VIEWER' } as const;
  return async <Data>(source: string, variableValues: Record<string, unknown> = {}) => {
    const contextValue = createContext(parts, { viewer, requestId: `task:${taskKey}` });
    const { data, errors } = await graphql({ schema, source, variableValues, contextValue });
    if (errors !== undefined) throw new Error(errors.map((error) => error.message).join('; '));
    return data as Data;
  };
}
