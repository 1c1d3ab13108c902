import { once } from 'node:events';
import { createServer } from 'node:http';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { GraphQLSchema } from 'graphql';
import type { Logger } from 'pino';
import type { Viewer } from '../auth/viewer.ts';
import type { ViewerContext } from '../graphql/auth.ts';
import { maskError } from '../graphql/errors.ts';
import type { Guard } from '../graphql/operation.ts';
import type { PersistedDocuments } from '../graphql/persisted.ts';
import { createRateLimiter } from '../graphql/rateLimit.ts';
import { startGraphQLEndpoint } from '../graphql/server.ts';
import type { EventStream } from '../graphql/sse.ts';
import { createBrokenRequests } from './brokenRequests.ts';
import { answerCors } from './cors.ts';
import { createDashboardRoutes } from './dashboardRoute.ts';
import { openExchange, replyErrors, replyJson } from './exchange.ts';
import type { Exchange } from './exchange.ts';
import { createGate } from './gate.ts';
import type { Authenticate } from './gate.ts';
import { createGraphiqlRoutes } from './graphiqlRoute.ts';
import { serveGraphQL } from './graphqlRoute.ts';
import { createPlaces } from './places.ts';
import { serveStream } from './streamRoute.ts';
import { createTenure } from './tenure.ts';
import { createWebSocketDoor } from './webSocket.ts';

export interface HttpServerOptions {
  /** Executable, and already through `enforceAuth`. */
  schema: GraphQLSchema;
  authenticate: Authenticate;
  /** How many proxies in front say in X-Forwarded-For whom they speak for. */
  trustProxy: number;
  /** Calls `listener` when tokens were revoked, here or on another instance. @returns how to stop */
  onTokensRevoked(listener: () => void): () => void;
  /** Makes a context with loaders of its own; called for every request, and for every event of a subscription. */
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  ready(): { ok: true } | { ok: false; reason: string };
  log: Logger;
  host: string;
  /** 0 takes a free one. */
  port: number;
  production: boolean;
  /** Cost points per minute and principal. */
  rateLimit: number | 'off';
  /** Null: documents have no ids here. */
  persisted: PersistedDocuments | null;
  /** Web origins whose pages may ask from a browser. */
  corsOrigins: readonly string[];
  /** Web sockets and event streams that are open at a time. */
  maxStreams: number;
  timeouts: typeof TIMEOUTS;
  /** Epoch milliseconds. */
  clock: { now(): number };
}

export interface HttpServer {
  /** With a host that a browser on this machine can open. */
  url: string;
  port: number;
  /** Ids of the requests that are not answered to their end, event streams among them: the newest 20. */
  underWay(): string[];
  /**
   * Closes web sockets and cuts event streams, lets requests of either kind finish for up to 5 s, then cuts them.
   * Later calls wait for the first.
   */
  stop(): Promise<void>;
}

const STOP_GRACE_MS = 5000;
/**
 * Milliseconds that a client may take for its head and for its whole request (then 408), and that an idle connection is
 * kept. Node looks for the late ones every `connectionsCheckingInterval`, by itself only twice a minute.
 */
export const TIMEOUTS = {
  headersTimeout: 10_000,
  requestTimeout: 30_000,
  keepAliveTimeout: 65_000,
  connectionsCheckingInterval: 2_000,
};
/** Connections are renewed now and then, so that a load balancer can spread them anew. */
const MAX_REQUESTS_PER_SOCKET = 10_000;
/** Requests that the log names when something goes wrong beside them. */
const SHOWN = 20;

/**
 * Serves /graphql (HTTP and WebSocket), /graphql/stream, /graphiql, the dashboard at /, /livez and /readyz; listening when it settles.
 * @throws Error when the address cannot be bound
 */
