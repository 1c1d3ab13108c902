import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { after, test } from 'node:test';
import { createApi } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import type { Hooks } from '../support/database.ts';
import { CANCEL_RUN, RUN_CHANGED } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import { addTokens } from '../support/tokens.ts';
import { until } from '../support/until.ts';
import type { RunEventView, RunView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const tokens = await addTokens(carillon.databaseUrl, 'VIEWER', 'OPERATOR');
/** Far longer than a test: what fails stays in RETRY_WAIT. */
const PATIENT = { execution: { retry: { maxAttempts: 3, initialInterval: 'PT1H' } } };

/** A server that answers nothing, and how long each connection that sent it a request has lasted. */
async function startSilent(t: Hooks): Promise<{ url: string; sockets: Socket[] }> {
  const sockets: Socket[] = [];
  const server = createServer((request) => void sockets.push(request.socket));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets };
}
/** A run whose request has reached a server that does not answer. */
async function startSilentRun(t: Hooks, spec: Record<string, unknown> = {}) {
  const { url, sockets } = await startSilent(t);
  const schedule = await api.scheduleOf(await api.taskOn(url), spec);
  const run = await api.trigger(schedule);
  await until(() => sockets.length === 1);
  await api.runIn(run.id, 'RUNNING');
  return { schedule, run, socket: sockets[0] as Socket, sockets };
}
async function statesOf(run: { id: string }): Promise<(string | null)[][]> {
  const database = await connect({ after }, carillon.databaseUrl);
  const { rows } = await database.query<{ before: string | null; after: string }>(
    `SELECT before->>'state' AS before, after->>'state' AS after FROM event WHERE subject_id = $1 ORDER BY seq`,
    [run.id],
  );
  return rows.map((row) => [row.before, row.after]);
}
async function auditOf(run: { id: string }) {
  const database = await connect({ after }, carillon.databaseUrl);
  const { rows } = await database.query<{ action: string; reason: string | null; changes: unknown; actor: { name: string } }>(
    `SELECT action, reason, changes, actor FROM audit_entry WHERE target_id = $1`,
    [run.id],
  );
  return rows.map(({ action, reason, changes, actor }) => ({ action, reason, changes, by: actor.name }));
}
const canceledError = (message: string) => ({ code: 'CANCELED', name: 'Canceled', message, retryable: false });

test('a run of an HTTP task: its connection breaks at once, and within a second it is CANCELED by name and reason', async (t) => {
  const { run, socket } = await startSilentRun(t);
  const events = await watch<RunEventView>(t, carillon, { query: RUN_CHANGED });
  const broken = once(socket, 'close');
  const began = performance.now();
  const { run: canceling, userErrors } = await api.cancelRun({ id: run.id, reason: 'wrong file' }, tokens.OPERATOR);
  assert.deepEqual(userErrors, []);
  // It may have ended before the answer was read.
  assert.ok(canceling?.state === 'CANCELING' || canceling?.state === 'CANCELED');
  await broken;
  const [told] = (await events.until((event) => event.id === run.id && event.state === 'CANCELED')).filter(
    (event) => event.state === 'CANCELING',
  );
  const tookMs = performance.now() - began;
  assert.ok(tookMs < 1_000, `${tookMs} ms`);
  assert.equal(told?.previousState, 'RUNNING');

  const ended = await api.run(run.id);
  const message = 'canceled by the OPERATOR: wrong file';
  assert.deepEqual([ended.state, ended.error, ended.output], ['CANCELED', canceledError(message), null]);
  assert.notEqual(ended.finishedAt, null);
  assert.deepEqual(
    ended.attempts.map(({ state, error }) => [state, error?.code, error?.message]),
    [['CANCELED', 'CANCELED', message]],
  );
  assert.deepEqual(await statesOf(run), [
    [null, 'QUEUED'],
    ['QUEUED', 'RUNNING'],
    ['RUNNING', 'CANCELING'],
    ['CANCELING', 'CANCELED'],
  ]);
  const changes = { state: { before: 'RUNNING', after: 'CANCELING' } };
  assert.deepEqual(await auditOf(run), [{ action: 'run.cancel', reason: 'wrong file', changes, by: 'the OPERATOR' }]);
});

test('a run that waits for its next attempt: CANCELED at once, its attempts stay as they ended', async (t) => {
  const target = await startTarget(t);
  target.reply({ status: 503 });
  const run = await api.trigger(await api.scheduleOf(await api.taskOn(target.url), PATIENT));
  const { attempts } = await api.runIn(run.id, 'RETRY_WAIT');
  const { run: canceled } = await api.cancelRun({ id: run.id }, tokens.OPERATOR);
  assert.deepEqual([canceled?.state, canceled?.error], ['CANCELED', canceledError('canceled by the OPERATOR')]);
  assert.notEqual(canceled?.finishedAt, null);
  assert.deepEqual(canceled?.attempts, attempts);
  assert.equal(target.received.length, 1);
});

test('what has ended is refused with its state and its end; what does not exist is NOT_FOUND', async (t) => {
  const target = await startTarget(t);
  const run = await api.trigger(await api.scheduleOf(await api.taskOn(target.url)));
  const ended = await api.runIn(run.id, 'SUCCEEDED');
  assert.deepEqual(await api.cancelRun({ id: run.id }), {
    run: null,
    userErrors: [
      {
        __typename: 'ConflictError',
        code: 'INVALID_STATE',
        message: `The run has ended: it is SUCCEEDED since ${ended.finishedAt}, and cannot be canceled.`,
        path: ['input', 'id'],
        existing: { __typename: 'Run', id: run.id },
      },
    ],
  });
  const message = 'There is no run with the id "run_0".';
  assert.deepEqual(await api.cancelRun({ id: 'run_0' }), {
    run: null,
    userErrors: [{ __typename: 'NotFoundError', code: 'NOT_FOUND', message, path: ['input', 'id'] }],
  });
  const long = await api.cancelRun({ id: run.id, reason: 'x'.repeat(2_001) });
  assert.deepEqual(
    long.userErrors.map((error) => [error.code, error.path]),
    [['INVALID', ['input', 'reason']]],
  );
  assert.deepEqual([await auditOf(run), await api.run(run.id)], [[], ended]);
});

test('a run that is gone is not in the way any more', async (t) => {
  const { schedule, run } = await startSilentRun(t);
  assert.equal((await api.triggerSchedule({ ref: { id: schedule.id } })).userErrors[0]?.code, 'ALREADY_RUNNING');
  await api.cancelRun({ id: run.id });
  await api.runIn(run.id, 'CANCELED');
  const next = await api.trigger(schedule);
  await api.cancelRun({ id: next.id });
  await api.runIn(next.id, 'CANCELED');
});

test('a run says whether its viewer may cancel it: as the mutation decides', async (t) => {
  const { run } = await startSilentRun(t);
  const may = async (token: string) => {
    const query = 'query ($id: ID!) { run(id: $id) { viewerCanCancel } }';
    return (await api.ask<RunView>(query, { id: run.id }, token)).viewerCanCancel;
  };
  assert.deepEqual([await may(tokens.VIEWER), await may(tokens.OPERATOR)], [false, true]);
  const { errors } = await carillon.ask(CANCEL_RUN, { input: { id: run.id } }, tokens.VIEWER);
  assert.equal(errors?.[0]?.extensions.code, 'FORBIDDEN');
  await api.cancelRun({ id: run.id }, tokens.OPERATOR);
  await api.runIn(run.id, 'CANCELED');
  assert.deepEqual([await may(tokens.VIEWER), await may(tokens.OPERATOR)], [false, false]);
});
