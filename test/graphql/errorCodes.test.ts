import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { GraphQLEnumType } from 'graphql';
import { STATUS_OF_CODE } from '../../src/graphql/errors.ts';
import type { ErrorCode } from '../../src/graphql/errors.ts';
import { createSchema } from '../../src/graphql/schema.ts';
import { printCursor } from '../../src/events/cursor.ts';
import { bearer, startTestServer } from '../http/fixture.ts';
import { createApi } from '../support/api.ts';
import { ADMIN_TOKEN, startTestCarillon } from '../support/carillon.ts';
import { connect } from '../support/outage.ts';
import { startTarget } from '../support/target.ts';
import { addTokens } from '../support/tokens.ts';
import { until } from '../support/until.ts';

/** docs/errors.md names every code, and each of its examples is what the server says. */

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const PAGE = readFileSync(path.join(ROOT, 'docs/errors.md'), 'utf8');

interface Section {
  heading: string;
  code: string;
  text: string;
  operation: string | null;
  example: Told[];
}
interface Told {
  code?: string;
  message: string;
  extensions?: Record<string, unknown> & { code: string };
}

function sectionsOf(chapter: string): Section[] {
  const text = PAGE.split(/^## /m).find((part) => part.startsWith(`${chapter}\n`)) ?? '';
  return text
    .split(/^### /m)
    .slice(1)
    .map((section) => {
      const heading = section.slice(0, section.indexOf('\n'));
      const block = (language: string) => new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\`$`, 'ms').exec(section)?.[1] ?? null;
      const example = JSON.parse(block('json') ?? 'null') as Told[];
      return { heading, code: heading.split(' ')[0] as string, text: section, operation: block('graphql'), example };
    });
}
const topLevel = sectionsOf('Top-level errors');
const userErrors = sectionsOf('User errors');
const enumCodes = (createSchema().getType('ErrorCode') as GraphQLEnumType).getValues().map((value) => value.name);

test('the page has every top-level code, with its status, and no other', () => {
  const codes = Object.entries(STATUS_OF_CODE).map(([code, status]) => `${code} (${status})`);
  assert.deepEqual(topLevel.map(({ heading }) => heading).toSorted(), codes.toSorted());
});

test('the page has every code of user errors, and no other', () => {
  assert.deepEqual(userErrors.map(({ heading }) => heading).toSorted(), enumCodes.toSorted());
});

test('every code is met in a test of its own', () => {
  const folder = path.join(ROOT, 'test');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  const tests = files.filter((file) => file.endsWith('.test.ts') && !file.endsWith('errorCodes.test.ts'));
  const all = tests.map((file) => readFileSync(path.join(folder, file), 'utf8')).join('\n');
  const unmet = [...Object.keys(STATUS_OF_CODE), ...enumCodes].filter((code) => !new RegExp(`['"\`/^(|]${code}\\b`).test(all));
  assert.deepEqual(unmet, []);
});

const carillon = await startTestCarillon({ after }, { NODE_ENV: 'production' });
const api = createApi(carillon);
const target = await startTarget({ after });
target.hold();
const { VIEWER } = await addTokens(carillon.databaseUrl, 'VIEWER');
const http = { url: target.url };
await api.createHttpTask({ key: 'report', name: 'Report', http });
const spec = { task: { key: 'report' }, trigger: { cron: { expression: '0 3 * * *' } } };
await api.createSchedule({ spec: { ...spec, name: 'nightly' } });
await api.createSchedule({ spec: { ...spec, name: 'hourly', overlapPolicy: 'BUFFER_ONE' } });
for (const name of ['nightly', 'hourly', 'hourly']) await api.trigger({ id: (await api.schedule(name))?.id ?? '' });

/** The errors of an answer, without what belongs to the operation only. */
function errorsOf(answer: { errors?: object[] }): Told[] {
  return (answer.errors ?? []).map((error) => {
    const { locations: _, path: __, ...rest } = error as Told & { locations: unknown; path: unknown };
    return rest;
  });
}

/** How errors come about that take more than an operation. */
const provoked: Partial<Record<ErrorCode, () => Promise<Told[]>>> = {
  async PERSISTED_QUERY_NOT_FOUND() {
    const server = await startTestServer({ persisted: { documents: new Map(), required: false } });
    const { body } = await server.send(`/graphql?documentId=${'a'.repeat(64)}`, { headers: bearer('viewer') });
    return server.stop().then(() => errorsOf(body));
  },
  async RATE_LIMITED() {
    const server = await startTestServer({ rateLimit: 6 });
    for (let spent = 0; spent < 6; spent += 1) await server.post('{ hello }');
    const { body } = await server.post('{ hello }');
    return server.stop().then(() => errorsOf(body));
  },
  async CURSOR_EXPIRED() {
    const after_ = printCursor('00000000-0000-4000-8000-000000000000', { xid: 1n, seq: 1n });
    const query = `subscription { runChanged(after: "${after_}") { cursor } }`;
    const response = await fetch(`${carillon.url}/graphql/stream?${new URLSearchParams({ query })}`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    });
    return errorsOf((await response.json()) as { errors: object[] });
  },
  async UNAVAILABLE() {
    const server = await startTestServer();
    const { body } = await server.post('{ hello }', {}, bearer('database-away'));
    return server.stop().then(() => errorsOf(body));
  },
  async INTERNAL_SERVER_ERROR() {
    const server = await startTestServer();
    const headers = { ...bearer('viewer'), 'x-request-id': '01J9-example' };
    const { body } = await server.post('{ fail(with: "plain") }', {}, headers);
    return server.stop().then(() => errorsOf(body));
  },
};

