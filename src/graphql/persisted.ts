import { createHash } from 'node:crypto';
import type { GraphQLError } from 'graphql';
import { apiError } from './errors.ts';

/** Documents that clients may name by their id instead of sending their text. */
export interface PersistedDocuments {
  /** By the SHA-256 of the text: 64 hexadecimal digits, lower case. */
  documents: ReadonlyMap<string, string>;
  /** Nothing else is run. */
  required: boolean;
}

type Resolved = { ok: true; value: unknown } | { ok: false; error: GraphQLError };

const REQUIRED =
  'This server runs persisted documents only: send the id of one as documentId, or as extensions.persistedQuery.sha256Hash.';
/** In these very words clients know that they have to send the text; so do the codes of Apollo's protocol. */
const NOT_FOUND = 'PersistedQueryNotFound';
const NOT_SUPPORTED = 'PersistedQueryNotSupported';

const refuse = (message: string): Resolved => ({ ok: false, error: apiError('BAD_USER_INPUT', message) });

/** The id that a document has, without the prefix `sha256:`. */
export function documentIdOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** 64 hexadecimal digits with or without the prefix, in either case; null for what is no id. */
export function readDocumentId(text: string): string | null {
  return /^(?:sha256:)?([0-9a-f]{64})$/i.exec(text)?.[1]?.toLowerCase() ?? null;
}

/**
 * Puts the text of the document that a request names in the place of its id. Two ways to name one: `documentId`, as GraphQL
 * over HTTP has it, and `extensions.persistedQuery.sha256Hash`, as the clients of Apollo and urql send it. Those fall back on
 * sending text and id together: run while text is taken at all and the id is its own. Nothing that is sent is ever stored.
 * @param sent       the request as it came; what is no object is left to others to refuse
 * @param persisted  null: this server has none
 */
export function resolveDocument(sent: unknown, persisted: PersistedDocuments | null): Resolved {
  if (!isObject(sent)) return { ok: true, value: sent };
  const named = namedIn(sent);
  if (named === null) return persisted?.required === true ? refuse(REQUIRED) : { ok: true, value: sent };
  if (persisted === null) return refuse(NOT_SUPPORTED);
  const id = typeof named === 'string' ? readDocumentId(named) : null;
  if (id === null)
    return refuse('The id of a document is its SHA-256: 64 hexadecimal digits, with or without "sha256:" before them.');

  const { documentId: _, extensions, query, ...rest } = sent;
  const known = persisted.documents.get(id);
  const text = query === undefined || query === null || query === '' ? known : query;
  if (text === undefined || (known === undefined && persisted.required))
    return { ok: false, error: apiError('PERSISTED_QUERY_NOT_FOUND', NOT_FOUND) };
  if (typeof text === 'string' && text !== known && documentIdOf(text) !== id)
    return refuse('query is another document than the one that the id names: send one of them, or both of the same.');
  return { ok: true, value: { ...rest, query: text, ...(isObject(extensions) && { extensions: without(extensions) }) } };
}

/** Null when the request names no document. */
function namedIn({ documentId, extensions }: Record<string, unknown>): unknown {
  if (documentId !== undefined && documentId !== null) return documentId;
  const persistedQuery = isObject(extensions) ? extensions['persistedQuery'] : null;
  if (persistedQuery === undefined || persistedQuery === null) return null;
  return isObject(persistedQuery) ? (persistedQuery['sha256Hash'] ?? '') : '';
}

function without({ persistedQuery: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
