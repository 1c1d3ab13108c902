import { DEFAULT_MISFIRE } from '../src/domain/due.ts';
import { POLICY } from './burst.ts';
import type { Bench } from './burst.ts';

/**
 * An installation that has been at work for a month, written by INSERT … SELECT: spread as in practice, which is unevenly. Few tasks and
 * schedules have most of the runs, nearly all runs have succeeded on time, and some of what one may ask for is rare or not there.
 */
export interface Sizes {
  runs: number;
  schedules: number;
}
export const TASKS = 200;
export const FAILING = 300;
export const WORKERS = 2_000;
const DAYS = 30;
const UNFINISHED = 500;
const BACKFILLS = 10;
const BY = JSON.stringify({ kind: 'SYSTEM', id: null, name: 'bench' });
const DST = JSON.stringify({ gap: null, overlap: null });

const SQL = {
  // Task 0 has left the code weeks ago: its runs are the oldest ones.
  tasks: `INSERT INTO task (id, key, "group", name, description, kind, scope, http, labels, execution, registered_at, updated_at)
    SELECT 'task_' || lpad(n::text, 3, '0'), 'group-' || n % 12 || '.task-' || n, 'group-' || n % 12, 'Task ' || n, 'Does the work number ' || n,
           CASE WHEN n % 3 = 0 THEN 'HTTP' ELSE 'CODE' END, CASE WHEN n % 50 = 1 THEN 'LOCAL' ELSE 'GLOBAL' END, CASE WHEN n % 3 = 0 THEN '{"url": "http://bench.invalid/"}'::jsonb END,
           jsonb_build_object('team', 'team-' || n % 10), '{"timeoutMs": null, "retry": null}', $1::timestamptz - interval '1 year', $1::timestamptz - n * interval '1 hour'
      FROM generate_series(0, $2::int) n`,
  workers: `INSERT INTO worker (id, hostname, pid, version, state, capacity, started_at, last_heartbeat_at)
    SELECT 'wrk_' || lpad(n::text, 5, '0'), 'host-' || n % 20, n, '1.0.0', CASE WHEN n > $2 - 20 THEN 'RUNNING' WHEN n % 7 = 0 THEN 'LOST' ELSE 'STOPPED' END, 50,
           $1::timestamptz - ($2 - n) * interval '20 minutes', CASE WHEN n > $2 - 20 THEN $1::timestamptz ELSE $1::timestamptz - ($2 - n - 20) * interval '20 minutes' END
      FROM generate_series(1, $2::int) n`,
  workerTasks: `INSERT INTO worker_task (worker_id, task_id) SELECT w.id, t.id FROM worker w, task t WHERE w.state = 'RUNNING' AND t.kind = 'CODE' AND t.id <> 'task_000'`,
  calendars: `INSERT INTO calendar (id, name, time_zone, dates, created_at, updated_at)
    SELECT 'cal_' || n, 'calendar-' || n, 'UTC', '["2026-12-25", "2026-12-26"]', $1, $1 FROM generate_series(1, 100) n`,
  // A fifth fires at midnight, when the day to come ends, the others in some minute of it; 300 of them fail.
  schedules: `INSERT INTO schedule (id, name, description, task_id, state, pause, trigger_spec, trigger_kind, time_zone, dst, overlap_policy, misfire, labels, managed_by,
      calendar_names, consecutive_failures, next_scheduled_for, next_fire_at, created_at, created_by, updated_at, updated_by)
    SELECT 'sch_' || lpad(n::text, 6, '0'), 'schedule ' || lpad((n * 7919 % $2)::text, 6, '0') || CASE WHEN n = 77777 % $2 THEN ' Jahresabschluß' ELSE '' END,
           CASE WHEN n % 2 = 0 THEN 'Sends the report of customer ' || n % 5000 END, 'task_' || lpad((1 + floor($3::int * power(n * 0.6180339887 % 1, 2)))::text, 3, '0'),
           state, CASE WHEN state = 'PAUSED' THEN jsonb_build_object('since', $1::timestamptz, 'until', NULL, 'reason', 'bench', 'by', $4::jsonb) END,
           jsonb_build_object('cron', jsonb_build_object('expression', n % 60 || ' * * * *')), CASE WHEN n % 10 < 7 THEN 'CRON' WHEN n % 10 < 9 THEN 'INTERVAL' ELSE 'CALENDAR' END,
           'UTC', $5::jsonb, 'SKIP', $6::jsonb,
           CASE WHEN n % 3 = 0 THEN jsonb_build_object('team', 'team-' || n % 10) ELSE '{}' END || CASE WHEN n % 10 = 0 THEN jsonb_build_object('customer', 'c-' || n % 5000) ELSE '{}' END,
           CASE WHEN n % 20 = 0 THEN 'task:group-' || n % 12 || '.task-' || n % 200 END,
           CASE WHEN n % 20 = 1 THEN '{calendar-1}'::text[] WHEN n % 10000 = 2 THEN '{calendar-2}'::text[] ELSE '{}' END,
           CASE WHEN n % ($2 / $7::int) = 0 THEN 1 + n % 5 ELSE 0 END, next, next,
           $1::timestamptz - n * interval '5 minutes', $4::jsonb, $1::timestamptz - n * 7919 % $2 * interval '4 minutes', $4::jsonb
      FROM (SELECT n, state, CASE WHEN state = 'COMPLETED' THEN NULL WHEN n % 5 = 0 THEN date_trunc('minute', $1::timestamptz) + interval '1 day'
                                  ELSE date_trunc('minute', $1::timestamptz) + (n * 104729::bigint % 1440) * interval '1 minute' END AS next
              FROM (SELECT n, CASE WHEN n % 100 = 3 THEN 'COMPLETED' WHEN n % 100 IN (4, 5, 6) THEN 'PAUSED' ELSE 'ACTIVE' END AS state FROM generate_series(1, $2::int) n) s) s`,
  // Two that should have fired.
  silent: `UPDATE schedule SET next_fire_at = $1::timestamptz - interval '10 minutes', next_scheduled_for = $1::timestamptz - interval '10 minutes'
    WHERE id IN ('sch_000100', 'sch_000200')`,
  backfills: `INSERT INTO backfill (id, schedule_id, task_id, schedule_version, policy, labels, state, "from", until, selection, newest_first, concurrency, total, written, failed,
      requested_by, created_at, updated_at, finished_at)
    SELECT 'bfl_' || n, s.id, s.task_id, 1, $2::jsonb, '{}', 'COMPLETED', $1::timestamptz - interval '60 days', $1::timestamptz, 'ALL', false, 10, 2000, 2000, 0, $3::jsonb, $1, $1, $1
      FROM generate_series(1, $4::int) n JOIN schedule s ON s.id = 'sch_' || lpad((n * 10)::text, 6, '0')`,
  // The last schedule had its runs when the month began. One backfill was at work after the other, on what had been due earlier in it.
  runs: `INSERT INTO run (id, task_id, schedule_id, schedule_version, state, origin, backfill_id, retry_of_id, scheduled_for, effective_at, created_at, queued_at, started_at,
      finished_at, retry_at, lateness_ms, max_attempts, policy, labels, output, error, worker_id, lease, lease_expires_at, job_id)
    SELECT 'run_' || lpad(to_hex(n), 32, '0'), coalesce(s.task_id, CASE WHEN n <= $2 / 2000 THEN 'task_000' ELSE 'task_' || lpad((1 + n % $6::int)::text, 3, '0') END), s.id, CASE WHEN s.id IS NOT NULL THEN 1 END, r.state, r.origin, r.backfill_id,
           CASE WHEN r.origin = 'RETRY' THEN 'run_' || lpad(to_hex(n - 1000), 32, '0') END, CASE WHEN r.origin = 'BACKFILL' THEN at - (at - $1::timestamptz + $9::float8 * interval '1 day') / 2 ELSE at END, at, at, CASE WHEN r.state NOT IN ('SCHEDULED', 'BUFFERED') THEN at END,
           CASE WHEN started THEN at + late * interval '1 ms' END, CASE WHEN ended THEN at + (late + took) * interval '1 ms' END,
           CASE WHEN r.state = 'RETRY_WAIT' THEN $1::timestamptz + interval '1 minute' END, CASE WHEN started THEN late END, 3, $4::jsonb, coalesce(s.labels, '{}'),
           CASE WHEN r.state = 'SUCCEEDED' THEN '{"status": 200}'::jsonb END, CASE WHEN r.state IN ('FAILED', 'TIMED_OUT') THEN '{"name": "Error", "message": "the target answered 500"}'::jsonb END,
           CASE WHEN started THEN 'wrk_' || lpad((1 + (n - 1)::bigint * ($7::int / 20) / $2 * 20 + floor(20 * luck))::text, 5, '0') END,
           CASE WHEN held THEN 'lease' END, CASE WHEN held THEN $1::timestamptz + interval '30 seconds' END, gen_random_uuid()
      FROM (SELECT *, state NOT IN ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING') AS ended, state IN ('RUNNING', 'CANCELING') AS held,
                   state NOT IN ('SCHEDULED', 'BUFFERED', 'QUEUED') AS started, CASE WHEN origin = 'BACKFILL' THEN 'bfl_' || backfill END AS backfill_id,
                   CASE WHEN origin = 'BACKFILL' THEN 10 * backfill WHEN n > $2 / 2000 AND n <= $2 / 100 AND origin <> 'MANUAL' THEN $3::int WHEN n > $2 / 2000 AND origin <> 'MANUAL' THEN 1 + floor($3::int * power(who, 3))::int END AS schedule_n
              FROM (SELECT n, random() AS luck, random() AS who, 1 + (n - 1) * $8::bigint / $2 AS backfill, $1::timestamptz - ($2::int - n) * ($9::float8 * 86400000 / $2) * interval '1 ms' AS at,
                           CASE WHEN n > $2 - $5::int THEN (ARRAY['QUEUED', 'RUNNING', 'QUEUED', 'RUNNING', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'BUFFERED', 'SCHEDULED', 'CANCELING'])[1 + n % 10]
                                WHEN n * 7919::bigint % 100000 < 20 THEN 'CANCELED' WHEN n * 7919::bigint % 100000 < 120 THEN 'TIMED_OUT' WHEN n * 7919::bigint % 100000 < 3120 THEN 'FAILED'
                                ELSE 'SUCCEEDED' END AS state,
                           CASE WHEN n <= $2 / 2000 THEN 'MANUAL' WHEN n * 104729::bigint % 1000 < 20 THEN 'BACKFILL' WHEN n * 104729::bigint % 1000 < 30 THEN 'CATCH_UP'
                                WHEN n * 104729::bigint % 1000 < 59 THEN 'MANUAL' WHEN n * 104729::bigint % 1000 < 60 AND n > 1000 THEN 'RETRY' ELSE 'SCHEDULE' END AS origin,
                           floor(5 + 100 * random() + CASE WHEN n % 10000 = 0 THEN 60000 WHEN n % 100 = 0 THEN 1000 ELSE 0 END) AS late, floor(20 + 2000 * random() * random()) AS took
                      FROM generate_series(1, $2::int) n) r) r
      LEFT JOIN schedule s ON s.id = 'sch_' || lpad(r.schedule_n::text, 6, '0')`,
  occurrences: `INSERT INTO occurrence (id, schedule_id, scheduled_for, through, count, verdict, reason, schedule_version, recorded_at)
    SELECT 'occ_' || lpad(n::text, 8, '0'), 'sch_' || lpad((1 + floor($3::int * power(random(), 3)))::text, 6, '0'), at, at + n % 3 * interval '1 minute', 1 + n % 3,
           (ARRAY['MISSED', 'OVERLAP_SKIPPED', 'FIRED'])[1 + n % 3], 'bench', 1, at
      FROM (SELECT n, $1::timestamptz - ($2::int - n) * ($4::float8 * 86400000 / $2) * interval '1 ms' AS at FROM generate_series(1, $2::int) n) o`,
  audit: `INSERT INTO audit_entry (id, at, actor, action, target_id, changes, source)
    SELECT 'aud_' || lpad(n::text, 8, '0'), $1::timestamptz - ($2::int - n) * interval '10 seconds', jsonb_build_object('kind', 'TOKEN', 'id', 'tok_' || floor(200 * power(random(), 3)), 'name', 'bench'),
           'schedule.update', 'sch_' || lpad((1 + floor($3::int * power(random(), 3)))::text, 6, '0'), '{"name": {"before": "a", "after": "b"}}', 'graphql' FROM generate_series(1, $2::int) n`,
  // 700 transactions: their ids must lie behind the current one.
  events: `INSERT INTO event (xid, at, topic, kind, subject_id, task_id, before, after)
    SELECT (1 + n::bigint * 700 / $2::int)::text::xid8, $1, 'run', 'UPDATED', 'run_' || lpad(to_hex(n), 32, '0'), 'task_001', '{"state": "RUNNING"}', '{"state": "SUCCEEDED"}'
      FROM generate_series(1, $2::int) n`,
  tokens: `INSERT INTO api_token (id, name, role, hash, created_at, created_by) SELECT 'tok_' || n, 'token ' || n, 'VIEWER', md5(n::text), $1::timestamptz - n * interval '1 day', $2::jsonb FROM generate_series(1, 200) n`,
  freezes: `INSERT INTO "freeze" (id, reason, "from", until, "select", exit, by, created_at)
    SELECT 'frz_' || n, 'bench', $1::timestamptz - n * interval '1 day', $1::timestamptz - (n - 1) * interval '1 day', '{"ids": []}', 'SKIP', $2::jsonb, $1 FROM generate_series(-5, 200) n`,
} as const;

/** @param now  epoch ms: everything lies before it, but what is planned */
export async function fillLists({ client }: Pick<Bench, 'client'>, now: number, { runs, schedules }: Sizes): Promise<void> {
  const at = new Date(now).toISOString();
  const add = (name: keyof typeof SQL, ...values: unknown[]) => client.query(SQL[name], values);
  await add('tasks', at, TASKS);
  await add('workers', at, WORKERS);
  await add('workerTasks');
  await add('calendars', at);
  await add('schedules', at, schedules, TASKS, BY, DST, JSON.stringify(DEFAULT_MISFIRE), FAILING);
  await add('silent', at);
  await add('backfills', at, JSON.stringify(POLICY), BY, BACKFILLS);
  await add('runs', at, runs, schedules, JSON.stringify(POLICY), UNFINISHED, TASKS, WORKERS, BACKFILLS, DAYS);
  await add('occurrences', at, Math.ceil(runs / 4), schedules, DAYS);
  await add('audit', at, Math.ceil(runs / 5), schedules);
  await add('events', at, Math.ceil(runs / 2));
  await add('tokens', at, BY);
  await add('freezes', at, BY);
  await client.query('VACUUM ANALYZE');
  await client.query('CHECKPOINT');
}
