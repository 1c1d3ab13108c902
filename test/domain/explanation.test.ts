import assert from 'node:assert/strict';
import { test } from 'node:test';
import { explainSchedule } from '../../src/domain/explanation.ts';
import type { ExplainedSchedule, LedgerFacts } from '../../src/domain/explanation.ts';
import { at } from '../support/verdicts.ts';

const instant = (time: string) => new Date(at(time));
/** Every hour, since 09:00. */
const schedule = (given: Partial<ExplainedSchedule> = {}): ExplainedSchedule => ({
  id: 'sch_1',
  version: 3,
  triggerSpec: { cron: { expression: '0 * * * *' } },
  timeZone: 'UTC',
  dst: { gap: null, overlap: null },
  startAt: null,
  endAt: null,
  createdAt: instant('09:00'),
  state: 'ACTIVE',
  pause: null,
  nextScheduledFor: instant('13:00'),
  deletedAt: null,
  calendars: null,
  spreadMs: 0,
  jitterMs: 0,
  maxRuns: null,
  countedRuns: 0,
  skips: [],
  ...given,
});
const facts = (given: Partial<LedgerFacts> = {}): LedgerFacts => ({
  run: null,
  occurrence: null,
  validFrom: instant('09:00'),
  ...given,
});
const RUN = {
  id: 'run_1',
  state: 'SUCCEEDED',
  origin: 'SCHEDULE',
  startedAt: instant('10:00:02'),
  scheduleVersion: 3,
  count: 1,
} as const;
const MISSED = { verdict: 'MISSED', reason: 'late', isEnd: true, scheduleVersion: 3, spec: null };
const PAUSE = { since: '2026-03-02T11:30:00.000Z', reason: 'looking around', by: { id: 'tok_1', name: 'admin' } };
const HALF_PAST = { ...schedule({ triggerSpec: { cron: { expression: '30 * * * *' } } }) };
const [NOON, DAY] = [at('12:15'), '2026-03-02T'];

/** The subjects of all causes, then the deciding one. */
function told(of: ExplainedSchedule, when: string, known: LedgerFacts | null): [subjects: string, message: string | undefined] {
  const { instant: explained, fires, causes } = explainSchedule(of, at(when), NOON, known);
  assert.equal(explained, at(when));
  assert.deepEqual(
    causes.map((cause) => cause.passes),
    causes.map((_, i) => fires || i < causes.length - 1),
    'the last one decides, all before it pass',
  );
  const subjects = causes.map((cause) => cause.subject).join(' ');
  return [`${fires ? 'fires' : 'does not'}: ${subjects}`, causes.at(-1)?.message];
}

