import dns from 'node:dns';
import http, { type ClientRequest, type OutgoingHttpHeaders } from 'node:http';
import https from 'node:https';
import { isIP } from 'node:net';
import type { HttpRequest } from '../../domain/httpRequest.ts';
import type { RunError } from '../../domain/runError.ts';
import type { TaskOutcome } from '../outcome.ts';
import { AddressNotAllowedError, addressPolicy, allowedOnly } from '../address.ts';
import type { TaskLog } from '../defineTask.ts';
import { openSecrets } from '../openSecrets.ts';
import type { OpenSecrets } from '../openSecrets.ts';
import { signatureHeaders } from '../signature.ts';
import type { SecretBox } from '../../secrets.ts';
import { isJson, judgeAnswer, targetOf } from './httpAnswer.ts';

/** The run on whose behalf a request is sent. */
export interface HttpRunContext {
  runId: string;
  /** From 1. */
  attempt: number;
  /** Epoch milliseconds. */
  scheduledFor: number;
  taskKey: string;
  /** Sent as the body instead of the task's own, unless null. */
  input: Record<string, unknown> | null;
  /** Aborted with the reason `{ code: 'TIMED_OUT' | 'CANCELED' | 'LEASE_LOST' | 'SHUTDOWN', message }`. */
  signal: AbortSignal;
  /** Of the run. What a request carries may be secret: neither queries nor headers nor bodies are written to it. */
  log: Pick<TaskLog, 'info'>;
}

/** What a run stores of an answer. */
const STORED_BYTES = 64 * 1024;
/** Up to here the rest is read and dropped, which keeps the connection usable; past it the connection is cut. */
const READ_BYTES = 1024 * 1024;
/** Below the 5 s after which Node's own servers close: sending on a socket that the other end is closing fails the attempt. */
const IDLE_SOCKET_MS = 4000;

/**
 * Sends the requests of HTTP tasks, one per attempt, without following redirects and without retrying.
 * `execute` settles as soon as the answer is complete or the signal aborts, and rejects only for a bug. Error codes:
 * HTTP_STATUS, CONNECTION_FAILED, DNS_FAILED, INVALID_RESPONSE, ADDRESS_NOT_ALLOWED, SECRET_UNREADABLE, and the code of the abort reason.
 * `close` destroys the idle sockets and keeps no others; requests under way finish.
 * @param options.allowPrivate  private and reserved addresses to connect to all the same (CARILLON_HTTP_ALLOW_PRIVATE)
 * @param options.version       for User-Agent
 * @param options.secrets       opens secret headers and signing secrets
 * @param options.now           epoch milliseconds, for signatures
 * @param options.lookup        resolver, `dns.lookup` by default
 */
