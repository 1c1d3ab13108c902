import { Writable } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { pino } from 'pino';
import type { Role } from '../../src/auth/role.ts';
import type { Viewer } from '../../src/auth/viewer.ts';
import { enforceAuth } from '../../src/graphql/auth.ts';
import { apiError } from '../../src/graphql/errors.ts';
import { createHttpServer } from '../../src/http/server.ts';
import type { HttpServerOptions } from '../../src/http/server.ts';
import { Channel } from './channel.ts';

const typeDefs = /* GraphQL */ `
  directive @auth(role: Role!) on FIELD_DEFINITION
  enum Role {
    VIEWER
    OPERATOR
    EDITOR
    ADMIN
  }
  scalar JSON
  input Ref @oneOf {
    id: ID
    name: String
  }
  type Item {
    id: ID!
    self: Item!
    items(first: Int = 2, last: Int): ItemConnection!
  }
  type ItemConnection {
    nodes: [Item!]!
  }
  type Query {
    hello: String! @auth(role: VIEWER)
    context: Int! @auth(role: VIEWER)
    count(n: Int!): Int @auth(role: VIEWER)
    sum(ns: [Int!]!): Int @auth(role: VIEWER)
    echo(value: JSON): JSON @auth(role: VIEWER)
    byRef(ref: Ref!): String @auth(role: VIEWER)
    items(first: Int = 25): ItemConnection! @auth(role: VIEWER)
    slow: String @auth(role: VIEWER)
    fail(with: String!): String @auth(role: VIEWER)
    audit: String @auth(role: ADMIN)
  }
  type Mutation {
    trigger: String @auth(role: OPERATOR)
    edit: String @auth(role: EDITOR)
  }
  type Tick {
    n: Int!
    context: Int!
    label: String
    self: Tick!
    secret: String
  }
  type Subscription {
    ticks: Tick! @auth(role: VIEWER)
    adminTicks: Tick! @auth(role: ADMIN)
    expired: Tick! @auth(role: VIEWER)
    notAStream: Tick! @auth(role: VIEWER)
    slowTicks: Tick! @auth(role: VIEWER)
  }
`;

/** What must never reach a client. */
export const SECRET = 'host=10.0.0.7 password=hunter2';

export const FAILURES: Record<string, () => unknown> = {
  plain: () => new Error(SECRET),
  database: () => new Error('query failed', { cause: Object.assign(new Error(SECRET), { code: '57P01' }) }),
  cursor: () => apiError('CURSOR_EXPIRED', 'The cursor is too old.'),
  string: () => SECRET,
};

export interface TestServer {
  url: string;
  port: number;
  /** Source of every subscription to `ticks` and `adminTicks`. */
  channel: Channel<{ n: number }>;
  /** Parsed log lines. */
  lines: Record<string, unknown>[];
  /** Role of each token; a token that is taken out is revoked. */
  tokens: Map<string, Role>;
  /** What `slow` waits for. */
  gate: PromiseWithResolvers<string>;
  slowAsked: PromiseWithResolvers<void>;
  health: { ok: true } | { ok: false; reason: string };
  stop(): Promise<void>;
  /** Settles when the access log has this many lines: each is written when its connection is done with it. */
  logged(requests: number): Promise<void>;
  post(query: string, variables?: unknown, headers?: Record<string, string>): Promise<Answer>;
  send(path: string, init?: RequestInit): Promise<Answer>;
}

export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  body: { data?: Record<string, unknown> | null; errors?: Shown[] };
}

export interface Shown {
  message: string;
  path?: unknown[];
  extensions: Record<string, unknown> & { code: string };
}

export const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

function testSchema(server: Pick<TestServer, 'channel' | 'gate' | 'slowAsked'>) {
  const items = (_: unknown, { first }: { first: number }) => ({ nodes: Array.from({ length: first }, (__, id) => ({ id })) });
  const own = { resolve: (event: unknown) => event };
  return enforceAuth(
    makeExecutableSchema({
      typeDefs,
      resolvers: {
        Query: {
          hello: () => 'world',
          context: (_, __, { serial }) => serial,
          count: (_, { n }) => n,
          echo: (_, { value }) => value,
          byRef: (_, { ref }) => Object.keys(ref).join(),
          items,
          slow: () => {
            server.slowAsked.resolve();
            return server.gate.promise;
          },
          fail: (_, args) => {
            throw FAILURES[args.with]?.();
          },
          audit: () => 'audit',
        },
        Mutation: { trigger: () => 'trigger', edit: () => 'edit' },
        Item: { self: (item) => item, items },
        Tick: {
          self: (tick) => tick,
          context: (_, __, { serial }) => serial,
          secret: () => {
            throw new Error(SECRET);
          },
        },
        Subscription: {
          ticks: { subscribe: () => server.channel, ...own },
          adminTicks: { subscribe: () => server.channel, ...own },
          expired: {
            subscribe: () => {
              throw FAILURES['cursor']?.();
            },
          },
          slowTicks: {
            subscribe: async () => {
              server.slowAsked.resolve();
              await server.gate.promise;
              return server.channel;
            },
            ...own,
          },
          notAStream: { subscribe: () => 'nothing' },
        },
      },
    }),
  );
}

export async function startTestServer(overrides: Partial<HttpServerOptions> = {}): Promise<TestServer> {
  const lines: TestServer['lines'] = [];
  const sink = new Writable({
    write(chunk, _encoding, done) {
      lines.push(JSON.parse(String(chunk)));
      done();
    },
  });
  const roles: Role[] = ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'];
  const tokens = new Map(roles.map((role) => [role.toLowerCase(), role]));
  const state = {
    channel: new Channel<{ n: number }>(),
    gate: Promise.withResolvers<string>(),
    slowAsked: Promise.withResolvers<void>(),
  };
  let serial = 0;
  const server = await createHttpServer({
    schema: testSchema(state),
    async authenticate(token): Promise<Viewer | null> {
      if (token === 'database-away') throw Object.assign(new Error(SECRET), { code: 'ECONNREFUSED' });
      const role = token === null ? undefined : tokens.get(token);
      return role && token !== null ? { actor: { kind: 'TOKEN', id: token, name: null }, role } : null;
    },
    onTokensRevoked: () => () => undefined,
    contextFor: (viewer) => {
      serial += 1;
      return { viewer, serial };
    },
    ready: () => test.health,
    log: pino({ level: 'debug' }, sink),
    host: '127.0.0.1',
    port: 0,
    production: true,
    rateLimit: 'off',
    trustProxy: 0,
    clock: { now: () => 0 },
    ...overrides,
  });
  const send = async (path: string, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${server.url}${path}`, init);
    const text = await response.text();
    return { status: response.status, headers: response.headers, text, body: text === '' ? {} : JSON.parse(text) };
  };
  const test: TestServer = {
    ...server,
    ...state,
    lines,
    tokens,
    health: { ok: true },
    async logged(requests) {
      while (lines.filter(({ msg }) => msg === 'request').length < requests) await setImmediate();
    },
    send,
    post: (query, variables = {}, headers = bearer('admin')) =>
      send('/graphql', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query, variables }),
      }),
  };
  return test;
}