const FIELDS = 'month day hour minute second';
type Case = [
  rule: string,
  schedule: ExplainedSchedule,
  at: string,
  facts: LedgerFacts | null,
  told: string,
  message: RegExp | string,
];
const future: Case[] = [
  ['one of its times', schedule(), '13:00', null, `fires: ${FIELDS}`, 'second 0 is the one that is asked for'],
  ['none of its times', schedule(), '13:30', null, 'does not: month day hour minute', 'minute 30 is not 0'],
  [
    'before startAt',
    schedule({ startAt: instant('14:00') }),
    '13:00',
    null,
    `does not: ${FIELDS} startAt`,
    `${DAY}13:00:00Z is before startAt ${DAY}14:00:00Z`,
  ],
  [
    'after endAt',
    schedule({ startAt: instant('10:00'), endAt: instant('13:30') }),
    '14:00',
    null,
    `does not: ${FIELDS} startAt endAt`,
    `${DAY}14:00:00Z is after endAt ${DAY}13:30:00Z`,
  ],
  [
    'within its bounds',
    schedule({ startAt: instant('10:00'), endAt: instant('14:00') }),
    '14:00',
    null,
    `fires: ${FIELDS} startAt endAt`,
    /not after endAt/,
  ],
  [
    'deleted, although paused as well',
    schedule({ deletedAt: instant('12:00'), state: 'PAUSED', pause: PAUSE }),
    '13:00',
    null,
    `does not: ${FIELDS} deleted`,
    `the schedule is deleted since ${DAY}12:00:00.000Z`,
  ],
  ['completed', schedule({ state: 'COMPLETED' }), '13:00', null, `does not: ${FIELDS} state`, /COMPLETED/],
  [
    'paused: since when, by whom and why',
    schedule({ state: 'PAUSED', pause: PAUSE }),
    '13:00',
    null,
    `does not: ${FIELDS} pause`,
    `the schedule is PAUSED since ${DAY}11:30:00.000Z, by admin: looking around`,
  ],
  [
    'paused, and not its time anyway',
    schedule({ state: 'PAUSED', pause: PAUSE }),
    '13:30',
    null,
    'does not: month day hour minute',
    /30/,
  ],
  ['by hand only', schedule({ triggerSpec: { manual: true } }), '13:00', null, 'does not: manual', /only when triggered by hand/],
];
const past: Case[] = [
  [
    'it ran',
    schedule(),
    '10:00',
    facts({ run: RUN }),
    `fires: ${FIELDS} run`,
    `the run run_1: origin SCHEDULE, SUCCEEDED, started at ${DAY}10:00:02.000Z`,
  ],
  [
    'it waits to run, on several workers',
    schedule(),
    '10:00',
    facts({ run: { ...RUN, state: 'QUEUED', startedAt: null, count: 3 } }),
    `fires: ${FIELDS} run`,
    'the run run_1, the first of 3, one for each worker: origin SCHEDULE, QUEUED, it has not started',
  ],
  [
    'it ran although the present definition would not, is paused and deleted',
    { ...HALF_PAST, state: 'PAUSED', pause: PAUSE, deletedAt: instant('09:30') },
    '10:00',
    facts({ run: { ...RUN, scheduleVersion: 2 } }),
    'fires: run',
    /; by version 2 of the definition, which is at version 3 by now$/,
  ],
  ['it was missed', schedule(), '10:00', facts({ occurrence: MISSED }), `does not: ${FIELDS} ledger`, 'MISSED: late'],
  [
    'its run was removed',
    schedule(),
    '10:00',
    facts({ occurrence: { ...MISSED, verdict: 'FIRED', reason: null } }),
    `fires: ${FIELDS} ledger`,
    'FIRED',
  ],
  [
    'between the ends of a row: one of its times',
    schedule(),
    '10:00',
    facts({ occurrence: { ...MISSED, isEnd: false, spec: schedule() } }),
    `does not: ${FIELDS} ledger`,
    'MISSED: late',
  ],
  [
    'between the ends of a row: none of its times',
    schedule(),
    '10:30',
    facts({ occurrence: { ...MISSED, isEnd: false, spec: schedule() } }),
    'does not: month day hour minute',
    'minute 30 is not 0',
  ],
  [
    'between the ends of a row of another definition that did not have the time',
    schedule(),
    '10:00',
    facts({ occurrence: { ...MISSED, scheduleVersion: 2, isEnd: false, spec: HALF_PAST }, validFrom: instant('11:15') }),
    `does not: ${FIELDS} version`,
    `version 3 of the definition holds since ${DAY}11:15:00.000Z, after this instant; the ledger has nothing of it`,
  ],
  [
    'between the ends of a row whose zone is not known any more',
    schedule(),
    '10:00',
    facts({ occurrence: { ...MISSED, isEnd: false, spec: schedule({ timeZone: 'Mars/Base' }) } }),
    `does not: ${FIELDS} ledger`,
    'the ledger has neither a run nor a verdict of it',
  ],
  [
    'the definition was changed after it, and it ran',
    schedule(),
    '10:00',
    facts({ run: { ...RUN, scheduleVersion: 2 }, validFrom: instant('11:15') }),
    `fires: version ${FIELDS} run`,
    /by version 2 of the definition/,
  ],
  [
    'the definition was changed after it, and has no such time',
    schedule(),
    '10:30',
    facts({ validFrom: instant('11:15') }),
    'does not: version month day hour minute',
    'minute 30 is not 0',
  ],
  [
    'before the schedule was created',
    schedule(),
    '08:00',
    null,
    `does not: ${FIELDS} createdAt`,
    `the schedule was created later, at ${DAY}09:00:00.000Z`,
  ],
  ['before the schedule was created, none of its times', schedule(), '08:30', null, 'does not: month day hour minute', /30/],
  [
    'held back by a pause that goes on',
    schedule({ state: 'PAUSED', pause: PAUSE, nextScheduledFor: instant('12:00') }),
    '12:00',
    facts(),
    `does not: ${FIELDS} pause`,
    /by admin: looking around$/,
  ],
  [
    'before the pause',
    schedule({ state: 'PAUSED', pause: PAUSE }),
    '11:00',
    facts(),
    `does not: ${FIELDS} ledger`,
    'the ledger has neither a run nor a verdict of it',
  ],
  [
    'deleted by then',
    schedule({ deletedAt: instant('11:30') }),
    '12:00',
    facts(),
    `does not: ${FIELDS} deleted`,
    `the schedule is deleted since ${DAY}11:30:00.000Z`,
  ],
  ['deleted later', schedule({ deletedAt: instant('12:05') }), '12:00', facts({ run: RUN }), `fires: ${FIELDS} run`, /run_1/],
  [
    'due this moment',
    schedule({ nextScheduledFor: instant('12:00') }),
    '12:00',
    facts(),
    `does not: ${FIELDS} ledger`,
    'it is due and has no verdict yet: a moment later there will be one',
  ],
];
for (const [rule, of, when, known, expected, message] of [...future, ...past]) {
  test(`${future.some(([each]) => each === rule) ? 'what is planned' : 'what happened'}: ${rule}`, () => {
    const [causes, decided] = told(of, when, known);
    assert.equal(causes, expected);
    if (typeof message === 'string') assert.equal(decided, message);
    else assert.match(decided ?? '', message);
  });
}
