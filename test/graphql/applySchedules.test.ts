import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { query } from '../support/database.ts';
import { APPLY_SCHEDULES, AUDIT } from '../support/operations.ts';
import type { AppliedView, AuditView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const rowsOf = <Row = Record<string, unknown>>(sql: string, values: unknown[] = []) =>
  query<Row>(carillon.databaseUrl, sql, values);
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');
const other = await api.taskOn('http://127.0.0.1:9/other');
const DAILY = { cron: { expression: '0 3 * * *' } };
const HOURLY = { cron: { expression: '0 * * * *' } };

const apply = (managedBy: string, schedules: readonly object[], options: object = {}) =>
  api.ask<AppliedView>(APPLY_SCHEDULES, { input: { managedBy, schedules, ...options } });
const spec = (name: string, rest: object = {}) => ({ name, task: { key: task.key }, trigger: DAILY, ...rest });
const actions = ({ changes }: AppliedView) => changes.map(({ action, name }) => `${action} ${name}`);
const faults = (answer: Pick<AppliedView, 'userErrors'>) =>
  answer.userErrors.map(({ code, path, message }) => `${code} ${path?.join('.')}: ${message}`);
/** All that is stored, but for what nobody changes by applying. */
async function contents(): Promise<string> {
  const tables = ['schedule', 'schedule_version', 'audit_entry', 'event', 'run'];
  const rows = tables.map(async (table) => await rowsOf(`SELECT x::text FROM "${table}" x ORDER BY 1`));
  return JSON.stringify(await Promise.all(rows));
}
/** A document of three schedules that is applied already. */
async function applied() {
  const [owner, a, b, c] = ['owner', 'a', 'b', 'c'].map(fresh) as [string, string, string, string];
  const answer = await apply(owner, [spec(a), spec(b), spec(c)]);
  assert.deepEqual(actions(answer), [`CREATE ${a}`, `CREATE ${b}`, `CREATE ${c}`]);
  return { owner, a, b, c };
}

test('what is not there is created as createSchedule would, kept by managedBy', async () => {
  const [owner, name] = [fresh('owner'), fresh('new')];
  const after = spec(name, { description: 'Ours', labels: [{ key: 'team', value: 'x' }] });
  const given = { ...after, paused: true };
  const { dryRun, changes, userErrors } = await apply(owner, [given]);
  const made = await api.schedule(name);
  assert.deepEqual([dryRun, userErrors, changes.length], [false, [], 1]);
  assert.deepEqual(changes[0], {
    action: 'CREATE',
    name,
    before: null,
    after,
    fields: [],
    firesAdded: 7,
    firesRemoved: 0,
    schedule: { id: made?.id, name, version: 1, managedBy: owner, state: 'PAUSED', nextFireAt: null },
    userErrors: [],
  });
  const byHand = await api.scheduleOf(task, { ...given, name: fresh('by-hand') });
  for (const field of ['state', 'version', 'triggerSpec', 'description', 'labels', 'misfire', 'execution', 'createdBy'] as const)
    assert.deepEqual(made?.[field], byHand[field], field);
  assert.deepEqual([byHand.managedBy, made?.pause?.reason, made?.viewerCanEdit], [null, 'created paused', true]);
});

test('what differs gets a new version, the fields are named, and what it does not say is back at its default', async () => {
  const { owner, a, b, c } = await applied();
  const before = await api.schedule(a);
  await api.updateSchedule({ ref: { name: b }, patch: { description: 'by hand', spread: 'PT1M' } });
  const answer = await apply(owner, [spec(a, { trigger: HOURLY, task: { id: other.id }, maxRuns: 5 }), spec(b), spec(c)]);
  assert.deepEqual(actions(answer), [`UPDATE ${a}`, `UPDATE ${b}`, `UNCHANGED ${c}`]);
  assert.deepEqual(
    answer.changes.map(({ fields }) => fields.toSorted()),
    [['maxRuns', 'task', 'trigger'], ['description', 'spread'], []],
  );
  const [first] = answer.changes;
  assert.deepEqual([first?.before, first?.after], [spec(a), spec(a, { trigger: HOURLY, task: { key: other.key }, maxRuns: 5 })]);
  const made = await api.schedule(a);
  assert.deepEqual([made?.id, made?.version, made?.task.key, made?.spec], [before?.id, 2, other.key, first?.after]);
  assert.ok(Date.parse(made?.nextFireAt ?? '') - Date.now() <= 3_600_000, 'the new trigger counts from now');
  const [back, same] = [await api.schedule(b), await api.schedule(c)];
  assert.deepEqual([back?.version, back?.spec, same?.version], [3, spec(b), 1]);
});

test('applied once more all is UNCHANGED, and nothing at all is written', async () => {
  const [owner, names] = [fresh('owner'), [fresh('full'), fresh('bare')]];
  const document = [
    spec(names[0] as string, {
      task: { id: task.id },
      trigger: { anyOf: [{ cron: { expression: ' 0  3 * * MON ' } }, { interval: { every: 'PT120M' } }] },
      timeZone: 'europe/berlin',
      startAt: '2030-01-01T00:00:00+01:00',
      misfire: { graceTime: 'PT120S' },
      execution: { timeout: 'PT60S' },
      input: { deep: [{ a: 1.5, b: null }], tiny: 1e-9 },
      labels: [
        { key: 'z', value: '1' },
        { key: 'a', value: '2' },
      ],
      paused: true,
    }),
    spec(names[1] as string),
  ];
  await apply(owner, document);
  await api.resumeSchedules({ select: { names: [names[0]] } });
  const before = await contents();
  const answer = await apply(owner, document.toReversed(), { prune: true });
  assert.deepEqual(
    actions(answer),
    names.toReversed().map((name) => `UNCHANGED ${name}`),
  );
  for (const { before: was, after: is } of answer.changes) {
    assert.notEqual(is ?? null, null);
    assert.deepEqual(was, is);
  }
  assert.equal(await contents(), before);
});

test('prune deletes what the owner keeps and the document does not list, and nothing of others', async () => {
  const { owner, a, b, c } = await applied();
  const elsewhere = await applied();
  const mine = await api.scheduleOf(task);
  assert.deepEqual(actions(await apply(owner, [spec(b)])), [`UNCHANGED ${b}`], 'not without prune');
  const answer = await apply(owner, [spec(b)], { prune: true });
  assert.deepEqual(actions(answer), [`UNCHANGED ${b}`, `DELETE ${a}`, `DELETE ${c}`]);
  const [, gone] = answer.changes;
  assert.deepEqual([gone?.before, gone?.after, gone?.firesAdded, gone?.firesRemoved], [spec(a), null, 0, 7]);
  const left = await Promise.all([a, b, c, elsewhere.a, mine.name].map(async (name) => (await api.schedule(name)) !== null));
  assert.deepEqual(left, [false, true, false, true, true]);
  const again = await apply(owner, [spec(a), spec(b)]);
  assert.deepEqual([actions(again)[0], again.changes[0]?.schedule?.version], [`CREATE ${a}`, 1], 'the name is free at once');
});

test('a dry run answers the same plan and writes nothing', async () => {
  const { owner, a, b, c } = await applied();
  const name = fresh('new');
  const document = [spec(b, { trigger: HOURLY }), spec(c), spec(name)];
  const before = await contents();
  const planned = await apply(owner, document, { prune: true, dryRun: true });
  assert.equal(await contents(), before);
  const done = await apply(owner, document, { prune: true });
  assert.deepEqual(actions(done), [`UPDATE ${b}`, `UNCHANGED ${c}`, `CREATE ${name}`, `DELETE ${a}`]);
  const plan = ({ changes }: AppliedView) => changes.map(({ schedule: _, ...change }) => change);
  assert.deepEqual(plan(planned), plan(done));
  assert.deepEqual([planned.dryRun, done.dryRun], [true, false]);
  assert.deepEqual(
    planned.changes.map(({ schedule }) => schedule?.version ?? null),
    [1, 1, null, 1],
  );
});

const fires = [
  { rule: 'all of what is created', from: null, to: HOURLY, added: 168, removed: 0 },
  { rule: 'what comes more often', from: DAILY, to: HOURLY, added: 161, removed: 0 },
  { rule: 'what comes less often', from: HOURLY, to: DAILY, added: 0, removed: 161 },
  { rule: 'what moves', from: DAILY, to: { cron: { expression: '5 3 * * *' } }, added: 7, removed: 7 },
  { rule: 'every second', from: DAILY, to: { cron: { expression: '* * * * * *' } }, added: 604_793, removed: 0 },
  {
    rule: 'between the seconds',
    from: DAILY,
    to: { interval: { every: 'PT12.5M', anchorAt: '2026-01-01T00:00:00.5Z' } },
    added: 806,
    removed: 7,
  },
  { rule: 'none any more', from: DAILY, to: { manual: true }, added: 0, removed: 7 },
  { rule: 'another word for the same times', from: DAILY, to: { calendar: { hours: '3' } }, added: 0, removed: 0 },
];
for (const { rule, from, to, added, removed } of fires) {
  test(`the fires of the coming week that a change adds and removes: ${rule}`, async () => {
    const [owner, name] = [fresh('owner'), fresh('fires')];
    if (from !== null) await apply(owner, [spec(name, { trigger: from })]);
    const { changes } = await apply(owner, [spec(name, { trigger: to })], { dryRun: true });
    // A week that begins at any instant holds one time more or less of what does not divide it.
    const near = rule === 'between the seconds' ? 1 : 0;
    assert.ok(Math.abs((changes[0]?.firesAdded ?? -9) - added) <= near, `added ${changes[0]?.firesAdded}`);
    assert.equal(changes[0]?.firesRemoved, removed);
  });
}

test('REJECT_EVERYTHING: one bad entry and nothing is changed; all that is wrong is said, each by its path', async () => {
  const { owner, a } = await applied();
  const mine = await api.scheduleOf(task);
  const [fine, twin] = [fresh('fine'), fresh('twin')];
  const document = [
    spec(a, { trigger: HOURLY }),
    spec(mine.name),
    spec(fine),
    spec(fresh('bad'), { trigger: { cron: { expression: '61 * * * *' } }, spread: 'P2D', labels: [{ key: ' ', value: '' }] }),
    spec(twin),
    spec(fresh('lost'), { task: { key: 'nowhere' } }),
    spec(twin, { maxRuns: 1 }),
    spec(fresh('past'), { trigger: { at: { times: ['2020-01-01T00:00:00Z'] } } }),
    spec(fresh('days'), { trigger: { except: { base: DAILY, excluding: [{ calendar: '__proto__' }] } } }),
  ];
  const before = await contents();
  const answer = await apply(owner, document, { prune: true });
  assert.equal(await contents(), before);
  assert.deepEqual(
    answer.changes.slice(0, 9).map(({ action }) => action),
    ['UPDATE', 'REJECT', 'CREATE', 'REJECT', 'REJECT', 'REJECT', 'REJECT', 'REJECT', 'REJECT'],
  );
  assert.deepEqual(
    answer.userErrors.map(({ code, path }) => `${code} ${path?.join('.')}`),
    [
      'ALREADY_EXISTS input.schedules.1.name',
      'INVALID input.schedules.3.spread',
      'INVALID input.schedules.3.labels.0.key',
      'INVALID input.schedules.3.trigger.cron.expression',
      'INVALID input.schedules.4.name',
      'NOT_FOUND input.schedules.5.task',
      'INVALID input.schedules.6.name',
      'INVALID input.schedules.7.trigger',
      'INVALID input.schedules.8.trigger.except.excluding.0.calendar',
    ],
  );
  assert.deepEqual(
    answer.userErrors,
    answer.changes.flatMap(({ userErrors }) => userErrors),
  );
  const [taken] = answer.userErrors;
  assert.deepEqual([taken?.__typename, taken?.existing?.id], ['ConflictError', mine.id]);
  assert.match(taken?.message ?? '', /already; it is kept by nobody but people\.$/);
  assert.match(
    answer.userErrors[4]?.message ?? '',
    new RegExp(`^name "${twin}" is given twice: schedules\\[6\\] has it, too\\.$`),
  );
});

test('REJECT_FAILED: bad entries stay as they are and are not pruned, the others are applied', async () => {
  const { owner, a, b, c } = await applied();
  const stranger = await applied();
  const document = [spec(a, { trigger: HOURLY }), spec(b, { spread: 'P2D' }), spec(stranger.a, { trigger: HOURLY })];
  const answer = await apply(owner, document, { prune: true, errorPolicy: 'REJECT_FAILED' });
  assert.deepEqual(actions(answer), [`UPDATE ${a}`, `REJECT ${b}`, `REJECT ${stranger.a}`, `DELETE ${c}`]);
  assert.deepEqual(answer.userErrors, []);
  assert.deepEqual(
    answer.changes.map(({ userErrors }) => userErrors.map(({ code }) => code)),
    [[], ['INVALID'], ['ALREADY_EXISTS'], []],
  );
  const [, bad, taken] = answer.changes;
  assert.deepEqual([bad?.before, bad?.after, taken?.before, taken?.schedule], [spec(b), null, null, null]);
  assert.match(taken?.userErrors[0]?.message ?? '', new RegExp(`it is kept by "${stranger.owner}"\\.$`));
  const versions = await Promise.all([a, b, c, stranger.a].map(async (name) => (await api.schedule(name))?.version ?? null));
  assert.deepEqual(versions, [2, 1, null, 1]);
});

const refused = [
  { rule: 'a blank managedBy', input: { managedBy: ' ' }, says: /^INVALID input\.managedBy: managedBy is blank/ },
  { rule: 'one of 201 characters', input: { managedBy: 'x'.repeat(201) }, says: /^INVALID input\.managedBy: .*201/ },
  {
    rule: 'that of a task',
    input: { managedBy: 'task:backup' },
    says: /^INVALID input\.managedBy: managedBy is "task:backup"; /,
  },
  {
    rule: 'more than 5,000 schedules',
    input: { schedules: Array.from({ length: 5_001 }, () => ({ name: 'x', task: { key: 'x' }, trigger: { manual: true } })) },
    says: /^LIMIT_EXCEEDED input\.schedules: schedules has 5001 entries in one document; allowed are 5000/,
  },
];
for (const { rule, input, says } of refused) {
  test(`${rule} is refused`, async () => {
    const answer = await apply(fresh('owner'), [], input);
    assert.deepEqual([answer.changes, answer.userErrors.length], [[], 1]);
    assert.match(faults(answer)[0] ?? '', says);
  });
}

test('a schedule that is over and listed as it is stays UNCHANGED; its times being past is a fault only of what is new', async () => {
  const [owner, name] = [fresh('owner'), fresh('once')];
  const once = spec(name, { trigger: { at: { times: [new Date(Date.now() + 60_000).toISOString()] } } });
  await apply(owner, [once]);
  const past = '2020-01-01T00:00:00.000Z';
  await rowsOf(
    `UPDATE schedule SET trigger_spec = $2, state = 'COMPLETED', next_scheduled_for = NULL, next_fire_at = NULL WHERE name = $1`,
    [name, { at: { times: [past] } }],
  );
  const answer = await apply(owner, [spec(name, { trigger: { at: { times: [past] } } })]);
  assert.deepEqual([actions(answer), answer.userErrors], [[`UNCHANGED ${name}`], []]);
});

test('every change has its event and its entry in the audit trail, which names the document', async () => {
  const { owner, a, b, c } = await applied();
  const ids = new Map(await Promise.all([a, b, c].map(async (name) => [name, (await api.schedule(name))?.id ?? ''] as const)));
  const [last] = await rowsOf('SELECT max(seq) AS seq FROM event');
  await apply(owner, [spec(a, { description: 'x' }), spec(b)], { prune: true });
  const events = await rowsOf('SELECT kind, subject_id FROM event WHERE seq > $1', [last?.['seq']]);
  assert.deepEqual(events.map(({ kind, subject_id: id }) => [kind, id]).toSorted(), [
    ['DELETED', ids.get(c)],
    ['UPDATED', ids.get(a)],
  ]);
  const trail = async (name: string) => {
    const { nodes } = await api.ask<{ nodes: AuditView[] }>(AUDIT, { targetId: ids.get(name) });
    return nodes.map(({ action, reason, changes }) => [action, reason, Object.keys(changes ?? {})]);
  };
  const reason = `applySchedules of "${owner}"`;
  const created = ['schedule.create', reason, ['definition']];
  assert.deepEqual(await trail(a), [['schedule.update', reason, ['description']], created]);
  assert.deepEqual(await trail(b), [created]);
  assert.deepEqual(await trail(c), [['schedule.delete', reason, ['name']], created]);
});

test('documents that are applied at the same moment are applied one after the other', async () => {
  const [owner, names] = [fresh('owner'), Array.from({ length: 30 }, () => fresh('race'))];
  const answers = await Promise.all(
    [DAILY, HOURLY, YEARLY, DAILY].map((trigger, index) =>
      apply(
        owner,
        (index % 2 === 0 ? names : names.toReversed()).map((name) => spec(name, { trigger })),
      ),
    ),
  );
  assert.deepEqual(answers.flatMap(faults), []);
  const made = await Promise.all(names.map((name) => api.schedule(name)));
  assert.equal(new Set(made.map((one) => JSON.stringify([one?.triggerSpec, one?.version]))).size, 1, 'never half of one');
  const rows = await rowsOf<{ versions: number; version: number }>(
    `SELECT count(*)::int AS versions, max(s.version) AS version FROM schedule s JOIN schedule_version v ON v.schedule_id = s.id
      WHERE s.managed_by = $1 GROUP BY s.id`,
    [owner],
  );
  assert.equal(rows.length, names.length);
  for (const { versions, version } of rows) assert.equal(versions, version);
});

test('with a key a document has its effect once, and is answered as the first time; another document with it is refused', async () => {
  const { owner, a } = await applied();
  const [b, key] = [fresh('b'), fresh('key')];
  const document = [spec(a, { trigger: HOURLY }), spec(b)];
  const first = await apply(owner, document, { idempotencyKey: key });
  assert.deepEqual([first.replayed, actions(first)], [false, [`UPDATE ${a}`, `CREATE ${b}`]]);
  await api.updateSchedule({ ref: { name: a }, patch: { trigger: YEARLY } });
  const before = await contents();
  const again = await apply(owner, document, { idempotencyKey: key });
  assert.deepEqual([again.replayed, actions(again)], [true, actions(first)]);
  assert.deepEqual(
    again.changes.map(({ before: was, after: will, fields, firesAdded }) => [was, will, fields, firesAdded]),
    first.changes.map(({ before: was, after: will, fields, firesAdded }) => [was, will, fields, firesAdded]),
  );
  assert.equal(again.changes[0]?.schedule?.version, 3, 'the schedules are as they are now');
  assert.equal(await contents(), before);
  const [mismatch] = (await apply(owner, [spec(b)], { idempotencyKey: key })).userErrors;
  assert.deepEqual([mismatch?.code, mismatch?.path], ['IDEMPOTENCY_MISMATCH', ['input', 'idempotencyKey']]);
});

test('a dry run, and a document that is rejected, leave the key free', async () => {
  const [owner, name, key] = [fresh('owner'), fresh('new'), fresh('key')];
  const options = { idempotencyKey: key };
  assert.equal((await apply(owner, [spec(name)], { ...options, dryRun: true })).replayed, false);
  const rejected = await apply(owner, [spec(name, { timeZone: 'Moon/Base' })], options);
  assert.deepEqual([rejected.replayed, rejected.userErrors.length], [false, 1]);
  const done = await apply(owner, [spec(name)], options);
  assert.deepEqual([done.replayed, actions(done)], [false, [`CREATE ${name}`]]);
  const unchanged = await apply(owner, [spec(name)], { idempotencyKey: fresh('key') });
  assert.deepEqual([unchanged.replayed, actions(unchanged)], [false, [`UNCHANGED ${name}`]]);
});

test('twenty calls with one key at once have one effect', async () => {
  const [owner, name, key] = [fresh('owner'), fresh('new'), fresh('key')];
  const answers = await Promise.all(Array.from({ length: 20 }, () => apply(owner, [spec(name)], { idempotencyKey: key })));
  assert.deepEqual(
    answers.map((answer) => actions(answer)),
    answers.map(() => [`CREATE ${name}`]),
  );
  assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
  assert.equal((await api.schedule(name))?.version, 1);
});
