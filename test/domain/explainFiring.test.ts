import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainSchedule } from '../../src/domain/explanation.ts';
import type { ExplainedSchedule, LedgerFacts } from '../../src/domain/explanation.ts';
import type { Freeze } from '../../src/domain/freezes.ts';
import { at, timeOf } from '../support/verdicts.ts';
import { timingOf } from '../../src/domain/timing.ts';
import { cron } from '../trigger/compiled.ts';

const instant = (time: string) => new Date(at(time));
/** Every hour, since 09:00; asked at 12:15. */
const hourly = (given: Partial<ExplainedSchedule>): ExplainedSchedule => ({
  id: 'sch_1',
  version: 1,
  triggerSpec: { cron: { expression: '0 * * * *' } },
  timeZone: 'UTC',
  dst: { gap: null, overlap: null },
  startAt: null,
  endAt: null,
  spreadMs: 0,
  jitterMs: 0,
  maxRuns: null,
  countedRuns: 0,
  createdAt: instant('09:00'),
  state: 'ACTIVE',
  pause: null,
  hold: null,
  nextScheduledFor: instant('13:00'),
  deletedAt: null,
  calendars: null,
  skips: [],
  ...given,
});
const NOTHING: LedgerFacts = { run: null, occurrence: null, validFrom: instant('09:00') };
const LIMITED: LedgerFacts['occurrence'] = {
  verdict: 'LIMIT_REACHED',
  reason: 'maxRuns 3 was reached',
  isEnd: true,
  scheduleVersion: 1,
  spec: null,
};
const done = { state: 'COMPLETED', nextScheduledFor: null, maxRuns: 3, countedRuns: 3 } as const;
const HOUR = 3_600_000;
/** 44 min 47.476 s. */
const SPREAD = { spreadMs: HOUR };
const pause = { since: '2026-03-02T11:30:00.000Z', reason: 'why', by: { id: 'tok_1', name: 'admin' } };
/** Holds 13:00 back. */
const freeze = (exit: Freeze['exit']): Freeze => ({
  id: 'frz_1',
  reason: 'why',
  from: '2026-03-02T13:00:00.000Z',
  until: '2026-03-02T14:00:00.000Z',
  exit,
  by: pause.by,
});
const FIELDS = 'month day hour minute second';

