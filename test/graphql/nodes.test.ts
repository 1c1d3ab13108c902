import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { NODES, RUN_CHANGED, SNAPSHOT } from '../support/operations.ts';
import { watch } from '../support/stream.ts';
import { startTarget } from '../support/target.ts';
import type { RunEventView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);

interface Nodes {
  node: { __typename: string; id: string } | null;
  nodes: ({ __typename: string; id: string } | null)[];
}
interface Snapshot {
  eventCursor: string;
  runs: { nodes: { id: string; state: string }[] };
  workers: { id: string; pid: number; state: string; capacity: number }[];
}

test('every object is found by its id, in the order asked for; what is deleted or never was is null', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task);
  const gone = await api.scheduleOf(task);
  await api.deleteSchedule({ ref: { id: gone.id } });
  const { run } = await api.triggerSchedule({ ref: { id: schedule.id } });
  const { data: snapshot } = await carillon.ask<Snapshot>(SNAPSHOT);
  const worker = snapshot.workers[0];
  const ids = [run?.id, task.id, 'nobody', schedule.id, gone.id, worker?.id, 'run_0', '', 'constructor_1'];
  const { data } = await carillon.ask<Nodes>(NODES, { id: schedule.id, ids });
  assert.deepEqual(data.node, { __typename: 'Schedule', id: schedule.id });
  assert.deepEqual(
    data.nodes.map((node) => node?.__typename ?? null),
    ['Run', 'Task', null, 'Schedule', null, 'Worker', null, null, null],
  );
});

test('more than 100 ids are refused', async () => {
  const ids = Array.from({ length: 101 }, (_, index) => `run_${index}`);
  const { errors } = await carillon.ask(NODES, { id: 'run_0', ids });
  assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT');
});

test('the workers at work are listed', async () => {
  const { data } = await carillon.ask<Snapshot>(SNAPSHOT);
  assert.deepEqual(
    data.workers.map(({ pid, state, capacity }) => ({ pid, state, capacity })),
    [{ pid: process.pid, state: 'RUNNING', capacity: 50 }],
  );
});

test('a list and the cursor beside it leave no gap: what the list lacks comes after the cursor', async (t) => {
  const target = await startTarget(t);
  const task = await api.taskOn(target.url);
  const schedule = await api.scheduleOf(task, { name: fresh('gapless'), overlapPolicy: 'ALLOW_ALL' });
  const filter = { scheduleIds: [schedule.id] };
  const triggers = Promise.all(Array.from({ length: 24 }, () => api.triggerSchedule({ ref: { id: schedule.id } })));
  const snapshots = await Promise.all(Array.from({ length: 20 }, () => carillon.ask<Snapshot>(SNAPSHOT, { filter })));
  const made = new Set((await triggers).map(({ run }) => run?.id as string));
  for (const { data } of snapshots) {
    const known = new Set(data.runs.nodes.map((run) => run.id));
    const stream = await watch<RunEventView>(t, carillon, { query: RUN_CHANGED, variables: { filter, after: data.eventCursor } });
    while ([...made].some((id) => !known.has(id))) known.add((await stream.next()).id);
    stream.close();
    assert.equal(known.size, made.size);
  }
});
