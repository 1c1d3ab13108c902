import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retryAfterMs } from '../../src/task/retryAfter.ts';
import { executor, requestTo, runWith, serve } from './httpServer.ts';

const NOON = 'Mon, 02 Mar 2026 12:00:00 GMT';
const cases: { rule: string; status?: number; asked: string | undefined; date?: string; waits: number | null }[] = [
  { rule: 'seconds', asked: '120', waits: 120_000 },
  { rule: 'of a server that is overrun, too', status: 503, asked: ' 5 ', waits: 5_000 },
  { rule: 'at once', asked: '0', waits: 0 },
  { rule: 'until a date, by the clock of the server', asked: 'Mon, 02 Mar 2026 12:01:30 GMT', date: NOON, waits: 90_000 },
  { rule: 'a date that has passed asks for nothing', asked: 'Mon, 02 Mar 2026 11:00:00 GMT', date: NOON, waits: null },
  { rule: 'a date of a server that does not say its time', asked: 'Mon, 02 Mar 2026 12:01:30 GMT', waits: null },
  { rule: 'any other status says nothing of when', status: 500, asked: '120', waits: null },
  { rule: 'nothing', asked: undefined, waits: null },
  { rule: 'no number', asked: 'soon', date: NOON, waits: null },
  { rule: 'a fraction', asked: '1.5', date: NOON, waits: null },
  { rule: 'less than nothing', asked: '-5', date: NOON, waits: null },
];
for (const { rule, status = 429, asked, date, waits } of cases) {
  test(`an answer asks to be left alone: ${rule}`, () => {
    const headers = { ...(asked !== undefined && { 'retry-after': asked }), ...(date !== undefined && { date }) };
    assert.equal(retryAfterMs(status, headers), waits);
  });
}

test('what a server asks for comes with the failure', async (t) => {
  const origin = await serve(t, (_request, response) => response.writeHead(429, { 'Retry-After': '7' }).end());
  const outcome = await executor(t).execute(requestTo(origin), runWith());
  assert.deepEqual([outcome.ok, !outcome.ok && outcome.retryAfterMs], [false, 7_000]);
});