export function createHttpExecutor(options: {
  allowPrivate: boolean | readonly string[];
  version: string;
  secrets: SecretBox;
  now: () => number;
  lookup?: typeof dns.lookup;
}): {
  execute(request: HttpRequest, run: HttpRunContext): Promise<TaskOutcome>;
  close(): void;
} {
  const policy = addressPolicy(options.allowPrivate);
  // A socket in the pool has passed the lookup when it connected, so reusing it bypasses nothing.
  const lookup = allowedOnly(options.lookup ?? dns.lookup, policy);
  const pool = { keepAlive: true, timeout: IDLE_SOCKET_MS, lookup };
  const plainAgent = new http.Agent(pool);
  const secureAgent = new https.Agent(pool);

  return {
    async execute(request, run) {
      if (run.signal.aborted) return { ok: false, error: stopped(run.signal.reason) };
      const url = new URL(request.url);
      const host = url.hostname.replace(/^\[|\]$/g, '');
      if (isIP(host) !== 0 && !policy(host, host)) {
        return { ok: false, error: failure(request, new AddressNotAllowedError(host, [host])) };
      }
      const secrets = openSecrets(request, run.taskKey, options.secrets);
      if (!secrets.ok) return secrets;
      const body = bodyOf(request, run);
      const headers = {
        ...headersOf(request, secrets, run, body, options.version),
        ...signatureOf(secrets, run, options.now(), body),
      };
      const [transport, agent] = url.protocol === 'https:' ? [https, secureAgent] : [http, plainAgent];
      const sent = transport.request(url, { method: request.method, headers, agent });
      logAnswer(sent, run.log);
      const outcome = settle(sent, request, secrets, run.signal);
      run.log.info('request sent', { method: request.method, host: url.host, bodyBytes: body?.length ?? 0 });
      sent.end(body ?? undefined);
      return outcome;
    },
    close() {
      for (const agent of [plainAgent, secureAgent]) {
        agent.maxFreeSockets = 0;
        for (const sockets of Object.values(agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
      }
    },
  };
}

function bodyOf(request: HttpRequest, run: HttpRunContext): Buffer | null {
  const value = run.input ?? request.body;
  if (value === null || request.method === 'GET' || request.method === 'HEAD') return null;
  const chosenType = Object.entries(request.headers).find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  // Under a content type of the user's own a string is the body itself: there is no other way to send a form or XML.
  const raw = typeof value === 'string' && chosenType !== undefined && !isJson(chosenType);
  return Buffer.from(raw ? value : JSON.stringify(value));
}

/** Of two names that differ in case only, node:http sends the later one. */
function headersOf(
  request: HttpRequest,
  secrets: OpenSecrets,
  run: HttpRunContext,
  body: Buffer | null,
  version: string,
): OutgoingHttpHeaders {
  return {
    'User-Agent': `carillon/${version}`,
    'Accept-Encoding': 'identity',
    'Idempotency-Key': run.runId, // the same for every attempt, so a receiver can tell a retry
    ...(body !== null && { 'Content-Type': 'application/json' }),
    ...request.headers,
    ...secrets.headers,
    ...(body !== null && { 'Content-Length': body.length }),
    'Carillon-Run-Id': run.runId,
    'Carillon-Attempt': run.attempt,
    'Carillon-Scheduled-For': new Date(run.scheduledFor).toISOString(),
    'Carillon-Task': encodeURI(run.taskKey.toWellFormed()), // headers are latin-1, keys need not be
  };
}

/** The run is the message: its id is the same for every attempt, as with Idempotency-Key. */
function signatureOf({ signingSecret }: OpenSecrets, run: HttpRunContext, now: number, body: Buffer | null): OutgoingHttpHeaders {
  return signingSecret === null ? {} : signatureHeaders(signingSecret, run.runId, now, body);
}

function logAnswer(sent: ClientRequest, log: HttpRunContext['log']): void {
  const sentAt = performance.now();
  const durationMs = () => Math.round(performance.now() - sentAt);
  let answered = false;
  sent.on('response', (response) => {
    answered = true;
    const { statusCode: status = 0 } = response;
    log.info('response', { status, durationMs: durationMs() });
    const { location } = response.headers;
    if (status >= 300 && status <= 399 && location !== undefined)
      log.info('the response is a redirect, which is not followed', { toHost: hostOf(location, sent) });
  });
  sent.on('error', ({ code = 'unknown error' }: NodeJS.ErrnoException) => {
    if (!answered) log.info('no response', { code, durationMs: durationMs() });
  });
}

/** Of a redirect; it may name a path only. */
function hostOf(location: string, sent: ClientRequest): string | null {
  return URL.parse(location, `${sent.protocol}//${sent.host}`)?.host ?? null;
}

/** Settles once: on a complete or cut answer, an error, or an abort. After an abort nothing of the request is left open. */
function settle(sent: ClientRequest, request: HttpRequest, secrets: OpenSecrets, signal: AbortSignal): Promise<TaskOutcome> {
  const { promise, resolve } = Promise.withResolvers<TaskOutcome>();
  const fail = (error: unknown): void => resolve({ ok: false, error: failure(request, error) });
  const onAbort = (): void => {
    resolve({ ok: false, error: stopped(signal.reason) });
    sent.destroy();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  sent.on('error', fail);
  let answered = false;
  sent.on('close', () => {
    signal.removeEventListener('abort', onAbort);
    // node:http closes without an error after a 101 that nobody asked for.
    if (!answered) resolve({ ok: false, error: unreadable(request, '101 Switching Protocols') });
  });
  sent.on('response', (response) => {
    answered = true;
    const chunks: Buffer[] = [];
    let bytes = 0;
    const done = (): void => resolve(judgeAnswer(request, secrets, response, Buffer.concat(chunks), bytes > STORED_BYTES));
    response.on('data', (chunk: Buffer) => {
      const room = STORED_BYTES - bytes;
      if (room > 0) chunks.push(chunk.subarray(0, room));
      bytes += chunk.length;
      if (bytes <= READ_BYTES) return;
      done();
      response.destroy();
    });
    response.on('end', done);
    response.on('error', fail);
  });
  return promise;
}

/** Only codes of system errors are shown: their messages may quote addresses, certificates or headers. */
function failure(request: HttpRequest, error: unknown): RunError {
  if (error instanceof AddressNotAllowedError) {
    return {
      code: error.code,
      name: error.name,
      message: `${targetOf(request)} was not sent: ${error.message}`,
      retryable: false,
    };
  }
  const { code = 'unknown error', syscall } = error as NodeJS.ErrnoException;
  if (code.startsWith('HPE_')) return unreadable(request, code); // node:http's parser
  if (syscall === 'getaddrinfo' || code === 'ENOTFOUND' || code.startsWith('EAI_')) {
    const message = `${targetOf(request)} was not sent: the host name did not resolve (${code})`;
    return { code: 'DNS_FAILED', name: 'DnsError', message, retryable: true };
  }
  const message = `${targetOf(request)} failed: the connection broke or was never made (${code})`;
  return { code: 'CONNECTION_FAILED', name: 'ConnectionError', message, retryable: true };
}

function unreadable(request: HttpRequest, detail: string): RunError {
  const message = `${targetOf(request)} got an answer that is not valid HTTP (${detail})`;
  return { code: 'INVALID_RESPONSE', name: 'InvalidResponseError', message, retryable: false };
}

function stopped(reason: unknown): RunError {
  const { code, message } = reason as { code: string; message: string };
  return { code, name: 'AbortError', message, retryable: code === 'TIMED_OUT' || code === 'SHUTDOWN' };
}
