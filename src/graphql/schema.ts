import { readFileSync } from 'node:fs';
import { makeExecutableSchema } from '@graphql-tools/schema';
import type { GraphQLSchema } from 'graphql';
import { enforceAuth } from './auth.ts';
import { takeCursorFirst } from './cursorFirst.ts';
import { Mutation } from './resolvers/mutation.ts';
import { Query } from './resolvers/query.ts';
import { Subscription } from './resolvers/subscription.ts';
import { types } from './resolvers/types.ts';
import { scalars } from './scalars.ts';

/** The contract of schema.graphql with the code behind it, roles enforced. */
export function createSchema(): GraphQLSchema {
  const typeDefs = readFileSync(new URL('../../schema.graphql', import.meta.url), 'utf8');
  const schema = makeExecutableSchema({ typeDefs, resolvers: { ...scalars, ...types, Query, Mutation, Subscription } });
  return enforceAuth(takeCursorFirst(schema));
}
