import http, { type IncomingMessage } from 'node:http';
import { isSuccessStatus, type HttpRequest } from '../../domain/httpRequest.ts';
import type { RunError } from '../../domain/runError.ts';
import { storableJson } from '../../domain/storableJson.ts';
import type { OpenSecrets } from '../openSecrets.ts';
import type { TaskOutcome } from '../outcome.ts';
import { createRedactor } from '../redact.ts';
import type { Redactor } from '../redact.ts';
import { retryAfterMs } from '../retryAfter.ts';

const EXCERPT_CHARS = 200;
const STORED_HEADERS = ['content-type', 'content-encoding', 'location', 'etag', 'last-modified', 'retry-after', 'x-request-id'];

/**
 * What became of a request that was answered.
 * @param bytes      what is stored of the body
 * @param truncated  there was more of it
 */
export function judgeAnswer(
  request: HttpRequest,
  secrets: OpenSecrets,
  response: IncomingMessage,
  bytes: Buffer,
  truncated: boolean,
): TaskOutcome {
  const status = response.statusCode ?? 0;
  const contentType = response.headers['content-type'] ?? '';
  // Asked for identity: a server that compresses all the same has sent what cannot be shown.
  const readable = (response.headers['content-encoding'] ?? 'identity') === 'identity';
  const text = readable ? decode(bytes, contentType, truncated) : '';
  if (!isSuccessStatus(request.successStatuses, status)) {
    const wait = retryAfterMs(status, response.headers);
    const redactor = createRedactor([...Object.values(request.headers), ...Object.values(secrets.headers)]);
    return { ok: false, error: badStatus(request, redactor, response, text), ...(wait !== null && { retryAfterMs: wait }) };
  }
  // Everybody may read the output of a run: what is secret is blanked in it, other headers are not.
  const redactor = createRedactor(Object.values(secrets.headers));
  const headers = Object.fromEntries(
    STORED_HEADERS.flatMap((name) => {
      const value = response.headers[name];
      return value === undefined ? [] : [[name, redactor.text(String(value))]];
    }),
  );
  const body =
    isJson(contentType) && !truncated ? redactor.json(jsonOrText(text)) : redactor[truncated ? 'cutText' : 'text'](text);
  const output = { status, headers, body: text === '' ? null : body };
  return { ok: true, output: truncated ? { ...output, truncated } : output };
}

function badStatus(request: HttpRequest, redactor: Redactor, response: IncomingMessage, text: string): RunError {
  const status = response.statusCode ?? 0;
  const reason = response.statusMessage || http.STATUS_CODES[status];
  // Error pages like to print the request they got.
  const printable = [text, reason ?? ''].map((part) => {
    const shown = redactor.text(part);
    return shown
      .replaceAll(/[\s\p{Cc}]+/gu, ' ')
      .trim()
      .slice(0, EXCERPT_CHARS)
      .toWellFormed();
  });
  const [excerpt = '', phrase = ''] = printable;
  const hint = status >= 300 && status <= 399 && response.headers.location !== undefined ? ' (redirects are not followed)' : '';
  const message = `${targetOf(request)} answered ${status}${phrase && ` ${phrase}`}${hint}${excerpt && `: ${excerpt}`}`;
  // RFC 9110 §15.5.9 (408), RFC 8470 (425), RFC 6585 (429): try again later, as with any fault of the server's own.
  const retryable = status === 408 || status === 425 || status === 429 || (status >= 500 && status <= 599);
  return { code: 'HTTP_STATUS', name: 'HttpStatusError', message, retryable };
}

/** Without the query, which is where tokens travel. */
export function targetOf(request: HttpRequest): string {
  const { origin, pathname } = new URL(request.url);
  return `${request.method} ${origin}${pathname}`;
}

export function isJson(contentType: string): boolean {
  return /^\s*application\/(?:[^;\s]+\+)?json\s*(?:;|$)/i.test(contentType);
}

/** @returns text that PostgreSQL can store: without U+0000, and without the half character that a cut may leave at the end */
function decode(bytes: Buffer, contentType: string, truncated: boolean): string {
  const label = /;\s*charset="?([^\s;"]+)/i.exec(contentType)?.[1] ?? 'utf-8';
  let decoder = new TextDecoder();
  try {
    decoder = new TextDecoder(label);
  } catch {
    // An unknown charset is read as UTF-8.
  }
  return decoder.decode(bytes, { stream: truncated }).replaceAll('\0', '\ufffd');
}

/** Some servers say JSON and send none; the work is done all the same, so that is no failure. */
function jsonOrText(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return storableJson(value) === null ? text : value;
  } catch {
    return text;
  }
}
