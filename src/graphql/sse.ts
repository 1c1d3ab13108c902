import type { ServerResponse } from 'node:http';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { maskResult } from './errors.ts';
import { KEEP_ALIVE_MS } from './subscription.ts';
import type { ResultStream } from './subscription.ts';

const KEEP_ALIVE = ':\n\n';
/** Keep-alives in a row that find what was written before still not taken: the client reads nothing, and is cut. */
const MOST_UNTAKEN = 5;
/** Messages of the GraphQL over SSE protocol, distinct connections mode. */
const COMPLETE = 'event: complete\ndata:\n\n';
const nextMessage = (result: FormattedExecutionResult) => `event: next\ndata: ${JSON.stringify(result)}\n\n`;

interface EventStreamOptions {
  /** What the caller may see of an error. */
  mask(error: unknown): GraphQLFormattedError;
  /** Asked with every keep-alive: an error here is the stream's last message, null lets it go on. Never rejects. */
  recheck(): Promise<GraphQLFormattedError | null>;
}

export interface EventStream {
  /** Cuts the connection without `complete`, so that the client takes the subscription up elsewhere, and ends the source. */
  leave(): void;
  /** Says this to the client as the last message and ends the source. */
  fail(error: GraphQLFormattedError): void;
}

/**
 * Writes results as server-sent events until they end, the client leaves or `leave()` is called. The source is asked
 * for its next event only when the client has taken the ones before: a slow client costs one buffer, not a queue.
 */
export function streamEvents(res: ServerResponse, results: ResultStream, { mask, recheck }: EventStreamOptions): EventStream {
  let open = true;
  let untaken = 0;

  function end(): void {
    open = false;
    clearInterval(keepAlive);
    results.return().catch(mask);
  }
  function cut(): void {
    if (open) end();
    res.destroy();
  }
  function finish(...last: string[]): void {
    if (!open) return;
    end();
    if (!res.destroyed) res.end(last.join(''));
  }
  const fail = (error: GraphQLFormattedError) => finish(nextMessage({ errors: [error] }), COMPLETE);

  async function pump(): Promise<void> {
    while (open) {
      const step = await results.next();
      if (!open) return;
      if (step.done) return finish(COMPLETE);
      if (!res.write(nextMessage(maskResult(step.value, mask)))) await drained(res);
      untaken = 0;
    }
  }

  const keepAlive = setInterval(() => {
    if (!res.writableNeedDrain) res.write(KEEP_ALIVE);
    else if (++untaken > MOST_UNTAKEN) return cut();
    void recheck().then((error) => error && fail(error));
  }, KEEP_ALIVE_MS);
  res.once('close', () => finish());
  res.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'x-accel-buffering': 'no' });
  // Some browsers wait for a first byte before they say that the stream is open.
  res.write(KEEP_ALIVE);
  pump().catch((error: unknown) => fail(mask(error)));
  return { leave: cut, fail };
}

function drained(res: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    const settle = () => {
      res.off('drain', settle).off('close', settle);
      resolve();
    };
    res.on('drain', settle).on('close', settle);
  });
}
