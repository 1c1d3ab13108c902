import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimDueSchedules, lockSchedule, nextDueAt, readUnderway, writeVerdicts } from '../../src/store/claims.ts';
import { insertRuns, iso } from '../../src/store/runs.ts';
import { addSchedule, addTask, at, editSchedule, openParts, pause, removeSchedule, time } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { untilBlocked } from '../support/database.ts';
import { newRun } from '../support/runs.ts';

/** `count` schedules, the n-th due n seconds after midnight, in order of being due. */
async function openDue(t: Parameters<typeof openParts>[0], count: number): Promise<{ parts: Parts; ids: string[] }> {
  const parts = await openParts(t);
  await addTask(parts);
  const ids: string[] = [];
  for (let n = 1; n <= count; n += 1)
    ids.push((await addSchedule(parts, { name: `s${n}`, trigger: { interval: { every: `PT${n}S` } } })).id);
  return { parts, ids };
}
const idsOf = (claimed: { id: string }[]) => claimed.map((schedule) => schedule.id);
/** A statement that waits for a lock fails instead: it was not to wait. */
const NO_WAITING = `SET LOCAL lock_timeout = '1s'`;

test('claimDueSchedules: two at once share what is due, most overdue first, and neither waits', async (t) => {
  const { parts, ids } = await openDue(t, 5);
  const now = at('00:00:10');
  await parts.store.hotTransaction(async (one) => {
    assert.deepEqual(idsOf(await claimDueSchedules(one.sql, now, 2)), ids.slice(0, 2));
    await parts.store.hotTransaction(async (two) => {
      await two.sql.query(NO_WAITING);
      assert.deepEqual(idsOf(await claimDueSchedules(two.sql, now, 500)), ids.slice(2));
    });
  });
});

test('claimDueSchedules: what another transaction fired a moment ago is not claimed again', async (t) => {
  const { parts, ids } = await openDue(t, 2);
  const now = at('00:00:02');
  const [first, second] = ids as [string, string];
  const moved = {
    nextScheduledFor: iso(now + 1),
    nextFireAt: iso(now + 1),
    lastFireAt: null,
    openOccurrenceId: null,
    horizon: null,
    extend: null,
  };
  await parts.store.hotTransaction(async ({ sql }) => writeVerdicts(sql, now, [], [], [{ id: first, ...moved }]));
  assert.deepEqual(idsOf(await parts.store.hotTransaction(({ sql }) => claimDueSchedules(sql, now, 500))), [second]);
});

const passed = [
  { rule: 'one that is due later', change: () => Promise.resolve(), now: '00:00:00.999' },
  { rule: 'a paused one', change: (parts: Parts, id: string) => pause(parts, id), now: '00:00:10' },
  { rule: 'a deleted one', change: (parts: Parts, id: string) => removeSchedule(parts, id), now: '00:00:10' },
];
for (const { rule, change, now } of passed) {
  test(`claimDueSchedules and nextDueAt pass over ${rule}`, async (t) => {
    const { parts, ids } = await openDue(t, 1);
    await change(parts, ids[0] as string);
    assert.deepEqual(await parts.store.hotTransaction(({ sql }) => claimDueSchedules(sql, at(now), 500)), []);
    assert.equal(time(await nextDueAt(parts.store.sql)), now === '00:00:10' ? null : '00:00:01');
  });
}

test('a claim holds the schedule against an edit until it ends, and the edit sees what it left', async (t) => {
  const { parts, ids } = await openDue(t, 1);
  const id = ids[0] as string;
  parts.clock.advanceTo(at('00:00:01'));
  let edit: Promise<{ version: number; nextFireAt: Date | null }> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    assert.equal((await claimDueSchedules(sql, at('00:00:01'), 1)).length, 1);
    edit = editSchedule(parts, id, { description: 'edited' });
    await untilBlocked(parts.store.sql, 'lockSchedules');
    const next = iso(at('00:00:02'));
    const advance = {
      id,
      nextScheduledFor: next,
      nextFireAt: next,
      lastFireAt: null,
      openOccurrenceId: null,
      horizon: null,
      extend: null,
    };
    await writeVerdicts(sql, at('00:00:01'), [], [], [advance]);
  });
  const edited = await edit;
  assert.equal(edited?.version, 2);
  assert.equal(time(edited?.nextFireAt ?? null), '00:00:02');
});

test('readUnderway sees what was committed while the lock was waited for', async (t) => {
  const { parts, ids } = await openDue(t, 1);
  const id = ids[0] as string;
  const run = await newRun(parts, { scheduleId: id });
  let seen: Promise<number | undefined> | undefined;
  await parts.store.hotTransaction(async (holder) => {
    await lockSchedule(holder.sql, id);
    seen = parts.store.hotTransaction(async ({ sql }) => {
      await lockSchedule(sql, id);
      return (await readUnderway(sql, [id])).get(id)?.active;
    });
    await untilBlocked(parts.store.sql, 'lockSchedules');
    await insertRuns(holder.sql, parts.clock.now(), [run]);
  });
  assert.equal(await seen, 1);
});

test('a schedule locked after waiting has the ledger row that was written meanwhile, to go on with', async (t) => {
  const { parts, ids } = await openDue(t, 1);
  const id = ids[0] as string;
  let open: Promise<string | undefined> | undefined;
  await parts.store.hotTransaction(async ({ sql }) => {
    await lockSchedule(sql, id);
    open = parts.store.hotTransaction(async (waiting) => (await lockSchedule(waiting.sql, id))?.open?.verdict);
    await untilBlocked(parts.store.sql, 'lockSchedules');
    const instant = iso(at('00:00:01'));
    const next = iso(at('00:00:02'));
    const skip = {
      id: 'occ',
      scheduleId: id,
      scheduledFor: instant,
      through: instant,
      count: 1,
      verdict: 'MISSED',
      reason: '',
      scheduleVersion: 1,
    };
    const advance = {
      id,
      nextScheduledFor: next,
      nextFireAt: next,
      lastFireAt: null,
      openOccurrenceId: 'occ',
      horizon: null,
      extend: null,
    };
    await writeVerdicts(sql, at('00:00:01'), [], [skip], [advance]);
  });
  assert.equal(await open, 'MISSED');
});