export async function createHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { schema, contextFor, log, clock, production, corsOrigins } = options;
  // Other protocols that a client offers to change to, such as h2c, are passed over: the request is answered as it is.
  const shouldUpgradeCallback = (req: IncomingMessage) => req.headers.upgrade?.toLowerCase() === 'websocket';
  const server = createServer({ ...options.timeouts, shouldUpgradeCallback, requireHostHeader: false });
  server.maxRequestsPerSocket = MAX_REQUESTS_PER_SOCKET;
  const limiter = createRateLimiter(options.rateLimit, clock);
  const guard: Guard = { schema, production, limiter, persisted: options.persisted };
  const endpoint = await startGraphQLEndpoint(guard, log, server, STOP_GRACE_MS);
  const identify = createGate(options.authenticate, { trustProxy: options.trustProxy, corsOrigins, clock, log });
  const tenure = createTenure(options.onTokensRevoked, clock);
  const places = createPlaces(options.maxStreams);
  const webSockets = createWebSocketDoor({ guard, identify, contextFor, log, tenure, places });
  const broken = createBrokenRequests(log);
  const streams = new Set<EventStream>();
  const underWay = new Set<Exchange>();
  let stopping: Promise<void> | null = null;

  function keep(stream: EventStream, { res }: Exchange): void {
    streams.add(stream);
    res.once('close', () => streams.delete(stream));
    if (stopping) stream.leave();
  }

  const routes = new Map<string, (exchange: Exchange) => void | Promise<void>>([
    ['/graphql', (exchange) => serveGraphQL(exchange, { endpoint, guard, identify, contextFor })],
    ['/graphql/stream', (exchange) => serveStream(exchange, { guard, identify, contextFor, log, tenure, places, keep })],
    ...createGraphiqlRoutes(production),
    ...createDashboardRoutes(),
    ['/livez', (exchange) => serveHealth(exchange, { ok: true })],
    ['/readyz', (exchange) => serveHealth(exchange, stopping ? { ok: false, reason: 'stopping' } : options.ready())],
  ]);

  function begin(req: IncomingMessage, res: ServerResponse): Exchange {
    const exchange = openExchange(req, res);
    const { requestId, path } = exchange;
    const startedAt = clock.now();
    underWay.add(exchange);
    res.once('close', () => {
      underWay.delete(exchange);
      log.debug({ requestId, method: req.method, path, status: res.statusCode, ms: clock.now() - startedAt }, 'request');
    });
    broken.follow(res);
    if (stopping) res.setHeader('connection', 'close');
    return exchange;
  }

  server.on('request', async (req, res) => {
    const exchange = begin(req, res);
    const { requestId, path } = exchange;
    if (req.httpVersion === '1.1' && req.headers.host === undefined)
      return replyJson(exchange, 400, { error: 'Send a Host header.' }, [['connection', 'close']]);
    const route = routes.get(path);
    if (!route) return replyJson(exchange, 404, { error: 'There is nothing here.' });
    if (path.startsWith('/graphql') && answerCors(exchange, corsOrigins)) return;
    try {
      await route(exchange);
    } catch (error) {
      // A client that has broken off is no fault, and hears no answer.
      if (res.destroyed) return;
      const shown = maskError(error, log, requestId);
      if (res.headersSent) res.destroy();
      else replyErrors(exchange, [shown]);
    }
  });

  server.on('checkExpectation', (req, res) => {
    replyJson(begin(req, res), 417, { error: 'Of what Expect may ask, 100-continue is the only one that is met here.' });
  });
  server.on('clientError', broken.answer);
  server.on('upgrade', webSockets.upgrade);

  const stop = () => {
    // The endpoint's stop ends whatever connection it does not know to be in a request: web sockets go first.
    stopping ??= webSockets.stop(STOP_GRACE_MS).then(() => endpoint.stop());
    for (const stream of streams) stream.leave();
    return stopping;
  };

  try {
    server.listen(options.port, options.host);
    await once(server, 'listening');
  } catch (error) {
    await stop();
    throw error;
  }
  server.on('error', (error) => log.error({ err: error }, 'http server'));
  const { port } = server.address() as AddressInfo;
  const url = `http://${hostInUrl(options.host)}:${port}`;
  return { url, port, underWay: () => [...underWay].slice(-SHOWN).map(({ requestId }) => requestId), stop };
}

function serveHealth(exchange: Exchange, health: { ok: true } | { ok: false; reason: string }): void {
  if (exchange.req.method !== 'GET' && exchange.req.method !== 'HEAD') {
    return replyJson(exchange, 405, { error: 'Use GET.' }, [['allow', 'GET, HEAD']]);
  }
  replyJson(exchange, health.ok ? 200 : 503, health);
}

function hostInUrl(host: string): string {
  if (host === '0.0.0.0' || host === '::') return 'localhost';
  return host.includes(':') ? `[${host}]` : host;
}
