import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import { applySchedules } from '../../src/commands/applySchedules.ts';
import type { ApplySchedulesInput } from '../../src/commands/applyPlan.ts';
import { createFreeze } from '../../src/commands/createFreeze.ts';
import { findSchedule } from '../../src/store/schedules.ts';
import {
  CALLER,
  addTask,
  at,
  editSchedule,
  holdTask,
  openParts,
  releaseTask,
  skip,
  startTestEngine,
  time,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

type Entry = ApplySchedulesInput['schedules'][number];

async function apply(parts: Parts, schedules: readonly Partial<Entry>[], options: Partial<ApplySchedulesInput> = {}) {
  const defaults = { task: { key: 'task' }, trigger: { interval: { every: 'PT10S' } }, overlapPolicy: 'ALLOW_ALL' } as const;
  const entries = schedules.map((entry) => ({ name: 'a', ...defaults, ...entry }));
  const result = await applySchedules(parts, CALLER, { managedBy: 'test', schedules: entries, prune: true, ...options });
  assert.ok(result.ok, JSON.stringify(result));
  return result.value.changes.map(({ action, name }) => `${action} ${name}`);
}
const named = async (parts: Parts, name: string) => {
  const record = await findSchedule(parts.store.prisma, { name });
  assert.ok(record);
  return record;
};
const HOURLY = { interval: { every: 'PT1H' } };

/** The schedules a and b, every 10 s since midnight. */
async function playing(t: TestContext) {
  const parts = await openParts(t);
  await addTask(parts);
  assert.deepEqual(await apply(parts, [{}, { name: 'b' }]), ['CREATE a', 'CREATE b']);
  return { parts, a: await named(parts, 'a'), b: await named(parts, 'b') };
}

test('an update swallows nothing of what was due, and the new trigger counts from now', async (t) => {
  const { parts, a } = await playing(t);
  parts.clock.advanceTo(at('00:00:35'));
  assert.deepEqual(await apply(parts, [{ trigger: HOURLY }, { name: 'b' }]), ['UPDATE a', 'UNCHANGED b']);
  assert.deepEqual(
    await runsOf(parts, a.id),
    ['00:00:10', '00:00:20', '00:00:30'].map((due) => `${due} SCHEDULE QUEUED`),
  );
  assert.equal(time((await named(parts, 'a')).nextFireAt), '01:00:00');
});

test('what is pruned has fired what was due; what of it waits is canceled', async (t) => {
  const { parts, a, b } = await playing(t);
  parts.clock.advanceTo(at('00:00:25'));
  assert.deepEqual(await apply(parts, [{ name: 'b' }]), ['UNCHANGED b', 'DELETE a']);
  assert.deepEqual(await runsOf(parts, a.id), ['00:00:10 SCHEDULE CANCELED', '00:00:20 SCHEDULE CANCELED']);
  assert.deepEqual(await runsOf(parts, b.id), [], 'what stays as it is is left to the engine');
});

test('an update of other fields leaves the schedule where it stands', async (t) => {
  const { parts } = await playing(t);
  parts.clock.advanceTo(at('00:00:05'));
  await apply(parts, [{ description: 'x', jitter: 'PT1S' }, { name: 'b' }]);
  assert.equal(time((await named(parts, 'a')).nextScheduledFor), '00:00:10');
});

test('skips that are occurrences still are kept, the others are dropped', async (t) => {
  const { parts, a } = await playing(t);
  for (const due of ['00:00:10', '00:00:20']) await skip(parts, a.id, due);
  await apply(parts, [{ trigger: { interval: { every: 'PT20S' } } }, { name: 'b' }]);
  const { skipCount, nextScheduledFor, nextFireAt } = await named(parts, 'a');
  assert.deepEqual([skipCount, time(nextScheduledFor), time(nextFireAt)], [1, '00:00:20', '00:00:40']);
});

test('maxRuns that were made before count: no more than those completes, more lets it go on from now', async (t) => {
  const { parts } = await playing(t);
  const engine = await startTestEngine(parts);
  for (const due of ['00:00:10', '00:00:20']) {
    parts.clock.advanceTo(at(due));
    await engine.settle();
  }
  await apply(parts, [{ maxRuns: 2 }]);
  assert.equal((await named(parts, 'a')).state, 'COMPLETED');
  parts.clock.advanceTo(at('00:05:00'));
  await apply(parts, [{ maxRuns: 3 }]);
  const { state, nextFireAt } = await named(parts, 'a');
  assert.deepEqual([state, time(nextFireAt)], ['ACTIVE', '00:05:10']);
});

test('what is created or changed while its task is paused is held back until the task is resumed', async (t) => {
  const { parts } = await playing(t);
  await holdTask(parts, 'task');
  parts.clock.advanceTo(at('00:00:15'));
  await apply(parts, [{ description: 'x' }, { name: 'b' }, { name: 'c' }]);
  for (const name of ['a', 'c']) assert.equal((await named(parts, name)).nextFireAt, null, name);
  assert.deepEqual(await skipsOf(parts, (await named(parts, 'a')).id), ['00:00:10 to 00:00:10 PAUSED 1']);
  await releaseTask(parts, 'task');
  for (const name of ['a', 'c'])
    assert.equal(time((await named(parts, name)).nextFireAt), name === 'a' ? '00:00:20' : '00:00:25', name);
});

test('what is created or changed is in the freezes whose filters it matches by then, and in no others', async (t) => {
  const { parts } = await playing(t);
  const freeze = await createFreeze(parts, CALLER, {
    reason: 'month end',
    until: new Date(at('00:00:25')),
    select: { filter: { labels: [{ key: 'team', in: ['x'] }] } },
  });
  assert.ok(freeze.ok);
  const labels = [{ key: 'team', value: 'x' }];
  await apply(parts, [{ labels }, { name: 'b' }, { name: 'c', labels }, { name: 'd' }]);
  const fires = async () => Promise.all(['a', 'b', 'c', 'd'].map(async (name) => time((await named(parts, name)).nextFireAt)));
  assert.deepEqual(await fires(), ['00:00:30', '00:00:10', '00:00:30', '00:00:10']);
  await apply(parts, [{}, { name: 'b', labels }, { name: 'c', labels }, { name: 'd' }]);
  assert.deepEqual(await fires(), ['00:00:10', '00:00:30', '00:00:30', '00:00:10']);
});

test('what stays as it is is not locked: the engine and others go on with it', async (t) => {
  const { parts, b } = await playing(t);
  await parts.store.hotTransaction(async ({ sql }) => {
    await sql.query('/* holdRow */ SELECT 1 FROM schedule WHERE id = $1 FOR UPDATE', [b.id]);
    assert.deepEqual(await apply(parts, [{ description: 'x' }, { name: 'b' }]), ['UPDATE a', 'UNCHANGED b']);
  });
});

test('an edit that comes between the plan and its locks is seen, and overwritten by what the document says', async (t) => {
  const { parts, a } = await playing(t);
  let edited = false;
  const store = {
    ...parts.store,
    transaction: (async (work: never) => {
      if (!edited) {
        edited = true;
        await editSchedule(parts, a.id, { description: 'by hand', spread: 'PT1M' });
      }
      return parts.store.transaction(work);
    }) as typeof parts.store.transaction,
  };
  assert.deepEqual(await apply({ ...parts, store }, [{ description: 'x' }, { name: 'b' }]), ['UPDATE a', 'UNCHANGED b']);
  const { version, description, spreadMs } = await named(parts, 'a');
  assert.deepEqual([version, description, spreadMs], [3, 'x', 0]);
  const trail = await parts.store.prisma.auditEntry.findMany({ where: { targetId: a.id }, orderBy: { id: 'asc' } });
  const changes = trail.map((entry) => (entry.changes as Record<string, unknown>)['spreadMs']);
  assert.deepEqual(changes.at(-1), { before: 60_000, after: 0 }, 'told as what it was under the locks');
});

test('when others keep changing what it changes, nothing is done and the caller is told to try again', async (t) => {
  const { parts, a } = await playing(t);
  let edits = 0;
  const store = {
    ...parts.store,
    transaction: (async (work: never) => {
      await editSchedule(parts, a.id, { description: `by hand ${(edits += 1)}` });
      return parts.store.transaction(work);
    }) as typeof parts.store.transaction,
  };
  const entry = { name: 'a', task: { key: 'task' }, trigger: HOURLY };
  const result = await applySchedules({ ...parts, store }, CALLER, { managedBy: 'test', schedules: [entry] });
  assert.ok(!result.ok);
  assert.deepEqual(
    result.userErrors.map(({ code, path }) => [code, path]),
    [['INVALID_STATE', ['input', 'schedules']]],
  );
  const { version, description } = await named(parts, 'a');
  assert.deepEqual([version, description], [edits + 1, `by hand ${edits}`]);
});

test('however long the plan took, what is created stands at an instant that its trigger has', async (t) => {
  const { parts } = await playing(t);
  const store = {
    ...parts.store,
    transaction: (async (work: never) => {
      parts.clock.advanceTo(at('00:00:03'));
      return parts.store.transaction(work);
    }) as typeof parts.store.transaction,
  };
  const every = (every: string) => ({ trigger: { interval: { every } } });
  await apply({ ...parts, store }, [{}, { name: 'b' }, { name: 'c', ...every('PT1H') }, { name: 'd', ...every('PT2S') }]);
  for (const name of ['c', 'd']) {
    const record = await named(parts, name);
    const next = record.nextScheduledFor?.getTime() ?? 0;
    assert.ok(parts.triggerOf({ ...record, calendars: null }).matches(next), `${name} ${time(next)}`);
  }
});
