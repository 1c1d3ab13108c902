import type { ExecutionResult } from 'graphql';
import { NetworkError, createClient } from 'graphql-sse';
import { ADMIN_TOKEN } from './carillon.ts';
import type { Answer } from './carillon.ts';
import type { Hooks } from './database.ts';

/** A subscription over server-sent events that has begun. */
export interface Stream<Event> {
  /** The next event. @throws Error when the stream ends or answers errors */
  next(): Promise<Event>;
  take(count: number): Promise<Event[]>;
  /** Events up to and including the first one that is meant. */
  until(isMeant: (event: Event) => boolean): Promise<Event[]>;
  /** What has come and was not read yet. */
  arrived(): Event[];
  /** Cuts the connection, as a client does that goes away. */
  close(): void;
}

interface Subscription {
  query: string;
  variables?: Record<string, unknown>;
  token?: string | null;
}
type Result<Event> = ExecutionResult<Record<string, Event>>;

/**
 * Subscribes with the client that graphql-sse ships, and settles when the server has accepted: what happens after that is seen.
 * @param subscription  has one root field; its values are the events
 */
export async function watch<Event>(t: Hooks, server: { url: string }, subscription: Subscription): Promise<Stream<Event>> {
  const { opened, results, read, leave } = subscribe<Event>(server, subscription);
  t.after(leave);
  await opened;
  const stream: Stream<Event> = {
    next: async () => eventOf(await read()),
    arrived: () => results.splice(0).map(eventOf),
    async take(count) {
      const events: Event[] = [];
      while (events.length < count) events.push(await stream.next());
      return events;
    },
    async until(isMeant) {
      const events = [await stream.next()];
      while (!isMeant(events.at(-1) as Event)) events.push(await stream.next());
      return events;
    },
    close: leave,
  };
  return stream;
}

function eventOf<Event>({ data, errors }: Result<Event>): Event {
  const event = Object.values(data ?? {})[0];
  if (errors !== undefined || event === undefined) throw new Error(`the stream answered ${JSON.stringify(errors ?? data)}`);
  return event;
}

/** The answer of a server that does not accept a subscription. @throws Error when it does */
export async function refusal(
  server: { url: string },
  subscription: Subscription,
): Promise<Answer<unknown> & { status: number }> {
  const { opened, leave } = subscribe(server, subscription);
  try {
    await opened;
  } catch (error) {
    const response = error instanceof NetworkError ? (error.response as Response | undefined) : undefined;
    if (response === undefined) throw error;
    return { ...((await response.json()) as Answer<unknown>), status: response.status };
  }
  leave();
  throw new Error('the subscription was accepted');
}

/** The package's own `iterate` waits for ever when a stream ends while nobody reads; this queue remembers the end. */
function subscribe<Event>({ url }: { url: string }, { query, variables = {}, token = ADMIN_TOKEN }: Subscription) {
  const opening = Promise.withResolvers<void>();
  const results: Result<Event>[] = [];
  let end: unknown;
  let wake: () => void = () => undefined;
  const finish = (error: unknown) => {
    end = error;
    opening.reject(error);
    wake();
  };
  const client = createClient({
    url: `${url}/graphql/stream`,
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    retryAttempts: 0,
    on: { connected: () => opening.resolve() },
  });
  const leave = client.subscribe<Record<string, Event>>(
    { query, variables },
    {
      next(result) {
        results.push(result as Result<Event>);
        wake();
      },
      error: finish,
      complete: () => finish(new Error('the stream has ended')),
    },
  );
  async function read(): Promise<Result<Event>> {
    for (;;) {
      const result = results.shift();
      if (result !== undefined) return result;
      if (end !== undefined) throw end;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }
  return { opened: opening.promise, results, read, leave };
}
