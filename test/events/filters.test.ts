import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesRun, matchesSchedule, matchesTask } from '../../src/events/matches.ts';
import { endAttempts } from '../../src/queue/finish.ts';
import type { EventFacts, StoredEvent } from '../../src/store/events.ts';
import { readEvents } from '../../src/store/events.ts';
import { newId } from '../../src/store/ids.ts';
import type { PageRequest } from '../../src/store/pages.ts';
import { runSides } from '../../src/store/runEvents.ts';
import { RUN_ORDERS, pageRuns } from '../../src/store/runLists.ts';
import type { RunFilter } from '../../src/store/runLists.ts';
import { insertRuns, iso, promoteRetries, startRuns } from '../../src/store/runs.ts';
import { SCHEDULE_ORDERS, pageSchedules } from '../../src/store/scheduleLists.ts';
import type { ScheduleFilter } from '../../src/store/scheduleLists.ts';
import { TASK_ORDERS, pageTasks } from '../../src/store/taskLists.ts';
import type { TaskFilter } from '../../src/store/taskLists.ts';
import { addSchedule, addTask, at, backfill, editSchedule, openParts, pause } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { addWorker, newRun, startedRuns } from '../support/runs.ts';
import { until } from '../support/until.ts';

/** Every filter field once over rows and once over the facts of events: a list and a stream with the same filter say the same. */

const label = (key: string, value: string) => ({ key, value });
const firstPage = { direction: 'ASC', size: 100, walk: 'FORWARD', place: null } as const;

/** Facts of each subject as its last event leaves them. */
async function lastFacts({ store }: Parts, topic: string, after: (event: StoredEvent) => EventFacts | null) {
  const page = await until(async () => {
    const read = await readEvents(store.sql, { xid: 0n, seq: 0n }, 1_000);
    return !read.hidden && read;
  });
  const facts = new Map<string, EventFacts>();
  for (const event of page.events) if (event.topic === topic) facts.set(event.subjectId, after(event) as EventFacts);
  return facts;
}

/** A code task as the table has it. */
async function addCodeTask({ store }: Parts, task: { key: string; group: string; name: string; scope: string }) {
  const { key, group, name, scope } = task;
  const id = newId('task');
  await store.sql.query(
    `INSERT INTO task (id, key, "group", name, kind, scope, execution, registered_at, updated_at) VALUES ($1, $2, $3, $4, 'CODE', $5, '{}', now(), now())`,
    [id, key, group, name, scope],
  );
  return { id };
}

const LABEL_CASES: { labels: ScheduleFilter['labels']; found: string[] }[] = [
  { labels: [], found: ['a', 'b', 'c'] },
  { labels: [{ key: 'team' }], found: ['a', 'b'] },
  { labels: [{ key: 'team', in: null, exists: null }], found: ['a', 'b'] },
  { labels: [{ key: 'team', exists: true }], found: ['a', 'b'] },
  { labels: [{ key: 'team', exists: false }], found: ['c'] },
  { labels: [{ key: 'team', in: ['ops'] }], found: ['a'] },
  { labels: [{ key: 'team', in: ['ops', 'dev'], exists: true }], found: ['a', 'b'] },
  { labels: [{ key: 'team', in: [] }], found: [] },
  { labels: [{ key: 'team' }, { key: 'tier', exists: false }], found: ['b'] },
  { labels: [{ key: 'TEAM' }], found: [] },
  { labels: [{ key: 'toString' }], found: [] },
];
const LABELS_OF = { a: [label('team', 'ops'), label('tier', '1')], b: [label('team', 'dev')], c: [] };

