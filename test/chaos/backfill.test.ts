import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createTestDatabase, query } from '../support/database.ts';
import { createHttpTask, createSchedule } from '../support/httpSchedule.ts';
import { BACKFILL, BACKFILL_SCHEDULE } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import { startReceiver } from '../support/receiver.ts';
import { until } from '../support/until.ts';

const TOTAL = 60;
const CONCURRENCY = 3;

interface View {
  id: string;
  state: string;
  total: number;
  finished: number;
  failed: number;
}

test(
  'kill -9 in the middle of a backfill: after the restart it goes on where it was, runs each instant once, and is COMPLETED',
  { timeout: 90_000 },
  async (t) => {
    const home = await createHome(t);
    const databaseUrl = await createTestDatabase(t, () => home.close());
    const sent = new Map<string, number[]>();
    // The fourth to sixth request are never answered: the kill finds their runs under way.
    const url = await startReceiver(t, (call) => {
      const attempts = sent.get(call.runId) ?? [];
      sent.set(call.runId, [...attempts, call.attempt]);
      if (call.attempt > 1 || sent.size <= 3 || sent.size > 6) call.answer({ attempt: call.attempt });
    });
    const killed = await home.start({ DATABASE_URL: databaseUrl });
    await createHttpTask(killed, 'work', url, { retry: { maxAttempts: 2 } });
    await createSchedule(killed, 'work', 'minutely', { trigger: { cron: { expression: '* * * * *' } } });
    const range = { from: '2026-03-01T00:00:00Z', until: '2026-03-01T01:00:00Z' };
    const input = { ref: { name: 'minutely' }, range, concurrency: CONCURRENCY };
    const { data } = await killed.ask<{ backfillSchedule: { backfill: View } }>(BACKFILL_SCHEDULE, { input });
    const { id, total } = data.backfillSchedule.backfill;
    assert.equal(total, TOTAL);
    await until(() => sent.size === 6);
    await killed.end('SIGKILL');

    const carillon = await home.start({ DATABASE_URL: databaseUrl });
    const done = await until(async () => {
      const answer = await carillon.ask<{ backfill: View }>(BACKFILL, { id });
      return answer.data.backfill.state !== 'RUNNING' && answer.data.backfill;
    }, 30_000);
    assert.deepEqual([done.state, done.finished, done.failed], ['COMPLETED', TOTAL, 0]);
    const runs = await query<{ id: string; at: Date; state: string; attempt: number }>(
      databaseUrl,
      `SELECT id, scheduled_for AS at, state, attempt FROM run WHERE backfill_id = '${id}' ORDER BY scheduled_for`,
    );
    const minute = (index: number) => new Date(Date.parse(range.from) + index * 60_000).toISOString();
    assert.deepEqual(
      runs.map(({ at }) => at.toISOString()),
      Array.from({ length: TOTAL }, (_, index) => minute(index)),
    );
    assert.ok(runs.every(({ state }) => state === 'SUCCEEDED'));
    const twice = runs.filter(({ attempt }) => attempt === 2);
    assert.equal(twice.length, CONCURRENCY, 'what was under way is what was tried again');
    for (const run of runs) assert.deepEqual(sent.get(run.id), run.attempt === 2 ? [1, 2] : [1]);
  },
);
