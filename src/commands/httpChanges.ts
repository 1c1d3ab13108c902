import type { HttpRequest } from '../domain/httpRequest.ts';
import { secretHeaderNames } from '../domain/httpSecrets.ts';
import { changesBetween } from '../store/audit.ts';
import type { NewAuditEntry } from '../store/audit.ts';

type Changes = NewAuditEntry['changes'];

/**
 * What the audit trail keeps of an edited request: of whatever may carry a secret only that it is there and that it is another than
 * before. `changed` names the members of the request that differ, `secretsGiven` the sealed ones among them that were given.
 */
export function withoutSecrets(changes: Changes): Changes {
  const http = changes?.['http'];
  if (http === undefined) return changes;
  const before = http.before as HttpRequest;
  const after = http.after as HttpRequest;
  const given = Object.entries(after.secretHeaders ?? {}).filter(([name, sealed]) => before.secretHeaders?.[name] !== sealed);
  const secretsGiven = [
    ...given.map(([name]) => name),
    ...(after.signingSecret !== undefined && after.signingSecret !== before.signingSecret ? ['signingSecret'] : []),
  ];
  const changed = Object.keys(changesBetween(before, after) ?? {}).toSorted();
  return {
    ...changes,
    http: { before: masked(before), after: { ...masked(after), changed, ...(secretsGiven.length > 0 && { secretsGiven }) } },
  };
}

const MASK = '***';

function masked(http: HttpRequest) {
  const { url, headers, secretHeaders: _, signingSecret, body, ...request } = http;
  return {
    ...request,
    url: maskedUrl(url),
    headers: Object.keys(headers),
    body: body === null ? null : MASK,
    secretHeaders: secretHeaderNames(http),
    signed: signingSecret !== undefined,
  };
}

/** Without user, password and the values of its query. A part of the query without a name is a value. */
function maskedUrl(text: string): string {
  const url = new URL(text);
  const user = url.username === '' && url.password === '' ? '' : `${MASK}@`;
  const parts = url.search.slice(1).split('&');
  const query = url.search === '' ? '' : `?${parts.map((part) => `${/^[^=]*=/.exec(part)?.[0] ?? ''}${MASK}`).join('&')}`;
  return `${url.protocol}//${user}${url.host}${url.pathname}${query}`;
}
