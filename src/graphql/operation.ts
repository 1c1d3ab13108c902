import {
  getOperationAST,
  getVariableValues,
  GraphQLError,
  NoSchemaIntrospectionCustomRule,
  parse,
  specifiedRules,
  validate,
} from 'graphql';
import type { DocumentNode, GraphQLSchema, OperationTypeNode } from 'graphql';
import type { Viewer } from '../auth/viewer.ts';
import { apiError, withCode } from './errors.ts';
import { checkLimits, LIMITS, measure } from './limits.ts';
import type { PersistedDocuments } from './persisted.ts';
import { costOf } from './rateLimit.ts';
import type { RateLimiter } from './rateLimit.ts';
import { unstorablePlace } from './unstorable.ts';

/** What every transport checks operations with. */
export interface Guard {
  schema: GraphQLSchema;
  /** Hides the schema: no introspection, no suggestions in messages. */
  production: boolean;
  limiter: RateLimiter;
  /** Null: this server has none. */
  persisted: PersistedDocuments | null;
}

/** A request as it was sent, its shape checked and nothing else. */
export interface OperationRequest {
  query: string;
  operationName: string | null;
  variables: Record<string, unknown>;
}

/** An operation that may run. */
export interface AdmittedOperation {
  kind: `${OperationTypeNode}`;
  document: DocumentNode;
  operationName: string | null;
  variables: Record<string, unknown>;
}

type Admission = { ok: true; operation: AdmittedOperation } | { ok: false; errors: readonly GraphQLError[] };
type Kinds = readonly AdmittedOperation['kind'][];

/**
 * What must hold before a validated operation of any transport runs, beyond its document: variables that fit, text that
 * can be stored, the limits, and the viewer's rate. Takes the cost from the viewer's bucket when all else holds.
 * @returns the reasons to refuse, none when it may run; each carries a documented code
 */
export function admit(
  guard: Guard,
  viewer: Viewer,
  document: DocumentNode,
  { operationName, variables }: Pick<OperationRequest, 'operationName' | 'variables'>,
): readonly GraphQLError[] {
  const operation = getOperationAST(document, operationName);
  if (!operation) return [apiError('BAD_USER_INPUT', 'Say in operationName which operation of the document to run.')];
  const place = unstorablePlace(document, variables);
  if (place !== null) {
    const what = 'text with U+0000 or an unpaired surrogate, which cannot be stored';
    return [apiError('BAD_USER_INPUT', `The request holds ${what}, in ${place}.`)];
  }
  const { errors, coerced } = getVariableValues(guard.schema, operation.variableDefinitions ?? [], variables, {
    maxErrors: LIMITS.maxCoercionErrors,
    hideSuggestions: guard.production,
  });
  if (errors) return errors.map((error) => withCode(error, 'BAD_USER_INPUT'));
  const measured = orFault(() => measure(guard.schema, document, operationName, coerced));
  if (measured instanceof GraphQLError) return [withCode(measured, 'BAD_USER_INPUT')];
  const tooComplex = checkLimits(measured);
  if (tooComplex) return [tooComplex];
  const principal = viewer.principal ?? `${viewer.actor.kind}:${viewer.actor.id}`;
  const retryAfter = guard.limiter.take(principal, costOf(measured.nodes));
  if (retryAfter === null) return [];
  return [apiError('RATE_LIMITED', `Too many requests; try again in ${retryAfter} s.`, { retryAfter })];
}

/** A document that has been parsed and is valid, or why it is not. */
export function readDocument(
  checked: Pick<Guard, 'schema' | 'production'>,
  text: string,
): { ok: true; document: DocumentNode } | { ok: false; errors: readonly GraphQLError[] } {
  const document = orFault(() => parse(text, { maxLexicalTokens: LIMITS.maxTokens }));
  if (document instanceof GraphQLError) return { ok: false, errors: [withCode(document, 'GRAPHQL_PARSE_FAILED')] };
  const errors = documentFaults(checked, document);
  return errors.length > 0 ? { ok: false, errors } : { ok: true, document };
}

/** What the schema does not allow in a parsed document. */
export function documentFaults(
  { schema, production }: Pick<Guard, 'schema' | 'production'>,
  document: DocumentNode,
): readonly GraphQLError[] {
  const rules = production ? [...specifiedRules, NoSchemaIntrospectionCustomRule] : specifiedRules;
  // The rule for subscriptions evaluates their directives: it throws where one lacks its argument.
  const faults = orFault(() => validate(schema, document, rules, { hideSuggestions: production }));
  return [faults].flat().map((fault) => withCode(fault, 'GRAPHQL_VALIDATION_FAILED'));
}

/**
 * The one way in for what does not come through Apollo Server: the document is parsed and checked, then `admit` decides.
 * @param kinds  what the transport carries; operations of another kind are told where to go
 */
export function admitRequest(guard: Guard, viewer: Viewer, request: OperationRequest, kinds: Kinds): Admission {
  const { query, operationName, variables } = request;
  const read = readDocument(guard, query);
  if (!read.ok) return read;
  const { document } = read;
  const kind = getOperationAST(document, operationName)?.operation;
  if (kind && !kinds.includes(kind)) {
    const message = `This is the door for subscriptions: send a ${kind} to POST /graphql.`;
    return { ok: false, errors: [apiError('BAD_USER_INPUT', message)] };
  }
  const errors = admit(guard, viewer, document, request);
  // Without a kind there is no operation of that name, which `admit` has said.
  if (errors.length > 0 || !kind) return { ok: false, errors };
  return { ok: true, operation: { kind, document, operationName, variables } };
}

/** graphql-js throws what a caller did wrong as a GraphQLError; everything else is a bug. */
function orFault<T>(run: () => T): T | GraphQLError {
  try {
    return run();
  } catch (error) {
    if (error instanceof GraphQLError) return error;
    throw error;
  }
}