test('tasks: every field says the same of a list and of a stream', async (t) => {
  const parts = await openParts(t);
  const { store } = parts;
  await addTask(parts, { key: 'a/100', name: 'Alpha 100%', group: 'One', description: 'First_of all', labels: LABELS_OF.a });
  await addTask(parts, { key: 'b', name: 'Größe \\ Beta', labels: LABELS_OF.b });
  const c = await addCodeTask(parts, { key: 'c', group: 'code', name: 'Gamma', scope: 'LOCAL' });
  const [a, b] = await Promise.all(['a/100', 'b'].map((key) => store.prisma.task.findFirstOrThrow({ where: { key } })));
  const letters = new Map([a, b, c].map((task, index) => [task?.id, 'abc'[index]]));
  const worker = await addWorker(parts);
  await store.prisma.workerTask.create({ data: { workerId: worker, taskId: c.id } });
  await startedRuns(parts, worker, 60_000, [
    await newRun(parts, { taskId: b?.id as string }),
    await newRun(parts, { taskId: c.id }),
  ]);
  // The last event of a run tells of its task; nothing but that tells of a code task here.
  const runs = [...(await lastFacts(parts, 'run', (event) => event.after?.['task'] as EventFacts)).values()];
  const own = [...(await lastFacts(parts, 'task', (event) => event.after)).values()];
  const facts = [
    { ...own.find((fact) => fact['key'] === 'a/100'), state: 'IDLE' },
    { ...runs.find((fact) => fact['key'] === 'b'), state: 'RUNNING' },
    { ...runs.find((fact) => fact['key'] === 'c'), state: 'RUNNING' },
  ];
  assert.deepEqual(
    runs.find((fact) => fact['key'] === 'b'),
    own.find((fact) => fact['key'] === 'b'),
    'runs tell the same of their task',
  );

  const cases: { filter: TaskFilter; found: string[] }[] = [
    { filter: {}, found: ['a', 'b', 'c'] },
    { filter: { keys: ['a/100', 'c', 'd'] }, found: ['a', 'c'] },
    { filter: { keys: [] }, found: [] },
    { filter: { groups: ['One', 'http'] }, found: ['a', 'b'] },
    { filter: { kinds: ['CODE'] }, found: ['c'] },
    { filter: { scopes: ['GLOBAL'] }, found: ['a', 'b'] },
    { filter: { scopes: ['LOCAL', 'GLOBAL'] }, found: ['a', 'b', 'c'] },
    { filter: { states: ['RUNNING'] }, found: ['b', 'c'] },
    { filter: { states: ['IDLE', 'UNAVAILABLE'] }, found: ['a'] },
    { filter: { states: [] }, found: [] },
    { filter: { search: 'ALPHA' }, found: ['a'] },
    { filter: { search: '100%' }, found: ['a'] },
    { filter: { search: '%' }, found: ['a'] },
    { filter: { search: '_' }, found: ['a'] },
    { filter: { search: '\\' }, found: ['b'] },
    { filter: { search: 'grÖSSE' }, found: [] },
    { filter: { search: 'GRÖ' }, found: ['b'] },
    { filter: { search: ' one   first_OF ' }, found: ['a'] },
    { filter: { search: 'alpha beta' }, found: [] },
    { filter: { search: 'code' }, found: ['c'] },
    { filter: { search: '' }, found: ['a', 'b', 'c'] },
    { filter: { search: 'm', kinds: ['CODE'], states: ['RUNNING'] }, found: ['c'] },
    ...LABEL_CASES.map(({ labels, found }) => ({ filter: { labels }, found })),
  ];
  const request: PageRequest = { ...firstPage, order: TASK_ORDERS.KEY };
  for (const { filter, found } of cases) {
    const page = await pageTasks(store.prisma, filter, request);
    const streamed = facts.flatMap((fact, index) => (matchesTask(fact, filter) ? ['abc'[index]] : []));
    assert.deepEqual([page.rows.map((task) => letters.get(task.id)), streamed], [found, found], JSON.stringify(filter));
  }
});

test('a task is unavailable when no live worker can run it: any for requests, one that has the code for code', async (t) => {
  const parts = await openParts(t);
  const { store } = parts;
  await addTask(parts, { key: 'http' });
  const code = await addCodeTask(parts, { key: 'code', group: 'g', name: 'n', scope: 'GLOBAL' });
  const unavailable = async () => {
    const page = await pageTasks(store.prisma, { states: ['UNAVAILABLE'] }, { ...firstPage, order: TASK_ORDERS.KEY });
    return page.rows.map((task) => task.key);
  };
  assert.deepEqual(await unavailable(), ['code', 'http']);
  const worker = await addWorker(parts);
  assert.deepEqual(await unavailable(), ['code']);
  await store.prisma.workerTask.create({ data: { workerId: worker, taskId: code.id } });
  assert.deepEqual(await unavailable(), []);
  for (const state of ['DRAINING', 'STOPPED', 'LOST']) {
    await store.prisma.worker.update({ where: { id: worker }, data: { state } });
    assert.deepEqual(await unavailable(), ['code', 'http'], state);
  }
});

