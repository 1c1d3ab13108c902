import { CloseCode, createClient } from 'graphql-ws';
import type { Client as SocketClient } from 'graphql-ws';
import { stringifyDocument } from '@urql/core';
import type { TypedDocumentNode } from '@graphql-typed-document-node/core';
import { socketUrl } from './addresses.ts';
import { openChannel } from './channel.ts';
import { RunsChangedDocument, SchedulesChangedDocument, TasksChangedDocument, WorkersChangedDocument } from './live.generated.ts';
import { watchPulse } from './pulse.ts';
import type { RunState } from './schema.generated.ts';

/** One thing that has changed on the server. */
export interface Change {
  of: 'run' | 'schedule' | 'task' | 'worker';
  kind: 'CREATED' | 'UPDATED' | 'DELETED';
  id: string;
  at: string;
  /** Of runs only. */
  state?: RunState;
  previousState?: RunState | null;
  taskKey?: string;
  scheduleId?: string | null;
}

export type LiveStatus =
  /** The first connection is being made. */
  | 'CONNECTING'
  | 'LIVE'
  /** It is gone, and tried again. */
  | 'LOST'
  /** The server does not let this token in any more. */
  | 'REFUSED';

export interface LiveState {
  status: LiveStatus;
  /** Epoch milliseconds. */
  since: number;
}

/** Changes of one object are told together, at most so often. */
const MIN_INTERVAL = 'PT0.5S';
/** Milliseconds between attempts to connect again: at once, then ever more slowly. */
const RETRY_MS = [0, 500, 1000, 2000, 4000];
/** Close codes of the server for tokens that it does not take. */
const REFUSED: readonly number[] = [CloseCode.Unauthorized, CloseCode.Forbidden];

/**
 * Follows all that changes on the server, over one web socket. After a cut it goes on behind the last event that it has seen, so
 * nothing is missed; where that place is gone, listeners hear null: everything may have changed.
 */
export class Live {
  #state: LiveState = { status: 'CONNECTING', since: Date.now() };
  readonly #stateListeners = new Set<() => void>();
  readonly #listeners = new Set<(changes: readonly Change[] | null) => void>();
  #pending: Change[] = [];
  #scheduled = false;
  readonly #socket: SocketClient;
  readonly #readCursor: () => Promise<string>;
  readonly #channels: (() => void)[];
  #connected: boolean | null = null;
  /** Subscriptions that have ended and are begun again, by their documents. */
  readonly #broken = new Set<unknown>();

  /** @param cursor  what has been read so far was read after it */
  constructor(token: string | null, cursor: string, readCursor: () => Promise<string>) {
    this.#readCursor = readCursor;
    const pulse = watchPulse(() => this.#socket.terminate());
    this.#socket = createClient({
      url: socketUrl(),
      ...(token !== null && { connectionParams: { authorization: `Bearer ${token}` } }),
      keepAlive: 10_000,
      retryAttempts: Infinity,
      shouldRetry: (problem) => !isRefusal(problem),
      retryWait: async (attempt) => {
        const wait = RETRY_MS[Math.min(attempt, RETRY_MS.length - 1)] as number;
        await new Promise((resolve) => setTimeout(resolve, wait * (0.75 + Math.random() / 2)));
      },
      on: {
        ping: pulse.ping,
        pong: pulse.pong,
        connected: () => {
          this.#connected = true;
          this.#settle();
        },
        closed: (event) => {
          pulse.closed();
          this.#connected = false;
          if (isRefusal(event)) this.#become('REFUSED');
          else this.#settle();
        },
      },
    });
    this.#channels = [
      this.#follow(RunsChangedDocument, cursor, ({ runChanged }) => ({ of: 'run', ...runChanged })),
      this.#follow(SchedulesChangedDocument, cursor, ({ scheduleChanged }) => ({ of: 'schedule', ...scheduleChanged })),
      this.#follow(TasksChangedDocument, cursor, ({ taskChanged }) => ({ of: 'task', ...taskChanged })),
      this.#follow(WorkersChangedDocument, cursor, ({ workerChanged }) => ({ of: 'worker', ...workerChanged })),
    ];
  }

  get state(): LiveState {
    return this.#state;
  }

  /** @returns how to stop */
  onState(listener: () => void): () => void {
    this.#stateListeners.add(listener);
    return () => this.#stateListeners.delete(listener);
  }

  /** Calls with what has changed, in batches; with null when nobody knows what. @returns how to stop */
  onChanges(listener: (changes: readonly Change[] | null) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Follows one subscription of one page over the same socket. @returns how to stop */
  follow<Data, Variables extends object>(
    document: TypedDocumentNode<Data, Variables>,
    variables: Variables,
    told: (data: Data) => void,
    ended: (fault: string | null) => void = () => undefined,
  ): () => void {
    return this.#socket.subscribe<Data>(
      { query: stringifyDocument(document), variables: variables as Record<string, unknown> },
      {
        next: ({ data, errors }) => (data ? told(data) : ended(errors?.[0]?.message ?? 'The server told nothing.')),
        error: (problem) => ended(messageOf(problem)),
        complete: () => ended(null),
      },
    );
  }

  close(): void {
    this.#listeners.clear();
    this.#stateListeners.clear();
    for (const stop of this.#channels) stop();
    void this.#socket.dispose();
  }

  #follow<Data, Variables>(
    document: TypedDocumentNode<Data, Variables>,
    from: string,
    read: (data: Data) => Change & { cursor: string },
  ): () => void {
    const query = stringifyDocument(document);
    return openChannel<Change & { cursor: string }>({
      from,
      subscribe: (after, next, ended) => {
        // Read each time the socket subscribes anew: behind the last event.
        const variables = {
          minInterval: MIN_INTERVAL,
          get after() {
            return after();
          },
        };
        return this.#socket.subscribe<Data>(
          { query, variables },
          {
            next: ({ data }) => data && next(read(data)),
            error: (problem) => {
              if (isRefusal(problem)) this.#become('REFUSED');
              else ended(problem);
            },
            complete: () => ended(null),
          },
        );
      },
      readCursor: this.#readCursor,
      told: (change) => this.#tell(change),
      lost: () => {
        for (const listener of this.#listeners) listener(null);
      },
      onBroken: (broken) => {
        if (broken) this.#broken.add(document);
        else this.#broken.delete(document);
        this.#settle();
      },
    });
  }

  /** One subscription that tells nothing is as bad as a line that is cut: what is shown may be old. */
  #settle(): void {
    if (this.#connected === null) return;
    this.#become(this.#connected && this.#broken.size === 0 ? 'LIVE' : 'LOST');
  }

  #tell(change: Change): void {
    this.#pending.push(change);
    if (this.#scheduled) return;
    this.#scheduled = true;
    setTimeout(() => {
      this.#scheduled = false;
      const changes = this.#pending;
      this.#pending = [];
      for (const listener of this.#listeners) listener(changes);
    }, 50);
  }

  #become(status: LiveStatus): void {
    if (status === this.#state.status || this.#state.status === 'REFUSED') return;
    this.#state = { status, since: Date.now() };
    for (const listener of this.#stateListeners) listener();
  }
}

function isRefusal(problem: unknown): boolean {
  return typeof problem === 'object' && problem !== null && 'code' in problem && REFUSED.includes(Number(problem.code));
}

function messageOf(problem: unknown): string {
  if (Array.isArray(problem))
    return problem.map((error) => `${error?.extensions?.code ?? ''} ${error?.message ?? ''}`.trim()).join('; ');
  return problem instanceof Error ? problem.message : 'The connection broke off.';
}
