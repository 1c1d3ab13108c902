import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { AUDIT, NODES, SCHEDULE_AUDIT, VIEWER } from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { addTokens } from '../support/tokens.ts';
import type { AuditView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const rowsOf = (sql: string, values: unknown[] = []) => query<Record<string, unknown>>(carillon.databaseUrl, sql, values);
const api = createApi(carillon);
const { EDITOR } = await addTokens(carillon.databaseUrl, 'EDITOR');
const task = await api.taskOn('http://127.0.0.1:9/hook');

interface Audits {
  nodes: AuditView[];
  edges: { cursor: string; node: { id: string } }[];
  pageInfo: { hasNextPage: boolean; hasPreviousPage: boolean; endCursor: string | null };
}
const audit = (variables: Record<string, unknown> = {}) => api.ask<Audits>(AUDIT, variables);
const told = ({ nodes }: Audits) => nodes.map(({ action }) => action);

test('what was done to an object is told the newest first: who, what, why, from where, and each field before and after', async () => {
  const schedule = await api.scheduleOf(task);
  await api.updateSchedule({ ref: { id: schedule.id }, patch: { description: 'New', spread: 'PT1M' }, reason: 'smear' }, EDITOR);
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'holiday' });
  const trail = await audit({ targetId: schedule.id });
  assert.deepEqual(told(trail), ['schedule.pause', 'schedule.update', 'schedule.create']);
  const edit = trail.nodes[1] as AuditView;
  const { id, at, requestId, ...rest } = edit;
  assert.match(id, /^aud_/);
  assert.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000);
  assert.match(requestId ?? '', /./);
  const { actor } = await api.ask<{ actor: AuditView['actor'] }>(VIEWER, {}, EDITOR);
  assert.deepEqual(rest, {
    action: 'schedule.update',
    targetId: schedule.id,
    target: { __typename: 'Schedule', id: schedule.id },
    reason: 'smear',
    changes: { description: { before: null, after: 'New' }, spreadMs: { before: 0, after: 60_000 } },
    source: 'graphql',
    actor,
  });
  assert.deepEqual(told(await audit({ targetId: schedule.id, actorId: actor.id })), ['schedule.update']);
  assert.deepEqual(told(await audit({ targetId: schedule.id, actorId: 'nobody' })), []);
});

test('of what is deleted the trail stays, and its target is null', async () => {
  const { id } = await api.scheduleOf(task);
  await api.deleteSchedule({ ref: { id } });
  const trail = await audit({ targetId: id });
  assert.deepEqual(told(trail), ['schedule.delete', 'schedule.create']);
  assert.deepEqual([trail.nodes[0]?.target, trail.nodes[0]?.targetId], [null, id]);
});

async function edit(id: string, patch: Record<string, unknown>) {
  const updated = await carillon.ask<{ updateHttpTask: { userErrors: unknown[] } }>(
    'mutation ($id: ID!, $patch: HttpTaskPatch!) { updateHttpTask(task: { id: $id }, patch: $patch) { userErrors { code } } }',
    { id, patch },
  );
  assert.deepEqual(updated.data.updateHttpTask.userErrors, []);
}

test('of a request it keeps what may carry a secret masked, and names what has changed', async () => {
  const told = async () => {
    const { nodes } = await audit({ targetId: secretive.id });
    assert.doesNotMatch(JSON.stringify(nodes), /hush/);
    return (nodes[0]!.changes as { http: { before: unknown; after: unknown } }).http;
  };
  const http = { headers: { 'X-Key': 'hush-0' }, body: { token: 'hush-1' } };
  const secretive = await api.taskOn('http://127.0.0.1:9/hook?token=hush-2&a=&hush-3&b=hush%3D4', { http });
  const rest = { method: 'POST', successStatuses: '200-299', secretHeaders: [], signed: false };
  const first = { ...rest, url: 'http://127.0.0.1:9/hook?token=***&a=***&***&b=***', headers: ['X-Key'], body: '***' };

  await edit(secretive.id, { headers: { 'X-Key': 'hush-5' } });
  assert.deepEqual(await told(), { before: first, after: { ...first, changed: ['headers'] } }, 'only the value');
  await edit(secretive.id, { body: ['hush-6'], url: 'http://127.0.0.1:9/hook?token=hush-7&a=&hush-3&b=hush%3D4' });
  assert.deepEqual(await told(), { before: first, after: { ...first, changed: ['body', 'url'] } });
  const bare = { ...rest, url: 'http://127.0.0.1:9/other', headers: ['X-Key', 'X-Other'], body: null };
  await edit(secretive.id, { body: null, url: bare.url, headers: { 'X-Key': 'hush-5', 'X-Other': 'hush-8' } });
  assert.deepEqual(await told(), { before: first, after: { ...bare, changed: ['body', 'headers', 'url'] } });
  await edit(secretive.id, { successStatuses: '204' });
  const after = { ...bare, successStatuses: '204', changed: ['successStatuses'] };
  assert.deepEqual(await told(), { before: bare, after }, 'what carries none is told as it is');
});