test('schedules: every field says the same of a list and of a stream', async (t) => {
  const parts = await openParts(t);
  const { store, clock, queue } = parts;
  await addTask(parts, { key: 'task/One' });
  await addTask(parts, { key: 'two' });
  const a = await addSchedule(parts, {
    name: 'a 50%',
    task: { key: 'task/One' },
    labels: LABELS_OF.a,
    description: 'Nightly_run',
  });
  const cron = { cron: { expression: '0 12 * * *' } };
  const b = await addSchedule(parts, { name: 'b', task: { key: 'two' }, trigger: cron, labels: LABELS_OF.b });
  const c = await addSchedule(parts, { name: 'c', task: { key: 'two' } });
  await pause(parts, c.id);
  await store.prisma.schedule.update({ where: { id: b.id }, data: { managedBy: 'team:two' } });
  await editSchedule(parts, b.id, { description: 'Managed' });
  const [hold] = await startedRuns(parts, await addWorker(parts), 60_000, [
    await newRun(parts, { scheduleId: b.id, taskId: b.taskId }),
  ]);
  const error = { code: 'BROKEN', name: 'Broken', message: 'it broke', retryable: false };
  const failed = { ...(hold as NonNullable<typeof hold>), state: 'FAILED', output: null, error, retryAt: null } as const;
  await store.hotTransaction((tx) => endAttempts(tx, queue, clock.now(), [failed]));
  const facts = await lastFacts(parts, 'schedule', (event) => event.after);
  const [noon, tens] = [new Date(at('12:00:00')), new Date(at('00:00:10'))];
  const cases: { filter: ScheduleFilter; found: string[] }[] = [
    { filter: {}, found: ['a', 'b', 'c'] },
    { filter: { names: ['a 50%', 'c'] }, found: ['a', 'c'] },
    { filter: { names: [] }, found: [] },
    { filter: { taskKeys: ['two'] }, found: ['b', 'c'] },
    { filter: { states: ['PAUSED', 'COMPLETED'] }, found: ['c'] },
    { filter: { kinds: ['CRON'] }, found: ['b'] },
    { filter: { managedBy: 'team:two' }, found: ['b'] },
    { filter: { managedBy: 'task:' }, found: [] },
    { filter: { failing: true }, found: ['b'] },
    { filter: { failing: false }, found: ['a', 'c'] },
    { filter: { failing: null }, found: ['a', 'b', 'c'] },
    { filter: { nextFire: {} }, found: ['a', 'b'] },
    { filter: { nextFire: { from: tens, until: noon } }, found: ['a'] },
    { filter: { nextFire: { from: noon } }, found: ['b'] },
    { filter: { nextFire: { until: tens } }, found: [] },
    { filter: { search: '%' }, found: ['a'] },
    { filter: { search: '_' }, found: ['a'] },
    { filter: { search: '\\' }, found: [] },
    { filter: { search: 'ONE nightly' }, found: ['a'] },
    { filter: { search: 'two' }, found: ['b', 'c'] },
    { filter: { search: 'MANAGED' }, found: ['b'] },
    ...LABEL_CASES.map(({ labels, found }) => ({ filter: { labels }, found })),
  ];
  const request: PageRequest = { ...firstPage, order: SCHEDULE_ORDERS.NAME };
  for (const { filter, found } of cases) {
    const page = await pageSchedules(store.prisma, filter, request, clock.now());
    const streamed = [a, b, c].filter(({ id }) => matchesSchedule(facts.get(id) as EventFacts, filter));
    const listed = page.rows.map((schedule) => schedule.name[0]);
    assert.deepEqual([listed, streamed.map((schedule) => schedule.name[0])], [found, found], JSON.stringify(filter));
  }
});

test('a schedule is silent when for more than a minute it has not fired what was due, or no worker has taken its run', async (t) => {
  const parts = await openParts(t);
  const { store, clock } = parts;
  await addTask(parts);
  const cron = { cron: { expression: '0 12 * * *' } };
  const due = await addSchedule(parts, { name: 'due' });
  const held = await addSchedule(parts, { name: 'paused' });
  const untaken = await addSchedule(parts, { name: 'untaken', trigger: cron });
  await addSchedule(parts, { name: 'well', trigger: cron });
  await pause(parts, held.id);
  await insertRuns(store.sql, at('00:00:10'), [await newRun(parts, { scheduleId: untaken.id })]);
  const names = async (silent: boolean) => {
    const request: PageRequest = { ...firstPage, order: SCHEDULE_ORDERS.NAME };
    return (await pageSchedules(store.prisma, { silent }, request, clock.now())).rows.map((schedule) => schedule.name);
  };
  assert.equal(due.nextFireAt?.getTime(), at('00:00:10'));
  clock.advanceTo(at('00:01:10'));
  assert.deepEqual([await names(true), await names(false)], [[], ['due', 'paused', 'untaken', 'well']], 'a minute is not more');
  clock.advanceTo(at('00:01:10.001'));
  assert.deepEqual(
    [await names(true), await names(false)],
    [
      ['due', 'untaken'],
      ['paused', 'well'],
    ],
  );
  await pause(parts, untaken.id);
  assert.deepEqual(await names(true), ['due'], 'what is paused should do nothing');
});

