import { execute } from 'graphql';
import type { ExecutionResult, GraphQLFormattedError } from 'graphql';
import { CloseCode, MessageType, parseMessage } from 'graphql-ws';
import type { Message, SubscribePayload } from 'graphql-ws';
import type { Viewer } from '../auth/viewer.ts';
import type { ViewerContext } from './auth.ts';
import { apiError, maskResult } from './errors.ts';
import { admitRequest } from './operation.ts';
import type { Guard } from './operation.ts';
import { resolveDocument } from './persisted.ts';
import { startSubscription } from './subscription.ts';

/** How long a connection may take to say who it is. */
const INIT_WAIT_MS = 3000;
/** Operations that one connection carries at a time; those that are still being started or ended count. */
const MAX_OPERATIONS = 100;

/** What carries the messages of one connection. */
export interface Wire {
  /** Settles when the text has left this process, or cannot leave it any more; never rejects. */
  send(text: string): Promise<void>;
  close(code: number, reason: string): void;
}

/** Who may come in, its viewer followed while the connection is open; or why the connection is closed. */
export type Entry = { ok: true; visitor: { readonly viewer: Viewer } } | { ok: false; code: number; reason: string };

interface SessionOptions {
  guard: Guard;
  /** Never rejects. */
  enter(params: Record<string, unknown>): Promise<Entry>;
  contextFor(viewer: Viewer, requestId: string): ViewerContext;
  /** What the caller may see of an error. */
  mask(error: unknown, requestId: string): GraphQLFormattedError;
  /** Of the connection; its operations are numbered below it. */
  requestId: string;
}

export interface Session {
  /** @param message  parsed JSON; null for what is none */
  receive(message: unknown): void;
  /**
   * Ends the subscriptions without a word, so that their clients take them up elsewhere, and starts nothing more.
   * Settles when queries and mutations have been answered.
   */
  drain(): Promise<void>;
  /** The connection is gone, or being closed: every source is ended at once. */
  end(): void;
}

interface Operation {
  /** Until the client has heard the last of it, or does not want to hear more: as long it has its id. */
  open: boolean;
  isStream: boolean;
  leave(): void;
}

