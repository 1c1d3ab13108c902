import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import type { CreateScheduleInput } from '../../src/commands/createSchedule.ts';
import { at, editSchedule, pause, resume, time, trigger } from '../support/parts.ts';
import type { Parts } from '../support/parts.ts';
import { play } from '../support/play.ts';
import { runsOf, skipsOf } from '../support/ledger.ts';

const instant = (text: string) => new Date(at(text));

/** A schedule that runs beside itself, an engine, and a clock that stands at midnight. */
async function playing(t: TestContext, spec: Partial<CreateScheduleInput['spec']>) {
  const played = await play(t, spec);
  const { parts, id } = played;
  const stored = () => parts.store.prisma.schedule.findUniqueOrThrow({ where: { id } });
  return {
    ...played,
    stored,
    stands: async () => {
      const { state, nextFireAt } = await stored();
      return `${state} ${time(nextFireAt)}`;
    },
  };
}
/** What scheduleChanged has to tell of a schedule: its states, one after the other. */
async function statesTold({ store }: Parts, id: string): Promise<unknown[]> {
  const rows = await store.sql.query<{ state: string }>(
    `SELECT after->>'state' AS state FROM event WHERE topic = 'schedule' AND subject_id = $1 ORDER BY seq`,
    [id],
  );
  return rows.map((row) => row.state);
}

test('listed times fire, each at its instant to the millisecond, and complete the schedule after the last', async (t) => {
  const times = [instant('00:00:10'), instant('00:00:20.250'), instant('00:00:10')];
  const { parts, id, step, stands } = await playing(t, { trigger: { at: { times } } });
  assert.equal(await stands(), 'ACTIVE 00:00:10');
  await step('00:00:10');
  assert.equal(await stands(), 'ACTIVE 00:00:20.250');
  await step('00:00:20.249', '00:00:20.250');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:20.250 SCHEDULE QUEUED']);
  assert.equal(await stands(), 'COMPLETED null');
  assert.deepEqual(await statesTold(parts, id), ['ACTIVE', 'COMPLETED']);
  await step('23:59:59');
  assert.equal((await runsOf(parts, id)).length, 2);
});