test('missedSince finds schedules with a missed occurrence that is no earlier, by the last one of its row', async (t) => {
  const parts = await openParts(t);
  const { store, clock } = parts;
  await addTask(parts);
  const verdicts = [
    ['early', 'MISSED', '01:00:00', '01:10:00'],
    ['long', 'MISSED', '01:00:00', '02:00:00'],
    ['late', 'MISSED', '03:00:00', '03:00:00'],
    ['other', 'COALESCED', '03:00:00', '03:00:00'],
  ] as const;
  for (const [name, verdict, first, last] of verdicts) {
    const { id } = await addSchedule(parts, { name });
    const [scheduledFor, through, recordedAt] = [new Date(at(first)), new Date(at(last)), new Date(at('04:00:00'))];
    const count = first === last ? 1 : 7;
    const data = { id: `occ_${name}`, scheduleId: id, scheduledFor, through, count, verdict, scheduleVersion: 1, recordedAt };
    await store.prisma.occurrence.create({ data });
  }
  const request: PageRequest = { ...firstPage, order: SCHEDULE_ORDERS.NAME };
  const found = async (since: string) => {
    const page = await pageSchedules(store.prisma, { missedSince: new Date(at(since)) }, request, clock.now());
    return page.rows.map((schedule) => schedule.name);
  };
  assert.deepEqual(await found('02:00:00'), ['late', 'long']);
  assert.deepEqual(await found('02:00:00.001'), ['late']);
  assert.deepEqual(await found('03:00:00.001'), []);
});

test('runs: every field says the same of a list and of a stream', async (t) => {
  const parts = await openParts(t);
  const { store, clock, queue } = parts;
  await addTask(parts, { key: 'one' });
  await addTask(parts, { key: 'two' });
  const one = await addSchedule(parts, { name: 'first', task: { key: 'one' } });
  const two = await addSchedule(parts, { name: 'second', task: { key: 'two' } });
  const [w1, w2] = [await addWorker(parts), await addWorker(parts)];
  const when = (time: string) => ({ scheduledFor: iso(at(time)), effectiveAt: iso(at(time)) });
  const labels = (list: { key: string; value: string }[]) => Object.fromEntries(list.map(({ key, value }) => [key, value]));
  const a = await newRun(parts, { taskId: one.taskId, scheduleId: one.id, ...when('00:00:00'), labels: labels(LABELS_OF.a) });
  const b = await newRun(parts, {
    taskId: two.taskId,
    scheduleId: two.id,
    origin: 'SCHEDULE',
    ...when('00:00:01'),
    labels: labels(LABELS_OF.b),
  });
  const c = await newRun(parts, { taskId: two.taskId, ...when('00:00:02') });
  clock.advanceTo(at('00:00:03'));
  const [hold] = await startedRuns(parts, w1, 60_000, [a]);
  await startedRuns(parts, w2, 60_000, [b]);
  await insertRuns(store.sql, clock.now(), [c]);
  const done = { ...(hold as NonNullable<typeof hold>), state: 'SUCCEEDED', output: null, error: null, retryAt: null } as const;
  await store.hotTransaction((tx) => endAttempts(tx, queue, at('00:00:05'), [done]));
  const facts = await lastFacts(parts, 'run', (event) => runSides(event).after);
  const t5 = new Date(at('00:00:05'));
  const cases: { filter: RunFilter; found: string[] }[] = [
    { filter: {}, found: ['a', 'b', 'c'] },
    { filter: { scheduleIds: [one.id, 'sch_0'] }, found: ['a'] },
    { filter: { scheduleNames: ['second', 'first'] }, found: ['a', 'b'] },
    { filter: { taskKeys: ['two'] }, found: ['b', 'c'] },
    { filter: { states: ['SUCCEEDED', 'QUEUED'] }, found: ['a', 'c'] },
    { filter: { origins: ['SCHEDULE'] }, found: ['b'] },
    { filter: { workerIds: [w1] }, found: ['a'] },
    { filter: { workerIds: [w1, w2] }, found: ['a', 'b'] },
    { filter: { workerIds: [] }, found: [] },
    { filter: { scheduledFor: { from: new Date(at('00:00:01')), until: new Date(at('00:00:02')) } }, found: ['b'] },
    { filter: { finished: {} }, found: ['a'] },
    { filter: { finished: { from: t5 } }, found: ['a'] },
    { filter: { finished: { until: t5 } }, found: [] },
    { filter: { minLatenessMs: 2_000 }, found: ['a', 'b'] },
    { filter: { minLatenessMs: 2_000.5 }, found: ['a'] },
    { filter: { minLatenessMs: 3_000 }, found: ['a'] },
    { filter: { minLatenessMs: 3_001 }, found: [] },
    { filter: { minLatenessMs: -1 }, found: ['a', 'b'] },
    { filter: { workerIds: [w2], labels: [{ key: 'team' }] }, found: ['b'] },
    ...LABEL_CASES.map(({ labels: selectors, found }) => ({ filter: { labels: selectors }, found })),
  ];
  const request: PageRequest = { ...firstPage, order: RUN_ORDERS.SCHEDULED_FOR };
  const letter = new Map([a, b, c].map((run, index) => [run.id, 'abc'[index]]));
  for (const { filter, found } of cases) {
    const page = await pageRuns(store.prisma, filter, {}, request);
    const streamed = [a, b, c].filter(({ id }) => matchesRun(facts.get(id) as EventFacts, filter));
    const listed = page.rows.map((run) => letter.get(run.id));
    assert.deepEqual([listed, streamed.map((run) => letter.get(run.id))], [found, found], JSON.stringify(filter));
  }

  const minutely = await addSchedule(parts, {
    name: 'third',
    task: { key: 'one' },
    trigger: { cron: { expression: '* * * * *' } },
  });
  const filter = { backfillId: (await backfill(parts, minutely.id, { only: 'ALL', range: lastMinute })).id };
  const all = await lastFacts(parts, 'run', (event) => runSides(event).after);
  const streamed = [...all].filter(([, fact]) => matchesRun(fact, filter)).map(([id]) => id);
  const listed = (await pageRuns(store.prisma, filter, {}, request)).rows.map(({ id }) => id);
  assert.deepEqual([listed, listed.length, listed.some((id) => letter.has(id))], [streamed, 1, false]);
});
const lastMinute = { from: new Date(at('00:00:00') - 60_000), until: new Date(at('00:00:00')) };