/** The server's side of one connection in the protocol graphql-transport-ws. */
export function openSession(wire: Wire, { guard, enter, contextFor, mask, requestId }: SessionOptions): Session {
  let initialised = false;
  let visitor: { readonly viewer: Viewer } | null = null;
  /** Nothing more is started. */
  let over = false;
  let started = 0;
  /** Those whose id is taken. */
  const operations = new Map<string, Operation>();
  /** Those that still do something, also after their client has left them. */
  const running = new Map<Operation, Promise<void>>();
  const initWait = setTimeout(
    () => wire.close(CloseCode.ConnectionInitialisationTimeout, 'Connection initialisation timeout'),
    INIT_WAIT_MS,
  );

  async function initialise(params: Record<string, unknown>): Promise<void> {
    clearTimeout(initWait);
    if (over) return;
    if (initialised) return wire.close(CloseCode.TooManyInitialisationRequests, 'Too many initialisation requests');
    initialised = true;
    const entry = await enter(params);
    if (!entry.ok) return wire.close(entry.code, entry.reason);
    visitor = entry.visitor;
    await wire.send(JSON.stringify({ type: MessageType.ConnectionAck }));
  }

  function subscribe(id: string, payload: SubscribePayload): void {
    if (over) return;
    if (!visitor) return wire.close(CloseCode.Unauthorized, 'Unauthorized');
    if (operations.has(id)) return wire.close(CloseCode.SubscriberAlreadyExists, 'Subscriber already exists');
    const operation: Operation = { open: true, isStream: false, leave: () => undefined };
    operations.set(id, operation);
    const done = carry(id, operation, payload, visitor).finally(() => {
      stop(id, operation);
      running.delete(operation);
    });
    running.set(operation, done);
  }

  async function carry(
    id: string,
    operation: Operation,
    payload: SubscribePayload,
    caller: { readonly viewer: Viewer },
  ): Promise<void> {
    started += 1;
    const operationId = `${requestId}.${started}`;
    const newContext = () => contextFor(caller.viewer, operationId);
    const shown = (error: unknown) => mask(error, operationId);
    async function say(type: MessageType, content?: unknown): Promise<void> {
      if (!operation.open) return;
      // The id is free before the client hears that it is.
      if (type !== MessageType.Next) stop(id, operation);
      await wire.send(JSON.stringify({ id, type, payload: content }));
    }
    const next = (result: ExecutionResult) => say(MessageType.Next, maskResult(result, shown));
    const refuse = (errors: readonly unknown[]) => say(MessageType.Error, errors.map(shown));

    try {
      if (running.size >= MAX_OPERATIONS) return await refuse([tooMany()]);
      const resolved = resolveDocument(payload, guard.persisted);
      if (!resolved.ok) return await refuse([resolved.error]);
      const { query, operationName = null, variables } = resolved.value as SubscribePayload;
      const request = { query, operationName, variables: variables ?? {} };
      const admission = admitRequest(guard, caller.viewer, request, ['query', 'mutation', 'subscription']);
      if (!admission.ok) return await refuse(admission.errors);
      const { kind, document, variables: variableValues } = admission.operation;
      if (kind !== 'subscription') {
        const contextValue = newContext();
        await next(await execute({ schema: guard.schema, document, operationName, variableValues, contextValue }));
        return await say(MessageType.Complete);
      }
      operation.isStream = true;
      const subscribed = await startSubscription(guard.schema, admission.operation, newContext);
      if (!subscribed.ok) return await refuse(subscribed.errors);
      const { results } = subscribed;
      operation.leave = () => void results.return().catch(shown);
      // Who left while the source was opened has left nothing else to end it.
      if (!operation.open) return operation.leave();
      // The source is asked for its next event when the last one has left: a slow client costs one event, not a queue.
      while (operation.open) {
        const step = await results.next();
        if (step.done) return await say(MessageType.Complete);
        await next(step.value);
      }
    } catch (error) {
      await refuse([error]);
    }
  }

  function stop(id: string, operation: Operation): void {
    if (!operation.open) return;
    operation.open = false;
    operations.delete(id);
    operation.leave();
  }

  function stopAll(which: (operation: Operation) => boolean): void {
    clearTimeout(initWait);
    for (const [id, operation] of operations) if (which(operation)) stop(id, operation);
  }

  return {
    receive(value) {
      const message = parsed(value);
      switch (message?.type) {
        case MessageType.ConnectionInit:
          return void initialise(message.payload ?? {});
        case MessageType.Ping:
          return void wire.send(JSON.stringify({ type: MessageType.Pong, payload: message.payload }));
        case MessageType.Pong:
          return;
        case MessageType.Subscribe:
          return subscribe(message.id, message.payload);
        case MessageType.Complete: {
          const operation = operations.get(message.id);
          return operation && stop(message.id, operation);
        }
        default:
          // What is no message, and what only servers say.
          return wire.close(CloseCode.BadRequest, 'Invalid message received');
      }
    },
    async drain() {
      over = true;
      stopAll((operation) => operation.isStream);
      await Promise.all([...operations.values()].map((operation) => running.get(operation)));
    },
    end() {
      over = true;
      stopAll(() => true);
    },
  };
}

function parsed(value: unknown): Message | null {
  try {
    return parseMessage(withQuery(value));
  } catch {
    return null;
  }
}

/** The protocol asks for a query; who names a document by its id has none to send. */
function withQuery(message: unknown): unknown {
  const payload = isObject(message) && message['type'] === MessageType.Subscribe ? message['payload'] : null;
  return isObject(payload) && payload['query'] === undefined
    ? { ...(message as object), payload: { ...payload, query: '' } }
    : message;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function tooMany() {
  const message = `This connection carries ${MAX_OPERATIONS} operations already: complete one, or open another connection.`;
  return apiError('BAD_USER_INPUT', message);
}
