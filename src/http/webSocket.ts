import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { CloseCode, GRAPHQL_TRANSPORT_WS_PROTOCOL } from 'graphql-ws';
import type { Logger } from 'pino';
import { WebSocketServer } from 'ws';
import type { RawData, WebSocket } from 'ws';
import type { Viewer } from '../auth/viewer.ts';
import type { ViewerContext } from '../graphql/auth.ts';
import { maskError } from '../graphql/errors.ts';
import { LIMITS } from '../graphql/limits.ts';
import type { Guard } from '../graphql/operation.ts';
import { openSession } from '../graphql/session.ts';
import type { Entry } from '../graphql/session.ts';
import { KEEP_ALIVE_MS } from '../graphql/subscription.ts';
import { parseJson } from './body.ts';
import { bearerToken, recheck, saysNo } from './door.ts';
import type { Visitor } from './door.ts';
import { requestIdOf } from './exchange.ts';
import type { Identify } from './gate.ts';
import type { Places } from './places.ts';
import { answerOnSocket } from './socketAnswer.ts';
import type { Tenure } from './tenure.ts';

/** Registered codes of RFC 6455 and IANA that the protocol's clients answer by connecting again. */
const GOING_AWAY = 1001;
const TRY_AGAIN_LATER = 1013;
/** Answers that a client has not taken; above it nothing more is read from it. */
const MAX_UNSENT_BYTES = LIMITS.maxBodyBytes;
/** What a client may take to answer a close; cut then. */
const CLOSE_WAIT_MS = 1000;

interface WebSocketOptions {
  guard: Guard;
  identify: Identify;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  log: Logger;
  tenure: Tenure;
  places: Places;
}

export interface WebSocketDoor {
  /** Takes over the connection of an upgrade request, or refuses it. */
  upgrade(req: IncomingMessage, socket: Duplex, head: Buffer): void;
  /** Lets queries and mutations finish for up to `graceMs`, then closes with 1001; settles when no socket is left. */
  stop(graceMs: number): Promise<void>;
}

/**
 * The protocol graphql-transport-ws at /graphql. There are no cookies, and a page elsewhere cannot know a token; whether it may come
 * without one is for the gate to say.
 */
export function createWebSocketDoor(options: WebSocketOptions): WebSocketDoor {
  const server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: LIMITS.maxBodyBytes,
    // A flood of pings from a client that reads nothing would queue pongs without end.
    autoPong: false,
    handleProtocols: () => GRAPHQL_TRANSPORT_WS_PROTOCOL,
  });
  const open = new Map<WebSocket, (graceMs: number) => Promise<void>>();
  let stopping = false;

  function refuse(req: IncomingMessage, socket: Duplex, status: number, error: string, headers: [string, string][] = []): void {
    const requestId = requestIdOf(req);
    options.log.debug({ requestId, method: req.method, path: pathOf(req), status }, 'request');
    answerOnSocket(socket, requestId, status, error, headers);
  }
  server.on('wsClientError', (error, socket, req) => {
    if (req.method !== 'GET') refuse(req, socket, 405, 'A WebSocket is asked for by GET.', [['allow', 'GET']]);
    else refuse(req, socket, 400, `${error.message}.`, [['sec-websocket-version', '13, 8']]);
  });

  return {
    upgrade(req, socket, head) {
      const protocols = (req.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
      if (pathOf(req) !== '/graphql') return refuse(req, socket, 404, 'There is no WebSocket here, but at /graphql.');
      if (stopping) return refuse(req, socket, 503, 'The server is stopping.');
      if (!protocols.includes(GRAPHQL_TRANSPORT_WS_PROTOCOL))
        return refuse(req, socket, 400, `Ask for the sub-protocol ${GRAPHQL_TRANSPORT_WS_PROTOCOL}.`);
      const leave = options.places.take();
      if (!leave) return refuse(req, socket, 503, 'This instance carries as many sockets as it may.');
      socket.once('close', leave);
      server.handleUpgrade(req, socket, head, (webSocket) => {
        open.set(webSocket, serve(webSocket, req, options));
        webSocket.once('close', () => open.delete(webSocket));
      });
    },
    async stop(graceMs) {
      stopping = true;
      await Promise.all([...open.values()].map((close) => close(graceMs)));
    },
  };
}

