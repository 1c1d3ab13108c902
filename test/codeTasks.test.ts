import assert from 'node:assert/strict';
import { test } from 'node:test';
import { registerTasks } from '../src/codeTasks.ts';
import { deleteSchedule } from '../src/commands/deleteSchedule.ts';
import { defineTask, z } from '../src/task/defineTask.ts';
import type { TaskSchedule } from '../src/task/defineTask.ts';
import { CALLER, openParts } from './support/parts.ts';
import type { Parts } from './support/parts.ts';
import { startTestWorker } from './support/executor.ts';

const EVERY = { interval: { every: 'PT10S' } } as const;
const define = (key: string, ...schedules: object[]) =>
  defineTask({ key, run: () => null, schedules: schedules as TaskSchedule[] });
const names = async ({ store }: Parts) =>
  (await store.prisma.schedule.findMany({ where: { deletedAt: null }, orderBy: { name: 'asc' } })).map(({ name }) => name);

const broken: { rule: string; schedule: object }[] = [
  { rule: 'an instant that is none', schedule: { trigger: EVERY, startAt: 'tomorrow' } },
  { rule: 'no trigger', schedule: {} },
  { rule: 'a trigger of another shape', schedule: { trigger: 'every minute' } },
  { rule: 'a trigger that is null', schedule: { trigger: null } },
  { rule: 'an expression of another shape', schedule: { trigger: { cron: '* * * * *' } } },
  { rule: 'a retry policy that is none', schedule: { trigger: EVERY, execution: { retry: {} } } },
  { rule: 'a timeout that is a number', schedule: { trigger: EVERY, execution: { timeout: 900 } } },
  { rule: 'half a run', schedule: { trigger: EVERY, maxRuns: 1.5 } },
  { rule: 'a limit that is a text', schedule: { trigger: EVERY, maxRuns: '3' } },
  { rule: 'spread and jitter', schedule: { trigger: EVERY, spread: 'PT5S', jitter: 'PT5S' } },
  { rule: 'a jitter that is a number', schedule: { trigger: EVERY, jitter: 60 } },
  { rule: 'an unknown time zone', schedule: { trigger: EVERY, timeZone: 'Mars/Olympus' } },
];
for (const { rule, schedule } of broken) {
  test(`a schedule in code that cannot be (${rule}) is named in the log, and the others are kept`, async (t) => {
    const parts = await openParts(t);
    const tasks = [define('a', { name: 'bad', ...schedule }, { name: 'good', trigger: EVERY }), define('b')];
    assert.equal((await registerTasks(parts, parts.log, tasks)).length, 2);
    assert.deepEqual(await names(parts), ['good']);
    assert.deepEqual(
      parts.logged.map((line) => (line as unknown as { schedule: string }).schedule),
      ['bad'],
    );
    assert.notDeepEqual((parts.logged[0] as unknown as { problems: string[] }).problems, []);
  });
}

test('code that declares what no type allows does not keep the server from starting, nor the other tasks out', async (t) => {
  const parts = await openParts(t);
  const odd = defineTask({ key: 'odd', run: () => null, schedules: {} as TaskSchedule[] });
  const tasks = [odd, define('nameless', { name: 7, trigger: EVERY }), define('fine', { name: 'good', trigger: EVERY })];
  assert.equal((await registerTasks(parts, parts.log, tasks)).length, 3);
  assert.deepEqual(await names(parts), ['good']);
  assert.deepEqual(
    parts.logged.map((line) => (line as unknown as { task: string }).task),
    ['odd', 'nameless'],
  );
});

test('a task whose input no compiler of JSON Schema takes is named, and the others are registered', async (t) => {
  const parts = await openParts(t);
  // Allowed by JavaScript without the flag u, and not with it.
  const odd = defineTask({ key: 'odd', run: () => null, input: z.object({ a: z.string().regex(new RegExp(String.raw`^\-$`)) }) });
  assert.equal((await registerTasks(parts, parts.log, [odd, define('fine')])).length, 1);
  const [said] = parts.logged as unknown as { task: string; problems: string[] }[];
  assert.equal(said?.task, 'odd');
  assert.match(said?.problems[0] ?? '', /^input: its JSON Schema cannot be compiled: /);
});

test('what code declares is changed there, while there is a worker with that code; afterwards anybody may remove it', async (t) => {
  const parts = await openParts(t);
  const tasks = await registerTasks(parts, parts.log, [define('a', { name: 'declared', trigger: EVERY })]);
  const worker = await startTestWorker(parts, { tasks });
  const remove = () => deleteSchedule(parts, CALLER, { ref: { name: 'declared' } });
  const refused = await remove();
  assert.ok(!refused.ok);
  assert.equal(refused.userErrors[0]?.code, 'INVALID_STATE');
  await worker.stop(0);
  assert.ok((await remove()).ok);
});

test('spread, jitter and maxRuns may be declared, and what is not declared any more is cleared', async (t) => {
  const parts = await openParts(t);
  const declare = async (schedule: object) => {
    await registerTasks(parts, parts.log, [define('a', { name: 'declared', trigger: EVERY, ...schedule })]);
    const { spreadMs, jitterMs, maxRuns, version } = await parts.store.prisma.schedule.findFirstOrThrow();
    return { spreadMs, jitterMs, maxRuns, version };
  };
  const first = { spreadMs: 0, jitterMs: 5_000, maxRuns: 3, version: 1 };
  assert.deepEqual(await declare({ jitter: 'PT5S', maxRuns: 3 }), first);
  assert.deepEqual(await declare({ jitter: 'PT5S', maxRuns: 3 }), first);
  assert.deepEqual(await declare({ spread: 'PT1M' }), { spreadMs: 60_000, jitterMs: 0, maxRuns: null, version: 2 });
  assert.deepEqual(await declare({}), { spreadMs: 0, jitterMs: 0, maxRuns: null, version: 3 });
  assert.deepEqual(parts.logged, []);
});
