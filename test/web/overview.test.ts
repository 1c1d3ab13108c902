import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attentionItems } from '../../web/src/pages/overview/attention.ts';
import type { AttentionFacts } from '../../web/src/pages/overview/attention.ts';
import { stepsDone } from '../../web/src/pages/overview/firstSteps.ts';
import { countOf, failedTrend, pathOf } from '../../web/src/pages/overview/trends.ts';

const NONE: AttentionFacts = { failing: [], silent: [], paused: [], freezes: [], unavailable: [], pausedTasks: [], missed: [] };
const AT = '2026-03-29T01:00:00.000Z';
const troubled = (id: string, more = {}) => ({
  id,
  name: `Schedule ${id}`,
  nextFireAt: AT,
  consecutiveFailures: 0,
  task: { id: 'task_1', key: 'job', state: 'IDLE' },
  lastRun: null,
  ...more,
});
const pause = (until: string | null) => ({ since: AT, until, reason: 'why', by: { id: 'tok_1', name: 'Ada' } });
const missed = (verdict: string, count: number) => ({ scheduledFor: AT, through: AT, count, verdict, reason: 'down' });

test('where nothing is the matter there is nothing', () => {
  assert.deepEqual(attentionItems(NONE), []);
});

test('each thing has the one thing to do about it, what is most pressing first', () => {
  const failure = { id: 'run_1', finishedAt: AT, error: { code: 'HTTP_STATUS', message: 'answered 500' } };
  const items = attentionItems({
    paused: [
      { id: 's1', name: 'Held', pause: pause(null) },
      { id: 's2', name: 'Held a while', pause: pause(AT) },
    ],
    pausedTasks: [{ id: 't1', key: 'job', pause: pause(null) }, { id: 't2', key: 'free', pause: null }],
    freezes: [{ id: 'f1', reason: 'move', from: AT, until: AT, suppressed: 3, by: { id: 'tok_1', name: null } }],
    missed: [{ id: 's3', name: 'Late', occurrences: { nodes: [missed('MISSED', 2), missed('FIRED', 9), missed('MISSED', 1)] } }],
    unavailable: [{ id: 't3', key: 'gone', nextFireAt: AT, schedules: { totalCount: 1 } }],
    failing: [troubled('s4', { consecutiveFailures: 4, lastRun: failure })],
    silent: [troubled('s5')],
  }); // prettier-ignore
  const said = items.map(({ kind, subject, text, action, when }) => [kind, subject, text, action.word, action.href, when]);
  assert.deepEqual(said, [
    ['SILENT', 'Schedule s5', 'was due, and nothing has come of it for more than a minute', 'Look at the workers', '/workers', 'since'],
    ['FAILING', 'Schedule s4', 'failed 4 times in a row: HTTP_STATUS, answered 500', 'Read the run', '/runs/run_1', 'last'],
    ['UNAVAILABLE', 'gone', 'no live worker has its code; 1 schedule waits for one', 'Look at the workers', '/workers', null],
    ['MISSED', 'Late', 'missed 3 occurrences in the last day: down', 'Make up for it', '/schedules/s3', 'last'],
    ['FROZEN', 'Freeze by tok_1', 'holds back 3 occurrences so far', 'Look at the freeze', '/freezes', 'until'],
    ['TASK_PAUSED', 'job', 'paused by Ada, until somebody resumes it', 'Resume', '/tasks/job', 'since'],
    ['PAUSED', 'Held', 'paused by Ada, until somebody resumes it', 'Resume', '/schedules/s1', 'since'],
    ['PAUSED', 'Held a while', 'paused by Ada', 'Resume', '/schedules/s2', 'until'],
  ]); // prettier-ignore
  assert.equal(new Set(items.map(({ key }) => key)).size, items.length);
});

test('what is silent for want of a worker is said once, by its task; a task that nothing is planned for waits for nobody', () => {
  const facts = {
    ...NONE,
    silent: [troubled('s1')],
    unavailable: [{ id: 'task_1', key: 'job', nextFireAt: AT, schedules: { totalCount: 2 } }],
  };
  assert.deepEqual(attentionItems(facts).map(({ kind, text }) => [kind, text]), [['UNAVAILABLE', 'no live worker has its code; 2 schedules wait for one']]); // prettier-ignore
  const idle = { ...NONE, unavailable: [{ id: 'task_1', key: 'job', nextFireAt: null, schedules: { totalCount: 0 } }] };
  assert.deepEqual(attentionItems(idle), []);
});

test('the first steps are those of people: what code tasks declare counts for none', () => {
  const node = (managedBy: string | null, ran: boolean) => ({ managedBy, lastRun: ran ? { id: 'run_1' } : null });
  const of = (nodes: ReturnType<typeof node>[], tasks = 0, totalCount = nodes.length) =>
    Object.values(stepsDone({ schedules: { totalCount, nodes }, tasks: { totalCount: tasks } }));
  assert.deepEqual(of([node('task:carillon.retention', true)]), [false, false, false]);
  assert.deepEqual(of([], 1), [true, false, false]);
  assert.deepEqual(of([node(null, false)]), [true, true, false]);
  assert.deepEqual(of([node('git', true)]), [true, true, true]);
  assert.deepEqual(of([node('task:x', false)], 0, 60), [true, true, true], 'more than are listed: no new server');
});

test('a trend is broken where nothing was measured, and a point alone is a dash', () => {
  assert.equal(pathOf([0, 5, 10], 20, 10), 'M0 10L10 5L20 0');
  assert.equal(pathOf([1, 1, null, 1], 30, 10), 'M0 0L10 0M29 0h2');
  assert.equal(pathOf([null, null], 30, 10), '');
  assert.equal(pathOf([0, 0], 30, 10), 'M0 10L30 10');
  const stats = { total: 3, byState: [{ state: 'FAILED', count: 1 }, { state: 'TIMED_OUT', count: 2 }], latenessP50Ms: null, latenessP95Ms: null }; // prettier-ignore
  assert.equal(countOf(stats, 'TIMED_OUT'), 2);
  assert.deepEqual(failedTrend([{ from: AT, until: AT, stats }]), [3]);
});