test('listed times that an outage swallowed are made up for by the misfire policy, like any other', async (t) => {
  const times = ['00:00:10', '00:00:20', '00:00:30'].map(instant);
  const { parts, id, step, stands } = await playing(t, { trigger: { at: { times } } });
  await step('06:00:00');
  assert.deepEqual(await runsOf(parts, id), ['00:00:30 CATCH_UP QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), ['00:00:10 to 00:00:20 COALESCED 2']);
  assert.equal(await stands(), 'COMPLETED null');
});

test('a manual schedule never fires and never ends; by hand it runs', async (t) => {
  const { parts, id, step, stands } = await playing(t, { trigger: { manual: true } });
  await step('00:00:10', '12:00:00');
  assert.equal(await stands(), 'ACTIVE null');
  const run = await trigger(parts, id);
  assert.deepEqual([run.state, run.origin, run.scheduleId], ['QUEUED', 'MANUAL', id]);
  await step('13:00:00');
  assert.equal(await stands(), 'ACTIVE null');
  assert.deepEqual(await runsOf(parts, id), ['12:00:00 MANUAL QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('a manual schedule that is paused and resumed is ACTIVE again', async (t) => {
  const { parts, id, step, stands } = await playing(t, { trigger: { manual: true } });
  await pause(parts, id);
  assert.equal(await stands(), 'PAUSED null');
  await step('00:00:10');
  await resume(parts, id);
  assert.equal(await stands(), 'ACTIVE null');
});

test('to manual and back: the schedule stops firing, is not completed, and counts from now when it fires again', async (t) => {
  const { parts, id, step, stands } = await playing(t, {});
  await step('00:00:10');
  await editSchedule(parts, id, { trigger: { manual: true } });
  assert.equal(await stands(), 'ACTIVE null');
  await step('00:00:20', '00:01:05');
  await editSchedule(parts, id, { trigger: { interval: { every: 'PT10S' } } });
  assert.equal(await stands(), 'ACTIVE 00:01:10');
  await step('00:01:10');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:01:10 SCHEDULE QUEUED']);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('a completed schedule that becomes manual is ACTIVE', async (t) => {
  const { parts, id, step, stands } = await playing(t, { trigger: { at: { times: [instant('00:00:10')] } } });
  await step('00:00:10');
  assert.equal(await stands(), 'COMPLETED null');
  await editSchedule(parts, id, { description: 'over' });
  assert.equal(await stands(), 'COMPLETED null', 'an edit of another field does not');
  await editSchedule(parts, id, { trigger: { manual: true } });
  assert.equal(await stands(), 'ACTIVE null');
});

test('startAt and endAt are inclusive; outside of them nothing runs, and nothing is written down', async (t) => {
  const bounds = { startAt: instant('00:00:20'), endAt: instant('00:00:40') };
  const { parts, id, step, stands } = await playing(t, bounds);
  assert.equal(await stands(), 'ACTIVE 00:00:20');
  await step('00:00:10', '00:00:19.999', '00:00:20', '00:00:30', '00:00:40');
  assert.equal(await stands(), 'COMPLETED null');
  await step('00:00:50', '00:10:00');
  const fired = ['00:00:20', '00:00:30', '00:00:40'].map((fire) => `${fire} SCHEDULE QUEUED`);
  assert.deepEqual(await runsOf(parts, id), fired);
  assert.deepEqual(await skipsOf(parts, id), []);
  assert.deepEqual(await statesTold(parts, id), ['ACTIVE', 'COMPLETED']);
});

test('an outage over both bounds: the verdicts are those of the occurrences between them', async (t) => {
  const bounds = { startAt: instant('01:00:00'), endAt: instant('01:00:30'), misfire: { mode: 'SKIP' } } as const;
  const { parts, id, step, stands } = await playing(t, bounds);
  await step('06:00:00');
  assert.deepEqual(await runsOf(parts, id), []);
  assert.deepEqual(await skipsOf(parts, id), ['01:00:00 to 01:00:30 MISSED 4']);
  assert.equal(await stands(), 'COMPLETED null');
});

test('a pause over endAt: the ledger ends there, and resuming completes the schedule', async (t) => {
  const { parts, id, step, stands } = await playing(t, { endAt: instant('00:00:35') });
  await step('00:00:10');
  await pause(parts, id);
  await step('00:01:00');
  await resume(parts, id);
  assert.equal(await stands(), 'COMPLETED null');
  assert.deepEqual(await skipsOf(parts, id), ['00:00:20 to 00:00:30 PAUSED 2']);
  assert.deepEqual(await statesTold(parts, id), ['ACTIVE', 'PAUSED', 'COMPLETED']);
});

test('endAt moved out, or cleared, brings a completed schedule back; what lies between is past', async (t) => {
  const { parts, id, step, stands } = await playing(t, { endAt: instant('00:00:10') });
  await step('00:00:10', '00:01:05');
  assert.equal(await stands(), 'COMPLETED null');
  await editSchedule(parts, id, { endAt: instant('00:01:20') });
  assert.equal(await stands(), 'ACTIVE 00:01:10');
  await step('00:01:10', '00:01:20', '00:02:00');
  assert.equal(await stands(), 'COMPLETED null');
  await editSchedule(parts, id, { endAt: null });
  assert.equal(await stands(), 'ACTIVE 00:02:10');
  const fired = ['00:00:10', '00:01:10', '00:01:20'].map((fire) => `${fire} SCHEDULE QUEUED`);
  assert.deepEqual(await runsOf(parts, id), fired);
  assert.deepEqual(await skipsOf(parts, id), []);
});

test('startAt moved to later, then cleared: the next fire follows it, on the same grid', async (t) => {
  const { parts, id, step, stands } = await playing(t, {});
  await step('00:00:10', '00:00:13.700');
  await editSchedule(parts, id, { startAt: instant('00:00:41') });
  assert.equal(await stands(), 'ACTIVE 00:00:50');
  await step('00:00:20');
  await editSchedule(parts, id, { startAt: null });
  assert.equal(await stands(), 'ACTIVE 00:00:30');
  await step('00:00:30');
  assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:30 SCHEDULE QUEUED']);
});

test('the bounds are part of each version, as instants in UTC', async (t) => {
  const { parts, id } = await playing(t, { startAt: instant('00:00:20') });
  await editSchedule(parts, id, { endAt: instant('00:00:40'), trigger: { at: { localTimes: ['2026-03-02T00:00:30'] } } });
  const versions = await parts.store.prisma.scheduleVersion.findMany({ where: { scheduleId: id }, orderBy: { version: 'asc' } });
  const specs = versions.map(({ spec }) => spec as Record<string, unknown>);
  const [startAt, endAt] = ['2026-03-02T00:00:20.000Z', '2026-03-02T00:00:40.000Z'];
  assert.deepEqual(
    specs.map((spec) => [spec['startAt'], spec['endAt']]),
    [
      [startAt, null],
      [startAt, endAt],
    ],
  );
  const entry = await parts.store.prisma.auditEntry.findFirstOrThrow({ where: { targetId: id, action: 'schedule.update' } });
  assert.deepEqual(entry.changes, {
    endAt: { before: null, after: endAt },
    triggerSpec: {
      before: { interval: { every: 'PT10S' } },
      after: { at: { localTimes: ['2026-03-02T00:00:30'] } },
    },
  });
});

test("an edit of other fields never moves an interval's grid, whenever it is made", async (t) => {
  const { parts, id, step, stands } = await playing(t, {});
  const edits = [
    { description: 'A' },
    { name: 'renamed' },
    { overlapPolicy: 'SKIP' },
    { input: { a: 1 } },
    { misfire: {} },
  ] as const;
  for (const [i, patch] of edits.entries()) {
    await step(`00:00:${i}3.700`);
    await editSchedule(parts, id, patch);
    assert.equal(await stands(), `ACTIVE 00:00:${i + 1}0`, JSON.stringify(patch));
  }
});

const edits = [
  { edit: 'of another field', patch: { description: 'after the step' }, next: '00:00:30' },
  { edit: 'of the trigger', patch: { trigger: { interval: { every: 'PT5S' } } }, next: '00:00:25' },
  { edit: 'of the bounds', patch: { endAt: instant('01:00:00') }, next: '00:00:30' },
];
for (const { edit, patch, next } of edits) {
  test(`an edit ${edit} under a clock that stepped back brings no time again that had its verdict`, async (t) => {
    const { parts, id, step, stands } = await playing(t, {});
    await step('00:00:10', '00:00:20', '00:00:09');
    await editSchedule(parts, id, patch);
    assert.equal(await stands(), `ACTIVE ${next}`);
    await step('00:00:10', '00:00:15', '00:00:20');
    assert.deepEqual(await runsOf(parts, id), ['00:00:10 SCHEDULE QUEUED', '00:00:20 SCHEDULE QUEUED']);
    assert.deepEqual(await skipsOf(parts, id), []);
    await step(next);
    assert.equal((await runsOf(parts, id)).at(-1), `${next} SCHEDULE QUEUED`);
  });
}
