/**
 * What subscribers cost one instance: memory of each, processor time of each delivery, and how long after the commit an event is with
 * the client. The server is this process, its clients another one. The floor is this process, too: the same text, made once for each
 * event, sent to as many plain web sockets.
 * Usage: node bench/streams.ts [subscribers] [events]
 */
import { fork } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { pino } from 'pino';
import { WebSocketServer } from 'ws';
import { appendEvents } from '../src/store/events.ts';
import { openStore } from '../src/store/open.ts';
import type { Store } from '../src/store/open.ts';
import { startInstance } from '../test/support/carillon.ts';
import { startOwnPostgres } from '../test/support/ownPostgres.ts';
import { until } from '../test/support/until.ts';
import { countArgument, machine, percentile, runBenchmark } from './measure.ts';
import type { Cleanups } from './measure.ts';

const SUBSCRIBERS = 1_000;
const EVENTS = 100;
const EVERY_MS = 100;
/** Before those that count: what is compiled and connected first is no delivery. */
const WARM_UP = 20;
const ARRIVAL_LIMIT_MS = 60_000;
const QUERY = 'subscription { runChanged { cursor kind id state taskKey } }';
const CLIENTS = fileURLToPath(new URL('./clients/subscribers.ts', import.meta.url));

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;
const now = () => performance.timeOrigin + performance.now();

interface Measured {
  /** Bytes in use, not those that the process keeps, for each subscriber that listens and is told nothing. */
  memory: number;
  /** Microseconds of this process for each delivery. */
  cpu: number;
  /** Milliseconds from the commit to the client. */
  delays: number[];
}

async function memory(): Promise<number> {
  // Connections that were closed last are let go of, too.
  await pause(1_000);
  collect();
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** @param send  settles when the event of this number is committed, with that instant */
async function measure(
  transport: 'ws' | 'sse' | 'raw',
  port: number,
  subscribers: number,
  events: number,
  send: (number: number) => Promise<number>,
): Promise<Measured> {
  const before = await memory();
  const clients = fork(CLIENTS, [transport, `${port}`, `${subscribers}`, QUERY], { execArgv: [] });
  try {
    await once(clients, 'message');
    const after = await memory();
    const numbers = (from: number, count: number) => Array.from({ length: count }, (_, index) => from + index);
    const sendAll = async (which: number[]) => {
      const committed = new Map<number, number>();
      for (const number of which) {
        const next = pause(EVERY_MS);
        committed.set(number, await send(number));
        await next;
      }
      return committed;
    };
    await sendAll(numbers(0, WARM_UP));
    await allArrived(clients, WARM_UP - 1, subscribers);
    const cpu = process.cpuUsage();
    const committed = await sendAll(numbers(WARM_UP, events));
    await allArrived(clients, WARM_UP + events - 1, subscribers);
    const { user, system } = process.cpuUsage(cpu);
    const delays: number[] = [];
    for (const [number, instant] of committed) {
      const times = await arrivals(clients, number);
      if (times.length !== subscribers) throw new Error(`event ${number} was told ${times.length} times`);
      for (const time of times) delays.push(time - instant);
    }
    return {
      memory: (after - before) / subscribers,
      cpu: (user + system) / (subscribers * events),
      delays,
    };
  } finally {
    const gone = once(clients, 'exit');
    clients.disconnect();
    await gone;
  }
}

async function arrivals(clients: ChildProcess, number: number): Promise<number[]> {
  clients.send({ number });
  const [answer] = (await once(clients, 'message')) as [{ times: number[] }];
  return answer.times;
}
function allArrived(clients: ChildProcess, number: number, subscribers: number): Promise<unknown> {
  return until(async () => {
    await pause(50);
    return (await arrivals(clients, number)).length === subscribers;
  }, ARRIVAL_LIMIT_MS);
}

/** Writes as another instance does: this one hears of it by NOTIFY. */
async function writeEvent(store: Store, number: number): Promise<number> {
  await store.hotTransaction(async (tx) => {
    const facts = { state: 'RUNNING', taskKey: 'bench' };
    await appendEvents(tx.sql, now(), [
      {
        topic: 'run',
        kind: 'UPDATED',
        subjectId: `event-${number}`,
        taskId: 'tsk_bench',
        scheduleId: null,
        before: { ...facts, state: 'QUEUED' },
        after: facts,
      },
    ]);
    tx.signal('events');
  });
  return now();
}

async function startFloor(hooks: Cleanups) {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  hooks.after(() => {
    for (const client of server.clients) client.terminate();
    server.close();
  });
  await once(server, 'listening');
  const send = async (number: number) => {
    const cursor = 'x'.repeat(90);
    const event = { cursor, kind: 'UPDATED', id: `event-${number}`, state: 'RUNNING', taskKey: 'bench' };
    const text = JSON.stringify({ id: '1', type: 'next', payload: { data: { runChanged: event } } });
    const instant = now();
    for (const client of server.clients) client.send(text);
    return instant;
  };
  return { port: (server.address() as AddressInfo).port, send };
}

async function compare(hooks: Cleanups, subscribers: number, events: number): Promise<string[]> {
  const stops: (() => Promise<void>)[] = [];
  const { databaseUrl } = await startOwnPostgres(hooks, async () => {
    for (const stop of stops.toReversed()) await stop();
  });
  const instance = await startInstance(databaseUrl);
  stops.push(instance.stop);
  const store = await openStore(databaseUrl, pino({ level: 'silent' }), async () => undefined);
  stops.push(() => store.close());
  const floor = await startFloor(hooks);
  const port = Number(new URL(instance.url).port);
  const send = (number: number) => writeEvent(store, number);
  // What each way of sending loads and compiles is no memory of a subscriber's.
  for (const transport of ['ws', 'sse'] as const) await measure(transport, port, 20, 1, send);
  await measure('raw', floor.port, 20, 1, floor.send);
  const rows: [string, Measured][] = [
    ['plain web sockets (floor)', await measure('raw', floor.port, subscribers, events, floor.send)],
    ['WebSocket', await measure('ws', port, subscribers, events, send)],
    ['server-sent events', await measure('sse', port, subscribers, events, send)],
  ];
  const base = rows[0]?.[1] as Measured;
  const cell = (value: number, digits: number) => value.toFixed(digits).padStart(14);
  const heads = ['KiB memory', 'µs CPU', '/ floor', 'p50 ms', 'p99 ms', 'max ms'];
  return [
    `${subscribers} subscribers, ${events} events, ${1_000 / EVERY_MS} a second; ${machine()}`,
    `${''.padEnd(28)}${heads.map((head) => head.padStart(14)).join('')}`,
    ...rows.map(
      ([name, { memory: each, cpu, delays }]) =>
        name.padEnd(28) +
        cell(each / 1024, 1) +
        cell(cpu, 1) +
        cell(cpu / base.cpu, 1) +
        [0.5, 0.99, 1].map((share) => cell(percentile(delays, share), 1)).join(''),
    ),
  ];
}

const [, , subscribersText, eventsText] = process.argv;
const subscribers = countArgument(subscribersText, SUBSCRIBERS);
const events = countArgument(eventsText, EVENTS);
if (subscribers === null || events === null) {
  console.error('Usage: node bench/streams.ts [subscribers] [events], whole numbers from 1');
  process.exit(2);
}
await runBenchmark((hooks) => compare(hooks, subscribers, events));
