import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { can } from '../../src/auth/can.ts';
import type { Action } from '../../src/auth/can.ts';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import * as operations from '../support/operations.ts';
import { connect } from '../support/outage.ts';
import { refusal, watch } from '../support/stream.ts';
import { addTokens, sha256 } from '../support/tokens.ts';
import { until } from '../support/until.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const tokens = { ...(await addTokens(carillon.databaseUrl, 'VIEWER', 'OPERATOR', 'EDITOR')), ADMIN: ADMIN_TOKEN };
type Role = keyof typeof tokens;
const ROLES: Role[] = ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'];
const HEADERS = { Authorization: 'Bearer of the target', 'X-Plain': 'yes' };
const task = await api.taskOn('http://127.0.0.1:9/hook', {
  http: { headers: HEADERS },
  execution: { retry: { maxAttempts: 1 } },
});
const schedule = await api.scheduleOf(task);
const other = await api.taskOn('http://127.0.0.1:9/hook');
const run = await api.trigger(schedule);
// Its end would change the database in the middle of a test that watches for changes.
await api.runIn(run.id, 'FAILED');

const nextYear = () => `${new Date().getUTCFullYear() + 1}-01-01T00:00:00Z`;

/** Variables with which each operation does something that a caller of the right role may do. */
const VARIABLES: Record<string, () => Record<string, unknown>> = {
  TASK: () => ({ ref: { key: task.key } }),
  SCHEDULE: () => ({ ref: { name: schedule.name } }),
  SCHEDULE_AS_OF: () => ({ ref: { name: schedule.name }, asOf: new Date().toISOString() }),
  EXPLAIN: () => ({ ref: { id: schedule.id }, at: '2026-01-01T00:00:00Z' }),
  OCCURRENCES: () => ({ ref: { id: schedule.id }, range: { from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' } }),
  RUN: () => ({ id: 'run_0' }),
  PREVIEW: () => ({ trigger: YEARLY }),
  STATS_SERIES: () => ({ range: { from: '2026-01-01T00:00:00Z', until: '2026-02-01T00:00:00Z' }, bucket: 'P1D' }),
  PLANNED_FIRES: () => ({ range: { from: '2026-01-01T00:00:00Z', until: '2027-01-01T00:00:00Z' } }),
  SCHEDULE_AUDIT: () => ({ ref: { id: schedule.id } }),
  CREATE_TASK: () => ({ input: { key: fresh('new'), name: 'New', http: { url: 'http://127.0.0.1:9' } } }),
  CREATE_SCHEDULE: () => ({ input: { spec: { name: fresh('new'), task: { key: task.key }, trigger: YEARLY } } }),
  UPDATE_TASK: () => ({ task: { id: task.id }, patch: { description: fresh('edit') } }),
  DELETE_TASK: () => ({ task: { key: 'nowhere' } }),
  CODE_TASK: () => ({ ref: { key: task.key } }),
  RUN_PROGRESS: () => ({ id: 'run_0' }),
  RUN_STEPS: () => ({ id: run.id }),
  RUN_LOG: () => ({ id: run.id }),
  RUN_LOGS: () => ({ runId: run.id }),
  TRIGGER_CODE_TASK: () => ({ input: { task: { id: task.id }, overlapPolicy: 'ALLOW_ALL' } }),
  TRIGGER_TASK: () => ({ input: { task: { id: task.id }, overlapPolicy: 'ALLOW_ALL' } }),
  NODES: () => ({ id: task.id, ids: [schedule.id] }),
  UPDATE_SCHEDULE: () => ({ input: { ref: { id: schedule.id }, patch: { description: fresh('edit') } } }),
  DELETE_SCHEDULE: () => ({ input: { ref: { name: 'nowhere' } } }),
  APPLY_SCHEDULES: () => ({
    input: { managedBy: 'access', schedules: [{ name: fresh('applied'), task: { key: task.key }, trigger: YEARLY }] },
  }),
  PAUSE_SCHEDULES: () => ({ input: { select: { ids: [schedule.id] }, reason: 'because' } }),
  RESUME_SCHEDULES: () => ({ input: { select: { ids: [schedule.id] } } }),
  PAUSE_TASK: () => ({ task: { id: other.id }, reason: 'because' }),
  RESUME_TASK: () => ({ task: { id: other.id } }),
  SKIP_OCCURRENCE: () => ({ input: { ref: { id: schedule.id }, scheduledFor: nextYear(), reason: 'because' } }),
  TRIGGER_SCHEDULE: () => ({ input: { ref: { id: schedule.id }, overlapPolicy: 'ALLOW_ALL' } }),
  BACKFILL: () => ({ id: 'bfl_0' }),
  BACKFILL_SCHEDULE: () => ({
    input: { ref: { id: schedule.id }, range: { from: '2025-06-01T00:00:00Z', until: '2025-06-02T00:00:00Z' } },
  }),
  CANCEL_BACKFILL: () => ({ id: 'bfl_0' }),
  CANCEL_RUN: () => ({ input: { id: 'run_0' } }),
  CANCEL_RUNS: () => ({ input: { filter: { scheduleIds: ['sch_0'] }, reason: 'because' } }),
  RETRY_RUN: () => ({ input: { id: 'run_0' } }),
  CREATE_FREEZE: () => ({
    input: { reason: 'because', until: new Date(Date.now() + 3_600_000).toISOString(), select: { ids: [schedule.id] } },
  }),
  END_FREEZE: () => ({ id: 'frz_0' }),
  PUT_CALENDAR: () => ({ input: { name: fresh('holidays'), dates: ['2026-12-25'] } }),
  DELETE_CALENDAR: () => ({ name: 'nowhere' }),
  CREATE_API_TOKEN: () => ({ input: { name: fresh('token'), role: 'VIEWER' } }),
  REVOKE_API_TOKEN: () => ({ id: 'tok_0' }),
};
const all = Object.entries(operations).map(([name, query]) => ({ name, query, variables: () => VARIABLES[name]?.() ?? {} }));
const isStream = ({ query }: { query: string }) => query.trim().startsWith('subscription');
const streams = all.filter(isStream);
const plain = all.filter((operation) => !isStream(operation));
const mutations = plain.filter(({ query }) => query.trim().startsWith('mutation'));

async function post(query: string, variables: unknown, authorization?: string) {
  const response = await fetch(`${carillon.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...(authorization !== undefined && { authorization }) },
    body: JSON.stringify({ query, variables }),
  });
  const { data, errors } = (await response.json()) as {
    data?: unknown;
    errors?: { message: string; extensions: { code: string } }[];
  };
  return { status: response.status, challenge: response.headers.get('www-authenticate'), data, errors };
}

for (const { name, query, variables } of plain) {
  test(`${name} without a token: 401 UNAUTHENTICATED`, async () => {
    const { status, challenge, data, errors } = await post(query, variables());
    assert.deepEqual([status, challenge, data, errors?.length], [401, 'Bearer', undefined, 1]);
    assert.equal(errors?.[0]?.extensions.code, 'UNAUTHENTICATED');
    assert.equal(errors[0].message, 'Send a token: Authorization: Bearer <token>.');
  });
}

for (const { name, query, variables } of streams) {
  test(`${name} without a token: 401 UNAUTHENTICATED`, async () => {
    const { status, errors } = await refusal(carillon, { query, variables: variables(), token: null });
    assert.deepEqual([status, errors?.[0]?.extensions.code], [401, 'UNAUTHENTICATED']);
  });
}

test('a token that is unknown, of another kind, expired or revoked lets nobody in; it does so again when it is mended', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const { OPERATOR: secret } = await addTokens(carillon.databaseUrl, 'OPERATOR');
  const code = async (authorization: string) => {
    const { status, errors } = await post(operations.VIEWER, {}, authorization);
    assert.equal(status, errors ? 401 : 200);
    return errors?.[0]?.extensions.code ?? 'in';
  };
  const set = (column: string, value: string) =>
    database.query(`UPDATE api_token SET ${column} = ${value} WHERE hash = $1`, [sha256(secret)]);
  assert.equal(await code(`Bearer ${secret}`), 'in');
  assert.equal(await code(`bearer ${secret}`), 'in', 'the scheme ignores case');
  for (const wrong of ['Bearer', 'Bearer nothing', `Basic ${secret}`, secret, `Bearer ${secret}x`, `Bearer ${sha256(secret)}`]) {
    assert.equal(await code(wrong), 'UNAUTHENTICATED', wrong);
  }
  await set('expires_at', `now() - interval '1 ms'`);
  assert.equal(await code(`Bearer ${secret}`), 'UNAUTHENTICATED', 'expired');
  const { status } = await refusal(carillon, { query: operations.RUN_CHANGED, token: secret });
  assert.equal(status, 401);
  await set('expires_at', `now() + interval '1 h'`);
  assert.equal(await code(`Bearer ${secret}`), 'in');
  await set('revoked_at', 'now()');
  assert.equal(await code(`Bearer ${secret}`), 'UNAUTHENTICATED', 'revoked');
});

const NEEDED: Record<string, { role: Role; action: Action }> = {
  CREATE_TASK: { role: 'EDITOR', action: 'task.create' },
  UPDATE_TASK: { role: 'EDITOR', action: 'task.update' },
  DELETE_TASK: { role: 'EDITOR', action: 'task.delete' },
  TRIGGER_TASK: { role: 'OPERATOR', action: 'task.trigger' },
  TRIGGER_CODE_TASK: { role: 'OPERATOR', action: 'task.trigger' },
  CREATE_SCHEDULE: { role: 'EDITOR', action: 'schedule.create' },
  UPDATE_SCHEDULE: { role: 'EDITOR', action: 'schedule.update' },
  DELETE_SCHEDULE: { role: 'EDITOR', action: 'schedule.delete' },
  APPLY_SCHEDULES: { role: 'EDITOR', action: 'schedule.apply' },
  PAUSE_SCHEDULES: { role: 'OPERATOR', action: 'schedule.pause' },
  RESUME_SCHEDULES: { role: 'OPERATOR', action: 'schedule.resume' },
  CREATE_FREEZE: { role: 'OPERATOR', action: 'freeze.create' },
  END_FREEZE: { role: 'OPERATOR', action: 'freeze.end' },
  PAUSE_TASK: { role: 'OPERATOR', action: 'task.pause' },
  RESUME_TASK: { role: 'OPERATOR', action: 'task.resume' },
  SKIP_OCCURRENCE: { role: 'OPERATOR', action: 'schedule.skip' },
  TRIGGER_SCHEDULE: { role: 'OPERATOR', action: 'schedule.trigger' },
  BACKFILL_SCHEDULE: { role: 'OPERATOR', action: 'schedule.backfill' },
  CANCEL_BACKFILL: { role: 'OPERATOR', action: 'backfill.cancel' },
  CANCEL_RUN: { role: 'OPERATOR', action: 'run.cancel' },
  CANCEL_RUNS: { role: 'OPERATOR', action: 'run.cancel' },
  RETRY_RUN: { role: 'OPERATOR', action: 'run.retry' },
  PUT_CALENDAR: { role: 'EDITOR', action: 'calendar.put' },
  DELETE_CALENDAR: { role: 'EDITOR', action: 'calendar.delete' },
  CREATE_API_TOKEN: { role: 'ADMIN', action: 'token.create' },
  REVOKE_API_TOKEN: { role: 'ADMIN', action: 'token.revoke' },
};
for (const { name, query, variables } of mutations) {
  const { role: needed, action } = NEEDED[name] as { role: Role; action: Action };
  test(`${name} needs ${needed}: lesser roles are FORBIDDEN and change nothing, others may`, async (t) => {
    const database = await connect(t, carillon.databaseUrl);
    for (const role of ROLES) {
      const viewer = { actor: { kind: 'TOKEN', id: 'tok_0', name: null }, role } as const;
      assert.equal(can(viewer, action), ROLES.indexOf(role) >= ROLES.indexOf(needed), 'the command asks for the same');
      // The end of one that an allowed role has begun is no change by a lesser one.
      await until(async () => (await database.query('SELECT 1 FROM run WHERE finished_at IS NULL')).rowCount === 0);
      const before = await contents(database);
      const { data, errors } = await carillon.ask<Record<string, unknown> | null>(query, variables(), tokens[role]);
      if (ROLES.indexOf(role) >= ROLES.indexOf(needed)) {
        assert.equal(errors, undefined, role);
        continue;
      }
      assert.equal(data, null);
      assert.equal(errors?.length, 1);
      const [error] = errors;
      assert.match(error?.message ?? '', new RegExp(`^Mutation\\.\\w+ needs the role ${needed}; yours is ${role}\\.$`));
      assert.deepEqual(error?.extensions, { code: 'FORBIDDEN', neededRole: needed, actualRole: role });
      assert.equal(await contents(database), before);
    }
  });
}

/** Queries that are not open to everybody. */
const answered = (data: unknown) => Object.values(data ?? {}).filter((value) => value !== null);
const ADMINS_ONLY = ['API_TOKENS', 'AUDIT', 'SCHEDULE_AUDIT'];
for (const { name, query, variables } of plain.filter(({ name }) => ADMINS_ONLY.includes(name))) {
  test(`${name} needs ADMIN`, async () => {
    for (const role of ROLES) {
      const { data, errors } = await carillon.ask<unknown>(query, variables(), tokens[role]);
      if (role === 'ADMIN') assert.equal(errors, undefined);
      else assert.deepEqual([answered(data), errors?.[0]?.extensions.code], [[], 'FORBIDDEN'], role);
    }
  });
}

const open = plain.filter((operation) => !mutations.includes(operation) && !ADMINS_ONLY.includes(operation.name));
for (const { name, query, variables } of open) {
  test(`${name} is open to every role`, async () => {
    for (const role of ROLES) {
      const { errors } = await carillon.ask(query, variables(), tokens[role]);
      // The one field of a task that a VIEWER may not see has a test of its own.
      assert.deepEqual(errors?.filter(({ path }) => path?.at(-1) !== 'headers') ?? [], [], role);
    }
  });
}

for (const { name, query, variables } of streams) {
  test(`${name} is open to every role`, async (t) => {
    for (const role of ROLES) (await watch(t, carillon, { query, variables: variables(), token: tokens[role] })).close();
  });
}

test('the headers of a task are answered to OPERATOR and up; a VIEWER gets FORBIDDEN in their place and all the rest', async (t) => {
  const query = 'query ($key: String!) { task(ref: { key: $key }) { name http { url headers } } }';
  for (const role of ['OPERATOR', 'EDITOR', 'ADMIN'] as const) {
    const { data } = await carillon.ask<{ task: { http: unknown } }>(query, { key: task.key }, tokens[role]);
    assert.deepEqual(data.task.http, { url: 'http://127.0.0.1:9/hook', headers: HEADERS });
  }
  const { data, errors } = await carillon.ask<{ task: unknown }>(query, { key: task.key }, tokens.VIEWER);
  assert.deepEqual(data, { task: { name: task.name, http: null } });
  assert.deepEqual(
    errors?.map(({ message, path, extensions: { code } }) => [message, path, code]),
    [['HttpRequest.headers needs the role OPERATOR; yours is VIEWER.', ['task', 'http', 'headers'], 'FORBIDDEN']],
  );

  const key = fresh('told');
  const events = `subscription { taskChanged(filter: { keys: ["${key}"] }) { task { http { headers } } } }`;
  const viewer = await watch(t, carillon, { query: events, token: tokens.VIEWER });
  const operator = await watch(t, carillon, { query: events, token: tokens.OPERATOR });
  await api.taskOn('http://127.0.0.1:9/hook', { key, http: { headers: HEADERS } });
  assert.deepEqual(await operator.next(), { task: { http: { headers: HEADERS } } });
  await assert.rejects(viewer.next(), /FORBIDDEN/);
});

test('who asks is told who it is, and the changes it makes carry its name', async () => {
  for (const role of ROLES) {
    const viewer = await api.ask<{ role: string; actor: { kind: string; id: string; name: string } }>(
      operations.VIEWER,
      {},
      tokens[role],
    );
    assert.deepEqual(
      [viewer.role, viewer.actor.kind, viewer.actor.name],
      [role, 'TOKEN', role === 'ADMIN' ? 'admin' : `the ${role}`],
    );
  }
  const mine = await api.scheduleOf(task);
  const edited = await api.updateSchedule({ ref: { id: mine.id }, patch: { description: 'mine too' } }, tokens.EDITOR);
  assert.deepEqual([edited.schedule?.createdBy.name, edited.schedule?.updatedBy.name], ['admin', 'the EDITOR']);
  const paused = await api.pauseSchedules({ select: { ids: [mine.id] }, reason: 'because' }, tokens.OPERATOR);
  assert.equal(paused.schedules[0]?.pause?.by.name, 'the OPERATOR');
  const { run } = await api.triggerSchedule({ ref: { id: mine.id } }, tokens.OPERATOR);
  assert.equal(run?.requestedBy?.name, 'the OPERATOR');
});

test('a schedule says what its viewer may do', async () => {
  const query = 'query ($id: ID!) { schedule(ref: { id: $id }) { viewerCanEdit viewerCanOperate } }';
  const may: boolean[][] = [];
  for (const role of ROLES) {
    const answer = await api.ask<{ viewerCanEdit: boolean; viewerCanOperate: boolean }>(query, { id: schedule.id }, tokens[role]);
    may.push([answer.viewerCanEdit, answer.viewerCanOperate]);
  }
  assert.deepEqual(may, [
    [false, false],
    [false, true],
    [true, true],
    [true, true],
  ]);
});

test('the database holds hashes of secrets, never a secret; and when a token was last used', async (t) => {
  const database = await connect(t, carillon.databaseUrl);
  const text = await contents(database, true);
  for (const role of ROLES) {
    assert.equal(text.includes(tokens[role]), false, role);
    assert.equal(text.includes(sha256(tokens[role])), true, role);
  }
  const unused = `SELECT 1 FROM api_token WHERE last_used_at IS NULL AND created_by->>'kind' = 'SYSTEM'`;
  await until(async () => (await database.query(unused)).rowCount === 0);
});

/** What the tables of the schema `public` hold, as text. What the passing of time alone changes is left out unless `everything`. */
async function contents(database: Awaited<ReturnType<typeof connect>>, everything = false): Promise<string> {
  const tables = everything ? await tablesOf(database) : ['task', 'schedule', 'schedule_version', 'calendar', 'audit_entry'];
  const texts: string[] = [];
  for (const table of tables) {
    const { rows } = await database.query<{ text: string | null }>(
      `SELECT string_agg(t::text, E'\\n' ORDER BY t::text) AS text FROM ${table} t`,
    );
    texts.push(`${table}\n${rows[0]?.text ?? ''}`);
  }
  return texts.join('\n');
}

async function tablesOf(database: Awaited<ReturnType<typeof connect>>): Promise<string[]> {
  const { rows } = await database.query<{ name: string }>(
    `SELECT format('%I.%I', table_schema, table_name) AS name FROM information_schema.tables
      WHERE table_schema IN ('public', 'pgboss') AND table_type = 'BASE TABLE'`,
  );
  return rows.map((row) => row.name);
}
