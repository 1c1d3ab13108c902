import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import { createOutage } from '../src/outage.ts';

const REFUSED = Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const TERMINATED = new Error('Connection terminated unexpectedly');

/** Lines of level info and above, each as 'warn the engine: …'. */
function open() {
  const lines: string[] = [];
  const shown: (string | undefined)[] = [];
  const write = (line: string) => {
    const { level, msg, reason, err } = JSON.parse(line) as { level: number; msg: string; reason?: string; err?: object };
    lines.push(`${pino.levels.labels[level]} ${msg}`);
    if (level > pino.levels.values['info']!) shown.push(err === undefined ? reason : 'a stack');
  };
  return { lines, shown, outage: createOutage('the engine', pino({ level: 'info' }, { write })) };
}
const AWAY = 'warn the engine: the database is away; it is tried again until it is back';
const BACK = 'info the engine: the database is back';
const FAILED = 'error the engine: failed; it is tried again';
const WORKS = 'info the engine: works again';

const cases: { rule: string; course: (Error | 'over')[]; said: string[] }[] = [
  { rule: 'nothing failed: nothing is said', course: ['over', 'over'], said: [] },
  {
    rule: 'an outage is one line, in whatever words it comes, and its end another',
    course: [TERMINATED, REFUSED, REFUSED, 'over', 'over'],
    said: [AWAY, BACK],
  },
  { rule: 'a second outage is said again', course: [REFUSED, 'over', REFUSED, 'over'], said: [AWAY, BACK, AWAY, BACK] },
  {
    rule: 'another error is an error, said once while it is the same',
    course: [new Error('a'), new Error('a'), new Error('b'), 'over'],
    said: [FAILED, FAILED, WORKS],
  },
  { rule: 'an error that follows an outage is said', course: [REFUSED, new Error('a'), 'over'], said: [AWAY, FAILED, WORKS] },
];
for (const { rule, course, said } of cases) {
  test(rule, () => {
    const { lines, outage } = open();
    for (const event of course) {
      if (event === 'over') outage.over();
      else outage.failed(event);
    }
    assert.deepEqual(lines, said);
  });
}

const aways: { rule: string; error: unknown; reason: string }[] = [
  {
    rule: 'a connection that broke before it was asked',
    error: new Error('Client has encountered a connection error and is not queryable'),
    reason: 'Client has encountered a connection error and is not queryable',
  },
  {
    rule: 'a copy of an error, as pg-boss makes it',
    error: { code: '57P02', message: 'terminating connection', stack: 'Error: …', queue: 'http' },
    reason: 'terminating connection',
  },
  {
    rule: 'a copy of an error without a code',
    error: { message: 'Connection terminated unexpectedly', stack: 'Error: …' },
    reason: 'Connection terminated unexpectedly',
  },
  {
    rule: 'what has no message at all',
    error: { code: 'ECONNREFUSED', cause: { secret: 'deep' } },
    reason: "{ code: 'ECONNREFUSED', cause: [Object] }",
  },
];
for (const { rule, error, reason } of aways) {
  test(`${rule} is an outage, with its reason and without a stack`, () => {
    const { lines, shown, outage } = open();
    outage.failed(error);
    assert.deepEqual([lines, shown], [[AWAY], [reason]]);
  });
}

test('it is tried again after 0.1 s, then ever more patiently, after 2 s at the latest; after a success from the beginning', () => {
  const { outage } = open();
  const waits = () => Array.from({ length: 7 }, () => outage.failed(REFUSED));
  assert.deepEqual(waits(), [100, 200, 500, 1_000, 2_000, 2_000, 2_000]);
  assert.equal(outage.over(), true);
  assert.equal(outage.over(), false);
  assert.equal(outage.failed(REFUSED), 100);
});
