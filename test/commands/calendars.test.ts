import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CommandResult } from '../../src/commands/command.ts';
import { deleteCalendar } from '../../src/commands/deleteCalendar.ts';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import type { TriggerInput } from '../../src/commands/triggerInput.ts';
import { runsOf } from '../support/ledger.ts';
import {
  addSchedule,
  addTask,
  at,
  editSchedule,
  holdTask,
  openParts,
  pause,
  releaseTask,
  removeSchedule,
  startTestEngine,
} from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';

const CALLER = {
  viewer: { actor: { kind: 'TOKEN', id: 'tok_test', name: 'test' }, role: 'EDITOR' },
  requestId: 'request',
} as const;
const DAY = 86_400_000;
/** Every day at 9, but for the holidays. All of these tests begin on Monday, 2026-03-02, at midnight. */
const WORKDAYS: TriggerInput = { except: { base: { cron: { expression: '0 9 * * *' } }, excluding: [{ calendar: 'holidays' }] } };
const nine = (day: string) => new Date(`2026-${day}T09:00:00Z`);

const put = (parts: Parts, ...dates: string[]) =>
  putCalendar(parts, CALLER, { name: 'holidays', dates: dates.map((date) => `2026-${date}`) });
async function moved(result: Promise<CommandResult<{ movedSchedules: { name: string }[] }>>): Promise<string[]> {
  const settled = await result;
  assert.ok(settled.ok, settled.ok ? '' : JSON.stringify(settled.userErrors));
  return settled.value.movedSchedules.map(({ name }) => name);
}
async function refused(result: Promise<CommandResult<unknown>>) {
  const settled = await result;
  assert.ok(!settled.ok);
  return settled.userErrors;
}
async function openHolidays(t: TestContext, ...dates: string[]): Promise<Parts> {
  const parts = await openParts(t);
  await addTask(parts);
  assert.deepEqual(await moved(put(parts, ...dates)), []);
  return parts;
}
const rowOf = ({ store }: Parts, id: string) => store.prisma.schedule.findUniqueOrThrow({ where: { id } });
const nextOf = async (parts: Parts, id: string) => (await rowOf(parts, id)).nextFireAt;
const eventsOf = async ({ store }: Parts, id: string) =>
  (await store.sql.query<{ kind: string }>(`SELECT kind FROM event WHERE subject_id = $1 ORDER BY xid, seq`, [id])).map(
    ({ kind }) => kind,
  );
const auditOf = ({ store }: Parts) =>
  store.prisma.auditEntry.findMany({ where: { action: { startsWith: 'calendar.' } }, orderBy: { id: 'asc' } });
/** All that a calendar change may touch, to see that one that is refused touches nothing. */
const contents = ({ store }: Parts) =>
  store.sql.query(
    `SELECT (SELECT jsonb_agg(s ORDER BY s.id) FROM schedule s) s, (SELECT jsonb_agg(c) FROM calendar c) c, (SELECT count(*) FROM event) e,
            (SELECT count(*) FROM audit_entry) a`,
  );

test('a day that is added moves the schedule that would fire on it, and moves it back when it is taken out', async (t) => {
  const parts = await openHolidays(t);
  const { id } = await addSchedule(parts, { name: 'report', trigger: WORKDAYS });
  const { id: other } = await addSchedule(parts, { name: 'other' });
  assert.deepEqual(await nextOf(parts, id), nine('03-02'));
  assert.deepEqual(await moved(put(parts, '03-02')), ['report']);
  assert.deepEqual(await nextOf(parts, id), nine('03-03'));
  assert.deepEqual(await moved(put(parts)), ['report']);
  assert.deepEqual(await nextOf(parts, id), nine('03-02'));
  assert.deepEqual(await eventsOf(parts, id), ['CREATED', 'UPDATED', 'UPDATED']);
  assert.deepEqual(await eventsOf(parts, other), ['CREATED'], 'one that does not use it is left alone');
});