test('what changes with an event is told before and after: who watches a worker, a lateness or an end sees runs come and leave', async (t) => {
  const parts = await openParts(t);
  const { store, clock, queue } = parts;
  await addTask(parts);
  const worker = await addWorker(parts);
  const run = await newRun(parts);
  clock.advanceTo(at('00:00:01'));
  const [hold] = await startedRuns(parts, worker, 60_000, [run]);
  const error = { code: 'BROKEN', name: 'Broken', message: 'it broke', retryable: true };
  const retry = {
    ...(hold as NonNullable<typeof hold>),
    state: 'RETRY_WAIT',
    output: null,
    error,
    retryAt: iso(at('00:00:02')),
  } as const;
  await store.hotTransaction((tx) => endAttempts(tx, queue, at('00:00:02'), [retry]));
  await promoteRetries(store.sql, at('00:00:03'), 10);
  const again = { runId: run.id, attempt: 2, lease: 'two' };
  await startRuns(store.sql, at('00:00:09'), worker, at('00:01:00'), [again], '');
  await store.hotTransaction((tx) =>
    endAttempts(tx, queue, at('00:00:10'), [{ ...again, state: 'SUCCEEDED', output: null, error: null, retryAt: null }]),
  );
  const { events } = await until(async () => {
    const page = await readEvents(store.sql, { xid: 0n, seq: 0n }, 100);
    return !page.hidden && page;
  });
  const seen = (filter: RunFilter) =>
    events
      .filter((event) => event.topic === 'run')
      .map((event) => {
        const sides = runSides(event);
        const matches = (facts: EventFacts | null) => (facts !== null && matchesRun(facts, filter) ? '+' : '-');
        return `${matches(sides.before)}${matches(sides.after)}`;
      });
  // QUEUED, RUNNING, RETRY_WAIT, QUEUED, RUNNING, SUCCEEDED
  assert.deepEqual(seen({ workerIds: [worker] }), ['--', '-+', '++', '+-', '-+', '++']);
  assert.deepEqual(seen({ minLatenessMs: 1_000 }), ['--', '-+', '++', '++', '++', '++']);
  assert.deepEqual(
    seen({ minLatenessMs: 1_001 }),
    ['--', '--', '--', '--', '--', '--'],
    'the lateness is that of the first start',
  );
  assert.deepEqual(seen({ finished: {} }), ['--', '--', '--', '--', '--', '-+']);
});