const cases: { rule: string; of: ExplainedSchedule; at: string; facts?: LedgerFacts; told: string; message: string }[] = [
  {
    rule: 'a spread has a cause of its own',
    of: hourly(SPREAD),
    at: '13:00',
    told: `+ ${FIELDS} spread`,
    message: 'spread: runs 44 minutes 47.476 seconds later, at 2026-03-02T13:44:47.476Z',
  },
  {
    rule: 'a jitter, too',
    of: hourly({ jitterMs: 60_000 }),
    at: '13:00',
    told: `+ ${FIELDS} jitter`,
    message: `jitter: runs 45.313 seconds later, at 2026-03-02T13:00:45.313Z`,
  },
  {
    rule: 'one that comes out as nothing has none',
    of: hourly({ spreadMs: 1 }),
    at: '13:00',
    told: `+ ${FIELDS}`,
    message: 'second 0 is the one that is asked for',
  },
  {
    rule: 'what is no occurrence is not due later',
    of: hourly(SPREAD),
    at: '13:30',
    told: '- month day hour minute',
    message: 'minute 30 is not 0',
  },
  {
    rule: 'nominal by now and due later: it is planned',
    of: hourly({ ...SPREAD, nextScheduledFor: instant('12:00') }),
    at: '12:00',
    facts: NOTHING,
    told: `+ ${FIELDS} spread`,
    message: 'spread: runs 44 minutes 47.476 seconds later, at 2026-03-02T12:44:47.476Z',
  },
  {
    rule: 'nominal by now, due later, and paused',
    of: hourly({ ...SPREAD, nextScheduledFor: instant('12:00'), state: 'PAUSED', pause }),
    at: '12:00',
    facts: NOTHING,
    told: `- ${FIELDS} spread pause`,
    message: 'the schedule is PAUSED since 2026-03-02T11:30:00.000Z, by admin: why',
  },
  {
    rule: 'nominal within a pause and due at its end or later: it fires',
    of: hourly({ ...SPREAD, state: 'PAUSED', pause: { ...pause, until: '2026-03-02T13:44:47.476Z' } }),
    at: '13:00',
    told: `+ ${FIELDS} spread`,
    message: 'spread: runs 44 minutes 47.476 seconds later, at 2026-03-02T13:44:47.476Z',
  },
  {
    rule: 'due within a pause of its task: it does not',
    of: hourly({ ...SPREAD, hold: { ...pause, until: '2026-03-02T13:44:47.477Z' } }),
    at: '13:00',
    told: `- ${FIELDS} spread task pause`,
    message: 'its task is paused since 2026-03-02T11:30:00.000Z until 2026-03-02T13:44:47.477Z, by admin: why',
  },
  {
    rule: 'due by now: a moment later there is a verdict',
    of: hourly({ spreadMs: 60_000, nextScheduledFor: instant('12:00') }),
    at: '12:00',
    facts: NOTHING,
    told: `- ${FIELDS} spread ledger`,
    message: 'it is due and has no verdict yet: a moment later there will be one',
  },
  {
    rule: 'the last that the limit leaves',
    of: hourly({ maxRuns: 4, countedRuns: 2 }),
    at: '14:00',
    told: `+ ${FIELDS} maxRuns`,
    message: 'maxRuns 4: 2 runs are made, and 1 time comes before this one',
  },
  {
    rule: 'the first that it does not leave',
    of: hourly({ maxRuns: 4, countedRuns: 2 }),
    at: '15:00',
    told: `- ${FIELDS} maxRuns`,
    message: 'maxRuns 4: 2 runs are made, and 2 times come before this one',
  },
  {
    rule: 'what is skipped uses nothing of the limit up',
    of: hourly({ maxRuns: 4, countedRuns: 2, skips: [{ scheduledFor: at('13:00'), reason: 'why' }] }),
    at: '15:00',
    told: `+ ${FIELDS} maxRuns`,
    message: 'maxRuns 4: 2 runs are made, and 1 time comes before this one',
  },
  {
    rule: 'nor what a freeze drops',
    of: hourly({ maxRuns: 4, countedRuns: 2, freezes: [freeze('SKIP')] }),
    at: '15:00',
    told: `+ ${FIELDS} maxRuns`,
    message: 'maxRuns 4: 2 runs are made, and 1 time comes before this one',
  },
  {
    rule: 'what a freeze lets run at its end does',
    of: hourly({ maxRuns: 4, countedRuns: 2, freezes: [freeze('FIRE_ALL')] }),
    at: '15:00',
    told: `- ${FIELDS} maxRuns`,
    message: 'maxRuns 4: 2 runs are made, and 2 times come before this one',
  },
  {
    rule: 'the limit is reached: nothing further is planned',
    of: hourly(done),
    at: '13:00',
    told: `- ${FIELDS} maxRuns`,
    message: 'maxRuns 3: 3 runs are made, there are no further ones',
  },
  {
    rule: 'what passed after the limit was reached',
    of: hourly(done),
    at: '12:00',
    facts: NOTHING,
    told: `- ${FIELDS} maxRuns`,
    message: 'maxRuns 3: 3 runs are made, there are no further ones',
  },
  {
    rule: 'what came due together with the last run',
    of: hourly(done),
    at: '12:00',
    facts: { ...NOTHING, occurrence: LIMITED },
    told: `- ${FIELDS} ledger`,
    message: 'LIMIT_REACHED: maxRuns 3 was reached',
  },
  {
    rule: 'completed because its trigger has ended, with runs left',
    of: hourly({ ...done, countedRuns: 1 }),
    at: '13:00',
    told: `- ${FIELDS} maxRuns state`,
    message: 'the schedule is COMPLETED: it has no times left',
  },
];
for (const { rule, of, at: time, facts = null, told, message } of cases) {
  test(rule, () => {
    const { fires, causes } = explainSchedule(of, at(time), at('12:15'), facts);
    assert.equal(`${fires ? '+' : '-'} ${causes.map(({ subject }) => subject).join(' ')}`, told);
    assert.equal(causes.at(-1)?.message, message);
  });
}

test('what is told is what the engine waits for', () => {
  const timing = timingOf({ id: 'sch_1', ...SPREAD, jitterMs: 0 }, cron('0 * * * *'));
  assert.equal(timeOf(timing.effective(at('13:00'))), '13:44:47.476');
});
