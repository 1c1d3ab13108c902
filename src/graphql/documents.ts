import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';

type Store = NonNullable<ApolloServerOptionsWithSchema<BaseContext>['documentStore']>;

/**
 * Parsed documents, the ones that were asked for last. Counted by the length of their text: a parsed document takes some
 * fifty times as much, so that whoever sends ever other documents fills a few dozen MiB and no more.
 */
export function createDocumentStore(maxChars: number): Store {
  const documents = new Map<string, DocumentNode>();
  let chars = 0;

  function remove(key: string): void {
    const known = documents.get(key);
    if (known && documents.delete(key)) chars -= lengthOf(known);
  }

  return {
    async get(key) {
      const known = documents.get(key);
      // A Map keeps the order of insertion: taking out and putting back makes its first key the oldest.
      if (known && documents.delete(key)) documents.set(key, known);
      return known;
    },
    async set(key, document) {
      remove(key);
      documents.set(key, document);
      chars += lengthOf(document);
      for (const oldest of documents.keys()) {
        if (chars <= maxChars) break;
        remove(oldest);
      }
    },
    async delete(key) {
      remove(key);
    },
  };
}

function lengthOf(document: DocumentNode): number {
  return document.loc?.source.body.length ?? 0;
}