const pathOf = ({ url = '' }: IncomingMessage) => url.split('?', 1)[0];

/** @returns what closes the socket in order when the server stops */
function serve(socket: WebSocket, req: IncomingMessage, { guard, identify, contextFor, log, tenure }: WebSocketOptions) {
  const requestId = requestIdOf(req);
  const mask = (error: unknown) => maskError(error, log, requestId);
  let visitor: Visitor | null = null;
  let leave = () => undefined as void;
  let alive = true;

  async function enter(params: Record<string, unknown>): Promise<Entry> {
    try {
      visitor = await identify(tokenOf(params) ?? bearerToken(req.headers.authorization), req);
    } catch (error) {
      if (saysNo(mask(error))) return { ok: false, code: CloseCode.Forbidden, reason: 'Forbidden' };
      return { ok: false, code: TRY_AGAIN_LATER, reason: 'Try again later' };
    }
    if (!visitor) return { ok: false, code: CloseCode.Forbidden, reason: 'Forbidden' };
    // The socket may be gone: nobody would end what is begun here.
    if (socket.readyState === socket.OPEN) leave = tenure.follow(visitor, { look, expire: dismiss });
    return { ok: true, visitor };
  }
  async function send(text: string): Promise<void> {
    let waits = false;
    await new Promise<void>((sent) => {
      socket.send(text, () => sent());
      waits = socket.bufferedAmount > 0;
    });
    // Bytes that move are a sign of life: behind a slow line the pong waits for all that was sent before the ping.
    if (waits) alive = true;
    if (socket.isPaused && socket.bufferedAmount <= MAX_UNSENT_BYTES) socket.resume();
  }
  function close(code: number, reason: string): void {
    // The client may take its time to answer the close; it is served nothing more.
    session.end();
    socket.close(code, reason);
  }
  const dismiss = () => close(CloseCode.Forbidden, 'Forbidden');
  function look(): void {
    if (visitor) void recheck(visitor, mask).then((error) => error && dismiss());
  }
  const session = openSession(
    { send, close },
    { guard, enter, contextFor, mask: (error, operationId) => maskError(error, log, operationId), requestId },
  );

  const beat = setInterval(() => {
    if (!alive) return socket.terminate();
    alive = false;
    socket.ping();
    look();
  }, KEEP_ALIVE_MS);
  socket.on('message', (data, isBinary) => {
    alive = true;
    const message = isBinary ? null : parseJson(textOf(data));
    session.receive(message?.ok ? message.value : null);
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) socket.pause();
  });
  socket.on('ping', (data) => {
    if (socket.bufferedAmount <= MAX_UNSENT_BYTES) socket.pong(data);
  });
  socket.on('pong', () => (alive = true));
  // A frame that is too large or against the protocol, a connection that was reset: ws closes it by itself.
  socket.on('error', (error) => log.debug({ err: error, requestId }, 'web socket'));
  const closed = new Promise<void>((resolve) => {
    socket.once('close', (code) => {
      clearInterval(beat);
      leave();
      session.end();
      log.debug({ requestId, code }, 'web socket closed');
      resolve();
    });
  });

  return async (graceMs: number) => {
    const grace = setTimeout(() => socket.terminate(), graceMs);
    await Promise.race([session.drain(), closed]);
    close(GOING_AWAY, 'Going away');
    const wait = setTimeout(() => socket.terminate(), CLOSE_WAIT_MS);
    await closed;
    clearTimeout(grace);
    clearTimeout(wait);
  };
}

/** `authorization: "Bearer …"` in any case, as a header has it, or `token`; null when there is neither. */
function tokenOf(params: Record<string, unknown>): string | null {
  for (const [name, value] of Object.entries(params)) {
    if (name.toLowerCase() === 'authorization') return typeof value === 'string' ? bearerToken(value) : '';
    if (name === 'token') return typeof value === 'string' ? value : '';
  }
  return null;
}

/** Text frames come whole, and have been checked to be UTF-8. */
function textOf(data: RawData): string {
  return Buffer.isBuffer(data) ? data.toString() : '';
}