test('a schedule has its own trail, for ADMIN only, page by page', async () => {
  const schedule = await api.scheduleOf(task);
  await api.pauseSchedules({ select: { ids: [schedule.id] }, reason: 'holiday' });
  const variables = { ref: { id: schedule.id } };
  const own = async (page: object = {}) => (await api.ask<{ audit: Audits }>(SCHEDULE_AUDIT, { ...variables, ...page })).audit;
  assert.deepEqual(await own(), await audit({ targetId: schedule.id }));
  const first = await own({ first: 1 });
  assert.deepEqual([told(first), first.pageInfo.hasNextPage], [['schedule.pause'], true]);
  assert.deepEqual(told(await own({ first: 1, after: first.pageInfo.endCursor })), ['schedule.create']);
  const { data, errors } = await carillon.ask(SCHEDULE_AUDIT, variables, EDITOR);
  assert.deepEqual(data, { schedule: null });
  assert.deepEqual([errors?.[0]?.extensions.code, errors?.[0]?.path], ['FORBIDDEN', ['schedule', 'audit']]);
  const refused = await carillon.ask(SCHEDULE_AUDIT, { ...variables, first: 101 });
  assert.equal(refused.errors?.[0]?.message, 'first is 101; allowed is 1 to 100.');
});

test('pages hold every entry once, in order, also those of one instant', async () => {
  const names = Array.from({ length: 9 }, () => fresh('batch'));
  const { schedules } = { schedules: await Promise.all(names.map((name) => api.scheduleOf(task, { name }))) };
  const actor = `tok_${fresh('batch')}`;
  // Three instants of three entries each.
  await rowsOf(
    `UPDATE audit_entry a SET at = '2026-01-01T00:00:00Z'::timestamptz + (n / 3) * interval '1 hour', actor = jsonb_set(a.actor, '{id}', to_jsonb($2::text))
       FROM (SELECT id, (row_number() OVER (ORDER BY id) - 1) AS n FROM audit_entry WHERE target_id = ANY($1)) m WHERE a.id = m.id`,
    [schedules.map(({ id }) => id), actor],
  );
  const rows = await rowsOf(`SELECT id FROM audit_entry WHERE actor->>'id' = $1 ORDER BY at DESC, id DESC`, [actor]);
  const seen: string[] = [];
  let after: string | null = null;
  for (let page = 0; page < 9; page += 1) {
    const { edges, pageInfo }: Audits = await audit({ first: 2, after, actorId: actor });
    seen.push(...edges.map(({ node }) => node.id));
    after = pageInfo.endCursor;
    if (!pageInfo.hasNextPage) break;
  }
  assert.equal(rows.length, 9);
  assert.deepEqual(
    seen,
    rows.map(({ id }) => id),
  );
  const hour = { from: '2026-01-01T01:00:00Z', until: '2026-01-01T02:00:00Z' };
  assert.equal((await audit({ actorId: actor, at: hour })).nodes.length, 3, 'half-open');
});

test('a page size or a cursor that cannot be is refused', async () => {
  for (const variables of [{ first: 0 }, { first: 101 }, { after: 'nothing' }]) {
    const { errors } = await carillon.ask(AUDIT, variables);
    assert.equal(errors?.[0]?.extensions.code, 'BAD_USER_INPUT', JSON.stringify(variables));
  }
});

test('an entry is a node for ADMIN, and FORBIDDEN for anybody else, in its place', async () => {
  const [entry] = (await audit({ targetId: task.id })).nodes;
  const node = async (token?: string) => {
    const { data, errors } = await carillon.ask<{ node: unknown; nodes: unknown[] }>(
      NODES,
      { id: entry?.id, ids: [entry?.id, task.id] },
      token,
    );
    return [data.node, data.nodes[0], data.nodes[1], errors?.map(({ extensions }) => extensions.code) ?? []];
  };
  const [found, known] = [
    { __typename: 'AuditEntry', id: entry?.id },
    { __typename: 'Task', id: task.id },
  ];
  assert.deepEqual(await node(), [found, found, known, []]);
  assert.deepEqual(await node(EDITOR), [null, null, known, ['FORBIDDEN', 'FORBIDDEN']]);
});

test('an index serves the trail of one object, of one actor, and of all', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  await database.query('SET enable_seqscan = off');
  const plans = [
    { where: `target_id = 'x'`, index: 'audit_entry_target_id_at_id_idx' },
    { where: `actor->>'id' = 'x'`, index: 'audit_entry_actor_idx' },
    { where: `at >= '2026-01-01'`, index: 'audit_entry_at_id_idx' },
  ];
  for (const { where, index } of plans) {
    const statement = `EXPLAIN SELECT id FROM audit_entry WHERE ${where} AND (at, id) < ('2027-01-01', 'x') ORDER BY at DESC, id DESC LIMIT 10`;
    const plan = (await database.query(statement)).rows.map((row) => Object.values(row)[0]).join('\n');
    assert.match(plan, new RegExp(index));
    assert.doesNotMatch(plan, /Sort/, where);
  }
});
