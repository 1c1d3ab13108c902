import type { OperationRequest } from '../graphql/operation.ts';
import { parseJson } from './body.ts';
import type { JsonResult } from './body.ts';

/**
 * The request that a query string carries, in the shape of a body: `query`, `documentId`, `operationName`, and as JSON
 * `variables` and `extensions`.
 */
export function fromSearch(search: string): JsonResult {
  const parameters = new URLSearchParams(search);
  const value: Record<string, unknown> = {};
  for (const name of ['query', 'documentId', 'operationName', 'variables', 'extensions']) {
    const [sent, ...more] = parameters.getAll(name);
    if (more.length > 0) return { ok: false, status: 400, message: `The parameter ${name} is given more than once.` };
    if (sent === undefined) continue;
    const isJson = name === 'variables' || name === 'extensions';
    const parsed: JsonResult = !isJson ? { ok: true, value: sent } : parseJson(sent);
    if (!parsed.ok) return { ...parsed, message: `The parameter ${name}: ${parsed.message}` };
    value[name] = parsed.value;
  }
  return { ok: true, value };
}

/** The request's shape, or what is wrong with it. */
export function operationRequest(value: unknown): OperationRequest | string {
  if (!isObject(value)) return 'The body must be a JSON object.';
  const { query, operationName = null, variables } = value;
  if (typeof query !== 'string' || query === '') return 'query must be a string and not empty.';
  if (operationName !== null && typeof operationName !== 'string') return 'operationName must be a string.';
  const given = variables ?? {};
  return isObject(given) ? { query, operationName, variables: given } : 'variables must be an object.';
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
