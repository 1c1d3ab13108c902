import { storableJson } from './storableJson.ts';
import { quoted } from './text.ts';

export const HTTP_METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'HEAD'] as const;
export type HttpMethod = (typeof HTTP_METHODS)[number];

/** The request an HTTP task sends. Only `parseHttpRequest` makes one, so whoever holds one may send it. */
export interface HttpRequest {
  /** http(s), absolute, canonical as WHATWG URL prints it; without credentials and fragment. */
  url: string;
  method: HttpMethod;
  /** Names as the user spelled them; no two differ in case only. */
  headers: Record<string, string>;
  /** JSON value; null = none. */
  body: unknown;
  /** Codes and ranges, ascending inside a range, e.g. `200-299,304`. */
  successStatuses: string;
  /** Encrypted values by name, beside `headers` (domain/httpSecrets.ts); absent: none. */
  secretHeaders?: Record<string, string>;
  /** Encrypted; what the request is signed with, absent: not signed. */
  signingSecret?: string;
}

/** One bad field; `path` is relative to the request, e.g. `['headers', 'X-Foo']`. Never repeats a header's value. */
export interface FieldError {
  path: string[];
  message: string;
  constraint?: string;
}

const MAX_URL_CHARS = 2000;
const MAX_HEADERS = 50;
const MAX_HEADER_BYTES = 16 * 1024;
const MAX_BODY_BYTES = 256 * 1024;
const MAX_STATUSES_CHARS = 200;

// RFC 9110 §5.6.2 token; §5.5 field value: HTAB, SP, VCHAR, obs-text. node:http applies the same two rules when it sends.
const HEADER_NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** Hop-by-hop and framing (RFC 9110 §7.6.1): they belong to the connection, and a wrong one desynchronises it. */
const CONNECTION_HEADERS = /^(host|content-length|transfer-encoding|connection|upgrade|te|trailer|keep-alive|proxy-.*)$/i;
/** Of HEADER_VALUE, in words. */
export const VALUE_RULE = 'tabs and printable characters of ASCII and Latin-1';
export const DISTINCT_NAMES = 'names that differ in more than upper and lower case';
/** Receivers tell runs apart by these, so a definition must not be able to forge them. */
const OWN_HEADERS = /^carillon-/i;

/**
 * Checks what a user wrote for an HTTP task, naming every bad field at once, and brings it into canonical form.
 * Limits: URL 2,000 characters; 50 headers of 16 KiB together; body 256 KiB as JSON.
 */
export function parseHttpRequest(input: {
  url: string;
  method: HttpMethod;
  headers: Record<string, unknown>;
  body?: unknown;
  successStatuses: string;
}): { ok: true; request: HttpRequest } | { ok: false; errors: FieldError[] } {
  const errors: FieldError[] = [];
  const url = parseUrl(input.url, errors);
  const headers = parseHeaders(input.headers, errors);
  const body = input.body ?? null;
  checkBody(body, input.method, errors);
  const ranges = parseStatuses(input.successStatuses, errors);
  if (errors.length > 0) return { ok: false, errors };
  const successStatuses = ranges.map(([low, high]) => (low === high ? `${low}` : `${low}-${high}`)).join(',');
  return { ok: true, request: { url, method: input.method, headers, body, successStatuses } };
}

/** @param successStatuses  as `parseHttpRequest` answered it */
export function isSuccessStatus(successStatuses: string, status: number): boolean {
  return parseStatuses(successStatuses, []).some(([low, high]) => status >= low && status <= high);
}

function parseUrl(text: string, errors: FieldError[]): string {
  const url = URL.parse(text);
  const refuse = (message: string, constraint: string): string => {
    errors.push({ path: ['url'], message: `url ${shownUrl(text, url)} ${message}`, constraint });
    return '';
  };
  if (url === null) return refuse('is not an absolute URL such as https://example.com/hook', 'an absolute http or https URL');
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    return refuse('must begin with http:// or https://', 'an absolute http or https URL');
  if (url.username !== '' || url.password !== '') {
    return refuse(
      'must not hold a user name or password: put them in a header (Authorization)',
      'a URL without user name and password',
    );
  }
  url.hash = '';
  // Both spellings: percent-encoding makes the stored one up to nine times longer.
  const length = Math.max(text.length, url.href.length);
  if (length <= MAX_URL_CHARS) return url.href;
  return refuse(`has ${length} characters once encoded; allowed are ${MAX_URL_CHARS}`, `at most ${MAX_URL_CHARS} characters`);
}

const HIDDEN = '***';