const TOKENS: Record<string, string | null> = { UNAUTHENTICATED: null, FORBIDDEN: VIEWER };
for (const { code, operation, example } of topLevel) {
  test(`the example of ${code} is what the server says`, async () => {
    const token = code in TOKENS ? TOKENS[code] : ADMIN_TOKEN;
    const said = operation === null ? await provoked[code as ErrorCode]?.() : errorsOf(await carillon.ask(operation, {}, token));
    assert.equal(said?.[0]?.extensions?.code, code);
    assert.deepEqual(said, example);
  });
}

const trigger = (key: string, more: string) =>
  carillon.ask(
    `mutation { triggerTask(input: { task: { key: "report" }, overlapPolicy: ALLOW_ALL, idempotencyKey: "${key}"${more} }) { run { id } } }`,
  );
await trigger('report-21', ', input: { day: 1 }');

/** What has to go on while an operation is asked. @returns what ends it */
const meanwhile: Record<string, () => Promise<() => Promise<unknown>>> = {
  async IDEMPOTENCY_IN_PROGRESS() {
    const database = await connect({ after }, carillon.databaseUrl);
    await database.query(`BEGIN; SELECT 1 FROM task WHERE key = 'report' FOR UPDATE`);
    const slow = trigger('report-22', '');
    const held = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    await until(async () => (await database.query(held)).rowCount === 1);
    return async () => {
      await database.query('ROLLBACK');
      await slow;
    };
  },
};

/** Ids and instants of what the test has made. */
const told = (errors: unknown) =>
  JSON.parse(
    JSON.stringify(errors)
      .replace(/run_[0-9a-f]{32}/g, 'run_01a1ffc990f37711bd40d2bdb2539e08')
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '2026-11-21T03:00:00.250Z')
      .replace(/is (?:QUEUED|RUNNING) since/, 'is RUNNING since'),
  ) as Told[];
for (const { code, operation, example } of userErrors) {
  test(`the example of ${code} is what the server says`, async () => {
    const end = await meanwhile[code]?.();
    const { data, errors } = await carillon.ask<Record<string, { userErrors: Told[] }>>(operation ?? '');
    await end?.();
    assert.equal(errors, undefined);
    const [payload] = Object.values(data);
    assert.equal(payload?.userErrors[0]?.code, code);
    assert.deepEqual(told(payload.userErrors), example);
  });
}
