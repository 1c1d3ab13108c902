import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import type { TestContext } from 'node:test';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { createApi, fresh } from '../support/api.ts';
import { ADMIN_TOKEN, startInstance, startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { RUN_LOG, RUN_LOGS, TRIGGER_CODE_TASK } from '../support/operations.ts';
import { createRandom } from '../support/random.ts';
import { refusal, watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import { taskFolder } from '../support/taskFolder.ts';
import type { LineView, LogBatchView, PageView } from '../support/views.ts';

/** How a test drives the task below, which runs in this process: by a text that stands in its input. */
const plays = new Map<string, (context: Context) => Promise<unknown>>();
Object.assign(globalThis, { carillonLogsPlay: (name: string, context: Context) => plays.get(name)?.(context) });
type Write = (message: string, fields?: object) => void;
interface Context {
  log: Record<'trace' | 'debug' | 'info' | 'warn' | 'error', Write>;
  step(name: string, work: () => unknown): Promise<unknown>;
}
const PLAY = `
import { defineTask } from 'carillon';
export default defineTask({
  key: 'play', timeout: 'PT5M', retry: { maxAttempts: 1 },
  run: (context) => globalThis.carillonLogsPlay(context.input.play, context),
});`;
const folder = await taskFolder({ after }, { 'play.ts': PLAY });
let second = { url: '', stop: async () => undefined as void };
after(() => second.stop());
const carillon = await startTestCarillon({ after }, { CARILLON_TASKS: folder });
const api = createApi(carillon);
second = await startInstance(carillon.databaseUrl);

/** Starts a run that does this. @returns its id */
async function start(play: (context: Context) => Promise<unknown>): Promise<string> {
  const name = fresh('play');
  plays.set(name, play);
  const { run } = await api.ask<{ run: { id: string } }>(TRIGGER_CODE_TASK, {
    input: { task: { key: 'play' }, input: { play: name }, overlapPolicy: 'ALLOW_ALL' },
  });
  return run.id;
}
interface LogView {
  logsTruncated: boolean;
  logs: { nodes: LineView[]; edges: { cursor: string; node: LineView }[]; pageInfo: PageView['pageInfo'] };
}
const page = (id: string, args: object = {}) => api.ask<LogView>(RUN_LOG, { id, ...args });
/** The whole log, page by page. */
async function whole(id: string): Promise<LineView[]> {
  const lines: LineView[] = [];
  for (let cursor: string | null = null; ;) {
    const { logs }: LogView = await page(id, { after: cursor, minLevel: 'TRACE' });
    lines.push(...logs.nodes);
    if (!logs.pageInfo.hasNextPage) return lines;
    cursor = logs.pageInfo.endCursor;
  }
}
const follow = (t: TestContext, runId: string, variables: object = {}, server: { url: string } = carillon) =>
  watch<LogBatchView>(t, server, { query: RUN_LOGS, variables: { runId, ...variables } });
const messages = (lines: LineView[]) => lines.map((line) => line.message);
const numbered = (count: number, from = 0) => Array.from({ length: count }, (_, index) => `line ${from + index}`);
async function ended(play: (context: Context) => Promise<unknown>): Promise<string> {
  const id = await start(play);
  await api.runIn(id, 'SUCCEEDED');
  return id;
}

test('a line has its level, attempt, step and fields, and its instant lies within the run', async () => {
  const id = await ended(async ({ log, step }) => {
    log.trace('t');
    log.debug('d', { a: [1, { b: null }] });
    await step('work', () => log.warn('w'));
    log.error('e');
  });
  const run = await api.run(id);
  const lines = await whole(id);
  assert.deepEqual(
    lines.map(({ level, message, attempt, step, fields }) => [level, message, attempt, step, fields]),
    [
      ['TRACE', 't', 1, null, null],
      ['DEBUG', 'd', 1, null, { a: [1, { b: null }] }],
      ['WARN', 'w', 1, 'work', null],
      ['ERROR', 'e', 1, null, null],
    ],
  );
  for (const { at } of lines) assert.ok(at >= run.startedAt! && at <= run.finishedAt!);
  assert.equal((await page(id)).logsTruncated, false);
});

test('a log is read in pages, and from a level on; without one from DEBUG on', async () => {
  const id = await ended(async ({ log }) => {
    for (let n = 0; n < 10; n += 1) (n % 2 === 0 ? log.trace : log.info)(`line ${n}`);
  });
  const first = (await page(id, { first: 4, minLevel: 'TRACE' })).logs;
  assert.deepEqual(
    [messages(first.nodes), first.pageInfo.hasNextPage, first.pageInfo.hasPreviousPage],
    [numbered(4), true, false],
  );
  assert.deepEqual(
    first.edges.map(({ cursor, node }) => [cursor, node.cursor, node.message]),
    first.nodes.map(({ cursor, message }) => [cursor, cursor, message]),
  );
  const rest = (await page(id, { first: 6, after: first.pageInfo.endCursor, minLevel: 'TRACE' })).logs;
  assert.deepEqual(
    [messages(rest.nodes), rest.pageInfo.hasNextPage, rest.pageInfo.hasPreviousPage],
    [numbered(6, 4), false, true],
  );
  assert.deepEqual(messages((await page(id)).logs.nodes), ['line 1', 'line 3', 'line 5', 'line 7', 'line 9']);
  assert.deepEqual((await page(id, { minLevel: 'WARN' })).logs.nodes, []);
  const behind = (await page(id, { after: first.nodes[1]?.cursor, first: 1 })).logs;
  assert.deepEqual([messages(behind.nodes), behind.pageInfo.hasPreviousPage], [['line 3'], true]);
});

test('of a run that has ended the stream gives what was said, batch by batch, and ends with the last one', async (t) => {
  const id = await ended(async ({ log }) => numbered(25).forEach((line) => log.info(line)));
  const stream = await follow(t, id, { batchSize: 10 });
  const batches = await stream.take(3);
  assert.deepEqual(
    batches.map(({ lines, hasMorePast, final }) => [lines.length, hasMorePast, final]),
    [
      [10, true, false],
      [10, true, false],
      [5, false, true],
    ],
  );
  assert.deepEqual(messages(batches.flatMap(({ lines }) => lines)), numbered(25));
  await assert.rejects(stream.next(), /the stream has ended/);
});

test('a run that said nothing has one batch, the final one', async (t) => {
  const stream = await follow(t, await ended(async () => null));
  const { lines, hasMorePast, final } = await stream.next();
  assert.deepEqual([lines, hasMorePast, final], [[], false, true]);
  await assert.rejects(stream.next(), /the stream has ended/);
});

test('past lines first, then live ones as they are said, and the end with the run, here and on another instance', async (t) => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const id = await start(async ({ log }) => {
    log.info('early');
    await gates[0]?.promise;
    log.trace('beneath');
    log.info('live');
    await gates[1]?.promise;
    log.info('last');
  });
  const streams = await Promise.all([carillon, carillon, second].map((server) => follow(t, id, {}, server)));
  for (const stream of streams) {
    const early = await stream.until(({ lines }) => lines.length > 0);
    assert.deepEqual([messages(early.at(-1)!.lines), early.at(-1)?.hasMorePast, early.at(-1)?.final], [['early'], false, false]);
  }
  gates[0]?.resolve();
  for (const stream of streams) assert.deepEqual(messages((await stream.next()).lines), ['live']);
  gates[1]?.resolve();
  for (const stream of streams) {
    const end = await stream.until(({ final }) => final);
    assert.deepEqual(messages(end.flatMap(({ lines }) => lines)), ['last']);
    await assert.rejects(stream.next(), /the stream has ended/);
  }
});

test('who comes before the first line is told at once that there is none yet', async (t) => {
  const gate = Promise.withResolvers<void>();
  const id = await start(() => gate.promise);
  const stream = await follow(t, id);
  const { lines, hasMorePast, final } = await stream.next();
  assert.deepEqual([lines, hasMorePast, final], [[], false, false]);
  gate.resolve();
  assert.equal((await stream.until((batch) => batch.final)).at(-1)?.lines.length, 0);
});

test('a stream that is cut 50 times at random places and resumed tells exactly what the database holds', async (t) => {
  const random = createRandom(23);
  const LINES = 3_000;
  const id = await start(async ({ log }) => {
    for (let n = 0; n < LINES; n += 1) {
      log.info(`line ${n}`, { n });
      if (n % 20 === 0) await new Promise((resolve) => setTimeout(resolve, random(25)));
    }
  });
  const told: LineView[] = [];
  let cursor: string | null = null;
  let cuts = 0;
  for (let final = false; !final;) {
    const batchSize = cuts < 50 ? 1 + random(50) : 100;
    const stream = await follow(t, id, { after: cursor, batchSize }, cuts % 3 === 0 ? second : carillon);
    for (let left = cuts < 50 ? 1 + random(3) : Infinity; left > 0 && !final; left -= 1) {
      const batch = await stream.next();
      // Sometimes the client has taken a part of the batch only, and goes on behind that.
      const taken = !batch.final && random(4) === 0 ? random(batch.lines.length + 1) : batch.lines.length;
      told.push(...batch.lines.slice(0, taken));
      final = batch.final;
      if (taken === batch.lines.length) cursor = batch.cursor;
      else {
        cursor = batch.lines[taken - 1]?.cursor ?? cursor;
        break;
      }
    }
    stream.close();
    cuts += 1;
  }
  assert.ok(cuts > 50, `${cuts} cuts`);
  assert.deepEqual(messages(told), numbered(LINES));
  assert.deepEqual(told, await whole(id));
});

test('the stream over a WebSocket tells the same, and completes', async () => {
  const client = createClient({
    url: `${carillon.url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    connectionParams: { token: ADMIN_TOKEN },
  });
  const id = await start(async ({ log }) => {
    for (let n = 0; n < 300; n += 1) {
      log.info(`line ${n}`);
      if (n % 50 === 0) await new Promise((resolve) => setTimeout(resolve, 30));
    }
  });
  const told: LineView[] = [];
  let final = false;
  for await (const { data } of client.iterate<{ runLogs: LogBatchView }>({ query: RUN_LOGS, variables: { runId: id } })) {
    assert.equal(final, false);
    told.push(...data!.runLogs.lines);
    final = data!.runLogs.final;
  }
  assert.deepEqual([final, messages(told)], [true, numbered(300)]);
  await client.dispose();
});

test('a task that says more than is kept: the log says so, and so does the run', async () => {
  const id = await ended(async ({ log }) => numbered(10_100).forEach((line) => log.info(line)));
  assert.equal((await page(id)).logsTruncated, true);
  const lines = await whole(id);
  assert.equal(lines.length, 10_001);
  assert.match(lines.at(-1)!.message, /^further lines were not kept/);
});

const encode = (text: string) => Buffer.from(text).toString('base64url');
test('what cannot be asked for is refused, by the stream as by the list', async () => {
  const id = await ended(async ({ log }) => log.info('one'));
  const other = await ended(async ({ log }) => log.info('other'));
  const [line] = await whole(other);
  const cases: { rule: string; variables: { after?: string; size?: number }; code: string; message: RegExp }[] = [
    {
      rule: 'some text',
      variables: { after: 'yesterday' },
      code: 'BAD_USER_INPUT',
      message: /^after is not a cursor of the log/,
    },
    { rule: 'of another run', variables: { after: line!.cursor }, code: 'BAD_USER_INPUT', message: /^after is not a cursor/ },
    { rule: 'too far', variables: { after: encode(`log.${id}.2`) }, code: 'CURSOR_EXPIRED', message: /behind the last line/ },
    { rule: 'a page of none', variables: { size: 0 }, code: 'BAD_USER_INPUT', message: / is 0; allowed is 1 to 100\.$/ },
    { rule: 'too large a page', variables: { size: 101 }, code: 'BAD_USER_INPUT', message: / is 101; allowed is 1 to 100\.$/ },
  ];
  for (const { rule, variables, code, message } of cases) {
    const { after: place, size } = variables;
    const { errors } = await refusal(carillon, { query: RUN_LOGS, variables: { runId: id, after: place, batchSize: size } });
    assert.deepEqual(
      errors?.map((error) => error.extensions.code),
      [code],
      rule,
    );
    assert.match(errors![0]!.message, message);
    const answer = await carillon.ask(RUN_LOG, { id, after: place, first: size });
    assert.deepEqual(
      answer.errors?.map((error) => error.extensions.code),
      [code],
      rule,
    );
    assert.match(answer.errors![0]!.message, message);
  }
  const { status, errors } = await refusal(carillon, { query: RUN_LOGS, variables: { runId: 'run_0' } });
  assert.deepEqual(
    [status, errors?.[0]?.extensions.code, errors?.[0]?.message],
    [400, 'BAD_USER_INPUT', 'runId: there is no run with the id "run_0".'],
  );
});

test('a run that is removed while its log is read ends the stream with CURSOR_EXPIRED', async (t) => {
  const gate = Promise.withResolvers<void>();
  const id = await start(() => gate.promise);
  const stream = await follow(t, id);
  await stream.next();
  await query(carillon.databaseUrl, 'DELETE FROM run WHERE id = $1', [id]);
  await assert.rejects(stream.next(), /CURSOR_EXPIRED/);
  gate.resolve();
});

test('an HTTP task’s log tells of the request and its answer, and none of what they carry', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 200, body: { answer: 'the secret body' } });
  const task = await api.taskOn(`${target.url}/path?token=secret`, {
    http: { headers: { Authorization: 'Bearer secret' }, body: { my: 'secret' } },
  });
  const run = await api.trigger(await api.scheduleOf(task));
  await api.runIn(run.id, 'SUCCEEDED');
  const lines = await whole(run.id);
  assert.deepEqual(
    lines.map(({ level, message, fields }) => [level, message, { ...fields, durationMs: 0 }]),
    [
      ['INFO', 'request sent', { method: 'POST', host: new URL(target.url).host, bodyBytes: 15, durationMs: 0 }],
      ['INFO', 'response', { status: 200, durationMs: 0 }],
    ],
  );
  assert.doesNotMatch(JSON.stringify(lines), /secret/);
});