/** A URL that is refused, without what may be a secret in it: user, password, query and fragment. */
function shownUrl(text: string, url: URL | null): string {
  const rest = /[?#]/.test(text) ? `?${HIDDEN}` : '';
  if (url !== null && url.host !== '') {
    const user = url.username === '' && url.password === '' ? '' : `${HIDDEN}@`;
    return quoted(`${url.protocol}//${user}${url.host}${url.pathname}${rest}`);
  }
  // Where nobody can tell what is meant as which part of it, an @ may stand behind a password with any character in it.
  const [scheme = ''] = /^[a-z][a-z\d+.-]*:(?:\/\/)?/i.exec(text) ?? [];
  return quoted(text.includes('@') ? `${scheme}${HIDDEN}` : `${text.replace(/[?#].*$/s, '')}${rest}`);
}

function parseHeaders(input: Record<string, unknown>, errors: FieldError[]): Record<string, string> {
  const entries = Object.entries(input);
  const accepted: [string, string][] = [];
  const seen = new Set<string>();
  let bytes = 0;
  for (const [name, value] of entries.slice(0, MAX_HEADERS)) {
    const refuse = (message: string, constraint: string): void => {
      errors.push({ path: ['headers', name], message: `header ${JSON.stringify(name)} ${message}`, constraint });
    };
    const fault = headerNameFault(name);
    if (fault !== null) refuse(...fault);
    else if (seen.has(name.toLowerCase())) refuse('is given twice: header names ignore case', DISTINCT_NAMES);
    else if (typeof value !== 'string') refuse('must be a string', 'a string');
    else if (!isHeaderValue(value)) refuse('holds a character that a header cannot carry', VALUE_RULE);
    else {
      seen.add(name.toLowerCase());
      accepted.push([name, value]);
      bytes += name.length + value.length + 4; // on the wire: latin-1, plus ': ' and CRLF
    }
  }
  if (entries.length > MAX_HEADERS) {
    const message = `headers are ${entries.length}; allowed are ${MAX_HEADERS}`;
    errors.push({ path: ['headers'], message, constraint: `at most ${MAX_HEADERS} headers` });
  }
  if (bytes > MAX_HEADER_BYTES) {
    const message = `headers have ${bytes} bytes together, as they are sent; allowed are ${MAX_HEADER_BYTES}`;
    errors.push({ path: ['headers'], message, constraint: `at most ${MAX_HEADER_BYTES} bytes together` });
  }
  return Object.fromEntries(accepted); // defines own properties, so a header called __proto__ stays a header
}

/** @returns what is wrong with the name, after the name itself, and which rule it breaks; null when a header may have it */
export function headerNameFault(name: string): [message: string, constraint: string] | null {
  if (!HEADER_NAME.test(name)) return ['is not a valid header name', "letters, digits and ! # $ % & ' * + - . ^ _ ` | ~"];
  if (CONNECTION_HEADERS.test(name))
    return ['is set by the connection and cannot be chosen', 'a header that is not of the connection (Host, Content-Length …)'];
  if (OWN_HEADERS.test(name)) return ['is set for every run and cannot be chosen', 'a header that does not begin with Carillon-'];
  return null;
}

export function isHeaderValue(value: string): boolean {
  return HEADER_VALUE.test(value);
}

function checkBody(body: unknown, method: HttpMethod, errors: FieldError[]): void {
  if (body === null) return;
  const refuse = (message: string, constraint: string): void => {
    errors.push({ path: ['body'], message: `body ${message}`, constraint });
  };
  // RFC 9110 §9.3.1, §9.3.2: content in GET or HEAD has no meaning and gets requests rejected.
  if (method === 'GET' || method === 'HEAD')
    return refuse(`cannot be sent with ${method}`, 'a body with POST, PUT, PATCH or DELETE only');
  const json = storableJson(body);
  const allowed = 'JSON of at most 100 levels, without U+0000 and half surrogate pairs';
  if (json === null) return refuse(`must be ${allowed}`, allowed);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_BODY_BYTES)
    refuse(`has ${bytes} bytes as JSON; allowed are ${MAX_BODY_BYTES}`, `at most ${MAX_BODY_BYTES} bytes as JSON`);
}

/** Answers [] when the text is bad, and adds why to `errors`. */
function parseStatuses(text: string, errors: FieldError[]): [low: number, high: number][] {
  const ranges: [number, number][] = [];
  const parts = text.length > MAX_STATUSES_CHARS ? [''] : text.split(',');
  for (const part of parts) {
    const match = /^\s*(\d{3})\s*(?:-\s*(\d{3})\s*)?$/.exec(part);
    const low = Number(match?.[1]);
    const high = Number(match?.[2] ?? match?.[1]);
    if (!(low >= 100 && low <= high && high <= 599)) {
      const allowed = `codes and ranges from 100 to 599 such as 200-299,304, at most ${MAX_STATUSES_CHARS} characters`;
      const message = `successStatuses is ${quoted(text)}; allowed are ${allowed}`;
      errors.push({ path: ['successStatuses'], message, constraint: allowed });
      return [];
    }
    ranges.push([low, high]);
  }
  return ranges;
}
