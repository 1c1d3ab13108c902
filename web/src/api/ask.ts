import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import type { Live } from './live.ts';

/**
 * Asks once, over the live connection and past the cache: for pages that pass by and that nobody else shows.
 * @throws Error with what the server said; while the connection is lost it waits
 */
export function ask<Data, Variables extends object>(
  live: Live,
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  return new Promise((resolve, reject) => {
    live.follow(document, variables, resolve, (fault) => reject(new Error(fault ?? 'The server told nothing.')));
  });
}
