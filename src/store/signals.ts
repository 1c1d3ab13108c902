import pg from 'pg';
import type { Logger } from 'pino';
import { CONNECTION } from './connection.ts';

/** What a commit may have changed for others: the engine's next instant, jobs for workers, runs that workers are to break off, events for subscriptions, logs for who reads them, tokens that let nobody in any more. */
export type Signal = 'schedules' | 'jobs' | 'cancels' | 'events' | 'logs' | 'tokens';
type Listener = () => void;

const CHANNEL = 'carillon';
const LETTERS: Record<Signal, string> = { schedules: 's', jobs: 'j', cancels: 'c', events: 'e', logs: 'l', tokens: 't' };
const RECONNECT_MS = 500;

/** One NOTIFY per transaction at most: it takes a lock that serialises commits. The payload names sender and signals only. */
export const NOTIFY_SQL = `/* notify */ SELECT pg_notify('${CHANNEL}', $1)::text AS notified`;

/**
 * Wakes parts of this process at once and those of other instances through NOTIFY. A notification is a hint: whoever waits
 * also looks by itself from time to time, so a lost one costs a moment, never an event, a fire or a run.
 */
export class Signals {
  readonly #instanceId = crypto.randomUUID();
  readonly #listeners: Record<Signal, Set<Listener>> = {
    schedules: new Set(),
    jobs: new Set(),
    cancels: new Set(),
    events: new Set(),
    logs: new Set(),
    tokens: new Set(),
  };
  #client: pg.Client | undefined;
  #closed = false;

  /** Calls `listener` after every commit that raised `signal`, here or on another instance. Returns how to stop. */
  on(signal: Signal, listener: Listener): () => void {
    this.#listeners[signal].add(listener);
    return () => this.#listeners[signal].delete(listener);
  }

  /** Wakes the parts of this process. */
  raise(signals: Iterable<Signal>): void {
    for (const signal of signals) for (const listener of this.#listeners[signal]) listener();
  }

  /** What NOTIFY carries to the other instances. */
  payload(signals: Iterable<Signal>): string {
    return `${this.#instanceId}:${Array.from(signals, (signal) => LETTERS[signal]).join('')}`;
  }

  /** The same as a statement with the payload in its text, which is our own and holds nothing but letters, digits, - and :. */
  notifyStatement(signals: Iterable<Signal>): string {
    return `SELECT pg_notify('${CHANNEL}', '${this.payload(signals)}'); `;
  }

  /** Listens on a connection of its own; after every reconnection everything is raised, for what was missed meanwhile. */
  async listen(connectionString: string, log: Logger): Promise<void> {
    const client = new pg.Client({
      ...CONNECTION,
      connectionString,
      application_name: 'carillon listen',
    });
    const lost = (error?: Error) => {
      if (this.#closed || this.#client !== client) return;
      this.#client = undefined;
      log.warn({ reason: error?.message }, 'the connection for notifications was lost; polling until it is back');
      void this.#reconnect(connectionString, log);
    };
    client.on('error', lost);
    client.on('end', () => lost());
    client.on('notification', ({ payload }) => this.#received(payload ?? ''));
    try {
      await client.connect();
      await client.query(`LISTEN ${CHANNEL}`);
    } catch (error) {
      await client.end().catch(() => undefined);
      throw error;
    }
    // From here on a loss is noticed; before, it was the failure of this call.
    this.#client = client;
    if (this.#closed) await client.end();
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#client?.end().catch(() => undefined);
  }

  #received(payload: string): void {
    const [sender, letters = ''] = payload.split(':');
    if (sender === this.#instanceId) return;
    this.raise((Object.keys(LETTERS) as Signal[]).filter((signal) => letters.includes(LETTERS[signal])));
  }

  async #reconnect(connectionString: string, log: Logger): Promise<void> {
    while (!this.#closed && this.#client === undefined) {
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
      try {
        await this.listen(connectionString, log);
        log.info('the connection for notifications is back');
        this.raise(Object.keys(LETTERS) as Signal[]);
      } catch (error) {
        log.debug({ err: error }, 'notifications: still no connection');
      }
    }
  }
}
