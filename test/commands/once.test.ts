import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { forgetKeys } from '../../src/builtin/idempotencyKeys.ts';
import { triggerSchedule } from '../../src/commands/triggerSchedule.ts';
import type { TriggerScheduleInput } from '../../src/commands/triggerSchedule.ts';
import { workerQueue } from '../../src/queue/queue.ts';
import { keepFirstCall } from '../../src/store/idempotencyKeys.ts';
import { fresh } from '../support/api.ts';
import { untilBlocked } from '../support/database.ts';
import { addCodeTask, addSchedule, addTask, at, openParts } from '../support/parts.ts';
import { addWorker } from '../support/runs.ts';

const parts = await openParts({ after });
const { store, clock } = parts;
await addTask(parts);
const { id } = await addSchedule(parts, { trigger: { manual: true }, overlapPolicy: 'ALLOW_ALL' });
const DAY_MS = 86_400_000;
const go = new AbortController().signal;
const caller = (kind: 'USER' | 'TOKEN', name: string) =>
  ({ viewer: { actor: { kind, id: name, name: null }, role: 'OPERATOR' }, requestId: 'request' }) as const;

async function trigger(key: string, input: Partial<TriggerScheduleInput> = {}, who = caller('TOKEN', 'tok_1')) {
  const result = await triggerSchedule(parts, who, { ref: { id }, idempotencyKey: key, ...input });
  const codes = result.ok ? [] : result.userErrors.map(({ code }) => code);
  return { ids: result.ok ? result.value.map((run) => run.id) : [], codes, replayed: result.replayed };
}
const countKeys = () => store.prisma.idempotencyKey.count();

test('a key is forgotten a day after it was first seen, however often it was sent, and not before', async () => {
  clock.advanceTo(at('00:00:00'));
  const key = fresh('key');
  const first = await trigger(key);
  clock.advanceTo(at('00:00:00') + DAY_MS - 1);
  assert.deepEqual(await trigger(key), { ...first, replayed: true });
  assert.equal(await forgetKeys(parts, go), 0);
  clock.advanceTo(at('00:00:00') + DAY_MS);
  // Nobody has removed it yet: that is no reason to answer it, or to stumble over it.
  const second = await trigger(key, { reason: 'another input' });
  assert.deepEqual([second.codes, second.replayed], [[], false]);
  assert.notDeepEqual(second.ids, first.ids);
  assert.deepEqual(await trigger(key, { reason: 'another input' }), { ...second, replayed: true });
});

test('what is older than a day is removed, in batches, up to the moment in which it is to stop', async () => {
  await forgetKeys(parts, go);
  const before = await countKeys();
  const now = clock.now();
  const call = (age: number) => ({ inputHash: 'hash', result: [], firstSeenAt: new Date(now - age) });
  for (let index = 0; index < 3; index += 1) await keepFirstCall(store.sql, fresh('old'), call(DAY_MS + 1), now - DAY_MS);
  await store.sql.query(
    `INSERT INTO idempotency_key SELECT 'many' || n, 'hash', '[]', $1::timestamptz FROM generate_series(1, 1500) AS n`,
    [new Date(now - 2 * DAY_MS).toISOString()],
  );
  await keepFirstCall(store.sql, fresh('young'), call(DAY_MS - 1), now - DAY_MS);
  const stopped = new AbortController();
  stopped.abort();
  assert.equal(await forgetKeys(parts, stopped.signal), 0);
  assert.equal(await forgetKeys(parts, go), 1_503);
  assert.equal(await countKeys(), before + 1);
});

test('a person and a token with the same id are two callers, and so are two of a kind', async () => {
  const key = fresh('key');
  const callers = [caller('TOKEN', 'one'), caller('USER', 'one'), caller('USER', 'two')];
  const made = [];
  for (const who of callers) made.push(await trigger(key, {}, who));
  assert.deepEqual(
    made.map(({ replayed }) => replayed),
    [false, false, false],
  );
  for (const [index, who] of callers.entries()) assert.deepEqual((await trigger(key, {}, who)).ids, made[index]?.ids);
});

test('who may not do it is told so before the key is looked at', async () => {
  const key = fresh('key');
  await trigger(key);
  const viewer = { actor: { kind: 'TOKEN', id: 'tok_1', name: null }, role: 'VIEWER' } as const;
  await assert.rejects(triggerSchedule(parts, { viewer, requestId: 'request' }, { ref: { id }, idempotencyKey: key }), {
    name: 'Forbidden',
  });
});

test('a call that waits for one that fails does it itself', async () => {
  const key = fresh('key');
  const release = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const blocking = store.hotTransaction(async ({ sql }) => {
    await sql.query('SELECT 1 FROM schedule WHERE id = $1 FOR UPDATE', [id]);
    held.resolve();
    await release.promise;
  });
  await held.promise;
  const failing = trigger(key, { input: { much: 'x' }, overlapPolicy: 'SKIP' });
  await untilBlocked(store.sql, 'lockSchedules');
  const waiting = trigger(key);
  await untilBlocked(store.sql, 'lockKey');
  release.resolve();
  await blocking;
  assert.deepEqual((await failing).codes, ['ALREADY_RUNNING']);
  const { codes, replayed } = await waiting;
  assert.deepEqual([codes, replayed], [[], false]);
});

test('the audit trail has what was done, once', async () => {
  const key = fresh('key');
  const made = await trigger(key, { reason: 'once' });
  await trigger(key, { reason: 'once' });
  const entries = await store.prisma.auditEntry.findMany({ where: { targetId: id, reason: 'once' } });
  assert.deepEqual(
    entries.map(({ changes }) => changes),
    [{ runs: { before: null, after: made.ids } }],
  );
});

test('runs that retention has removed: NOT_FOUND; while one of them is there, that one', async () => {
  const key = fresh('key');
  const local = await addCodeTask(parts, { key: 'local', scope: 'LOCAL' });
  const schedule = await addSchedule(parts, { name: 'local', task: { key: 'local' }, trigger: { manual: true } });
  for (let index = 0; index < 2; index += 1) {
    const workerId = await addWorker(parts);
    await parts.queue.prepare([workerQueue(workerId)]);
    await store.prisma.workerTask.create({ data: { workerId, taskId: local.id } });
  }
  const input = { ref: { id: schedule.id } };
  const { ids } = await trigger(key, input);
  assert.equal(ids.length, 2);
  assert.deepEqual(await trigger(key, input), { ids, codes: [], replayed: true });
  await store.prisma.run.delete({ where: { id: ids[0] as string } });
  assert.deepEqual(await trigger(key, input), { ids: [ids[1]], codes: [], replayed: true });
  await store.prisma.run.delete({ where: { id: ids[1] as string } });
  assert.deepEqual(await trigger(key, input), { ids: [], codes: ['NOT_FOUND'], replayed: true });
});