test('a change of a calendar is no edit: the version stays; the audit trail has the dates that came and went', async (t) => {
  const parts = await openHolidays(t, '03-02');
  const { id } = await addSchedule(parts, { trigger: WORKDAYS });
  await put(parts, '03-03', '03-04');
  assert.equal((await rowOf(parts, id)).version, 1);
  const changes = (await auditOf(parts)).map((entry) => entry.changes);
  assert.deepEqual(changes[1], {
    added: { before: null, after: ['2026-03-03', '2026-03-04'] },
    removed: { before: ['2026-03-02'], after: null },
  });
});

test('the same dates again, in whatever order and number, change nothing', async (t) => {
  const parts = await openHolidays(t, '03-02', '03-05');
  await addSchedule(parts, { trigger: WORKDAYS });
  const before = await contents(parts);
  assert.deepEqual(await moved(put(parts, '03-05', '03-02', '03-05')), []);
  assert.deepEqual(await contents(parts), before);
});

test('a day far ahead changes no next fire: no event, yet it holds when it comes', async (t) => {
  const parts = await openHolidays(t);
  const { id } = await addSchedule(parts, { trigger: WORKDAYS, overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(parts);
  assert.deepEqual(await moved(put(parts, '03-06')), []);
  assert.deepEqual(await eventsOf(parts, id), ['CREATED']);
  for (const day of ['03-02', '03-03', '03-04', '03-05']) {
    parts.clock.advanceTo(nine(day).getTime());
    await engine.settle();
  }
  assert.deepEqual(await nextOf(parts, id), nine('03-07'));
});

test('the engine of another instance, which has compiled the trigger before, follows the change', async (t) => {
  const parts = await openHolidays(t);
  const { id } = await addSchedule(parts, { trigger: WORKDAYS, overlapPolicy: 'ALLOW_ALL' });
  const engine = await startTestEngine(await parts.another());
  parts.clock.advanceTo(nine('03-02').getTime());
  await engine.settle();
  assert.deepEqual(await moved(put(parts, '03-03', '03-05')), ['schedule']);
  parts.clock.advanceTo(nine('03-03').getTime());
  await engine.settle();
  assert.equal((await runsOf(parts, id)).length, 1, 'nothing on the holiday');
  parts.clock.advanceTo(nine('03-04').getTime());
  await engine.settle();
  assert.equal((await runsOf(parts, id)).length, 2);
  assert.deepEqual(await nextOf(parts, id), nine('03-06'), 'the holiday after that counts as well');
});

test('what was due before the change has its run by the old dates', async (t) => {
  const parts = await openHolidays(t);
  const { id } = await addSchedule(parts, { trigger: WORKDAYS });
  parts.clock.advanceTo(at('09:00:05'));
  assert.deepEqual(await moved(put(parts, '03-02', '03-03')), ['schedule']);
  assert.deepEqual(await runsOf(parts, id), ['09:00:00 SCHEDULE QUEUED']);
  assert.deepEqual(await nextOf(parts, id), nine('03-04'));
});

test('what passed is not run again when its day is taken out', async (t) => {
  const parts = await openHolidays(t, '03-02');
  const { id } = await addSchedule(parts, { trigger: WORKDAYS });
  parts.clock.advanceTo(at('12:00:00'));
  assert.deepEqual(await moved(put(parts)), []);
  assert.deepEqual([await nextOf(parts, id), await runsOf(parts, id)], [nine('03-03'), []]);
});

test('a paused schedule moves, too, and stays paused; one that was completed and has times again goes on', async (t) => {
  const parts = await openHolidays(t, '03-03');
  const paused = await addSchedule(parts, { name: 'paused', trigger: WORKDAYS });
  await pause(parts, paused.id);
  const localTimes = ['2026-03-02T09:00', '2026-03-03T09:00'];
  const trigger: TriggerInput = { except: { base: { at: { localTimes } }, excluding: [{ calendar: 'holidays' }] } };
  const ended = await addSchedule(parts, { name: 'ended', trigger });
  const engine = await startTestEngine(parts);
  parts.clock.advanceTo(at('09:00:00'));
  await engine.settle();
  assert.equal((await rowOf(parts, ended.id)).state, 'COMPLETED');
  assert.deepEqual((await moved(put(parts))).sort(), ['ended', 'paused']);
  const rows = await Promise.all([paused, ended].map(({ id }) => rowOf(parts, id)));
  assert.deepEqual(
    rows.map(({ state, nextScheduledFor }) => [state, nextScheduledFor]),
    [
      ['PAUSED', nine('03-03')],
      ['ACTIVE', nine('03-03')],
    ],
  );
});

const FRIDAYS = (shift: 'NEXT_ALLOWED_DAY' | 'PREVIOUS_ALLOWED_DAY'): TriggerInput => ({
  except: {
    base: { cron: { expression: '0 9 * * FRI' } },
    excluding: [{ daysOfWeek: 'SAT,SUN' }, { calendar: 'holidays' }],
    shift,
  },
});
for (const { shift, dates, next } of [
  { shift: 'NEXT_ALLOWED_DAY', dates: [], next: '03-06' },
  { shift: 'NEXT_ALLOWED_DAY', dates: ['03-06'], next: '03-09' },
  { shift: 'NEXT_ALLOWED_DAY', dates: ['03-06', '03-09'], next: '03-10' },
  { shift: 'PREVIOUS_ALLOWED_DAY', dates: ['03-05', '03-06'], next: '03-04' },
] as const) {
  test(`a Friday report with ${shift} and the holidays ${dates.join(', ') || '(none)'} comes on ${next}`, async (t) => {
    const parts = await openHolidays(t);
    const { id } = await addSchedule(parts, { trigger: FRIDAYS(shift) });
    await put(parts, ...dates);
    assert.deepEqual(await nextOf(parts, id), nine(next));
  });
}

for (const { rule, spec, reason } of [
  {
    rule: 'its only time',
    spec: { trigger: { except: { base: { at: { localTimes: ['2026-03-02T09:00'] } }, excluding: [{ calendar: 'holidays' }] } } },
    reason: /never fires: its exclusions leave none of the times of base/,
  },
  {
    rule: 'all until its end',
    spec: { trigger: WORKDAYS, endAt: nine('03-02') },
    reason: /No time of this trigger comes until endAt/,
  },
]) {
  test(`dates that leave a schedule nothing (${rule}) are refused, and nothing is changed`, async (t) => {
    const parts = await openHolidays(t);
    await addSchedule(parts, { name: 'goes on', trigger: WORKDAYS });
    await addSchedule(parts, { name: 'last of all', ...spec });
    const before = await contents(parts);
    const [error, ...others] = await refused(put(parts, '03-02'));
    assert.deepEqual([error?.code, error?.path, others.length], ['INVALID', ['input', 'dates'], 0]);
    assert.match(error?.message ?? '', /^With these dates of "holidays" the schedule "last of all" could never fire again: /);
    assert.match(error?.message ?? '', reason);
    assert.deepEqual(await contents(parts), before);
    // The compiled trigger of the change that was refused is not remembered either.
    await put(parts, '03-04');
    parts.clock.advanceTo(at('08:00:00'));
    assert.deepEqual(await moved(put(parts, '03-03')), ['goes on']);
  });
}

test('a calendar goes when no schedule uses it any more, edited or deleted', async (t) => {
  const parts = await openHolidays(t);
  const first = await addSchedule(parts, { name: 'first', trigger: WORKDAYS });
  const second = await addSchedule(parts, { name: 'second', trigger: WORKDAYS });
  const [error] = await refused(deleteCalendar(parts, CALLER, 'holidays'));
  assert.deepEqual([error?.code, error?.path], ['INVALID_STATE', ['name']]);
  assert.match(error?.message ?? '', /^The schedule "first" uses the calendar "holidays"/);
  await editSchedule(parts, first.id, { trigger: { cron: { expression: '0 9 * * *' } } });
  assert.match((await refused(deleteCalendar(parts, CALLER, 'holidays')))[0]?.message ?? '', /"second"/);
  await removeSchedule(parts, second.id);
  assert.equal((await deleteCalendar(parts, CALLER, 'holidays')).ok, true);
  assert.equal((await refused(deleteCalendar(parts, CALLER, 'holidays')))[0]?.code, 'NOT_FOUND');
});

test('more than 1,000 schedules are not moved at once: refused, naming the limit', async (t) => {
  const parts = await openHolidays(t);
  await addSchedule(parts, { trigger: WORKDAYS });
  await parts.store.sql.query(
    `INSERT INTO schedule SELECT (jsonb_populate_record(s, jsonb_build_object('id', 'sch_' || n, 'name', 'copy ' || n))).*
       FROM schedule s, generate_series(1, 1000) n`,
  );
  const [error] = await refused(put(parts, '03-02'));
  assert.deepEqual([error?.code, error?.path], ['INVALID', ['input', 'name']]);
  assert.equal(error?.message, '1001 schedules use the calendar "holidays"; at most 1000 can be changed at once.');
  assert.deepEqual((await parts.store.prisma.calendar.findFirstOrThrow()).dates, []);
});

test('changes of a calendar and edits of those who use it do not wait for each other in a circle, and agree in the end', async (t) => {
  const parts = await openHolidays(t);
  const ids: string[] = [];
  for (let index = 0; index < 4; index += 1)
    ids.push((await addSchedule(parts, { name: `schedule ${index}`, trigger: WORKDAYS })).id);
  const plain: TriggerInput = { cron: { expression: '0 9 * * *' } };
  const edits = ids.flatMap((id, index) =>
    [0, 1, 2].map((round) => () => editSchedule(parts, id, { trigger: (index + round) % 2 === 0 ? plain : WORKDAYS })),
  );
  const puts = ['03-02', '03-03', '03-02', '03-03'].map((date) => () => moved(put(parts, date)));
  const created = [0, 1].map((index) => () => addSchedule(parts, { name: `late ${index}`, trigger: WORKDAYS }));
  await Promise.all([...edits, ...puts, ...created].map((change) => change()));
  await put(parts, '03-02');
  for (const { triggerSpec, nextFireAt, name } of await parts.store.prisma.schedule.findMany()) {
    assert.deepEqual(nextFireAt, nine(Object.hasOwn(triggerSpec as object, 'except') ? '03-03' : '03-02'), name);
  }
});

test('two that create the same calendar at once: one creates it, the other replaces it', async (t) => {
  const parts = await openParts(t);
  const results = await Promise.all([put(parts, '03-02'), put(parts, '03-03'), put(parts, '03-04')]);
  assert.deepEqual(
    results.map(({ ok }) => ok),
    [true, true, true],
  );
  assert.equal(await parts.store.prisma.calendar.count(), 1);
});

test('a calendar without schedules that use it may be changed whatever the clock says', async (t) => {
  const parts = await openHolidays(t, '03-02');
  parts.clock.advanceTo(at('00:00:00') - DAY);
  assert.deepEqual(await moved(put(parts, '03-03')), []);
});

test('a schedule whose task is paused follows the calendar, and stays held back', async (t) => {
  const parts = await openHolidays(t);
  const { id } = await addSchedule(parts, { name: 'report', trigger: WORKDAYS });
  await holdTask(parts, 'task');
  assert.deepEqual(await moved(put(parts, '03-02')), ['report']);
  const { nextScheduledFor, nextFireAt } = await rowOf(parts, id);
  assert.deepEqual([nextScheduledFor, nextFireAt], [nine('03-03'), null]);
  await releaseTask(parts, 'task');
  assert.deepEqual(await nextOf(parts, id), nine('03-03'));
});
