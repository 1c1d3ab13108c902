import assert from 'node:assert/strict';
import { test } from 'node:test';
import { addSchedule, addTask, backfill, openParts, pause } from '../support/parts.ts';
import { insertRuns } from '../../src/store/runs.ts';
import { newRun } from '../support/runs.ts';

/** What the database itself refuses, whoever writes it. `run`, `sch`, `task` and `bfl` stand for rows that are sound. */
const LATER = `'2026-03-02T01:00:00Z'`;
const copy = (table: string, changes: string) =>
  `INSERT INTO "${table}" SELECT (jsonb_populate_record(x, '${changes}')).* FROM "${table}" x WHERE id = $1`;
const refused: { rule: string; on: 'run' | 'sch' | 'task' | 'bfl'; sql: string; by: string }[] = [
  {
    rule: 'a run that is RUNNING without a lease',
    on: 'run',
    sql: `UPDATE run SET state = 'RUNNING' WHERE id = $1`,
    by: 'run_lease_check',
  },
  {
    rule: 'a lease without an end',
    on: 'run',
    sql: `UPDATE run SET state = 'RUNNING', lease = 'l' WHERE id = $1`,
    by: 'run_lease_check',
  },
  {
    rule: 'a lease on a run that is only queued',
    on: 'run',
    sql: `UPDATE run SET lease = 'l', lease_expires_at = ${LATER} WHERE id = $1`,
    by: 'run_lease_check',
  },
  {
    rule: 'a run that ended without an instant',
    on: 'run',
    sql: `UPDATE run SET state = 'SUCCEEDED' WHERE id = $1`,
    by: 'run_finished_check',
  },
  {
    rule: 'an end of a run that goes on',
    on: 'run',
    sql: `UPDATE run SET finished_at = ${LATER} WHERE id = $1`,
    by: 'run_finished_check',
  },
  {
    rule: 'a retry without an instant',
    on: 'run',
    sql: `UPDATE run SET state = 'RETRY_WAIT' WHERE id = $1`,
    by: 'run_retry_check',
  },
  {
    rule: 'an instant of a retry that is none',
    on: 'run',
    sql: `UPDATE run SET retry_at = ${LATER} WHERE id = $1`,
    by: 'run_retry_check',
  },
  {
    rule: 'a state of a run that does not exist',
    on: 'run',
    sql: `UPDATE run SET state = 'RESTING' WHERE id = $1`,
    by: 'run_state_check',
  },
  {
    rule: 'an origin that does not exist',
    on: 'run',
    sql: `UPDATE run SET origin = 'NOWHERE' WHERE id = $1`,
    by: 'run_origin_check',
  },
  { rule: 'an attempt before the first', on: 'run', sql: `UPDATE run SET attempt = 0 WHERE id = $1`, by: 'run_attempt_check' },
  {
    rule: 'an occurrence of no schedule',
    on: 'run',
    sql: `UPDATE run SET schedule_id = NULL WHERE id = $1`,
    by: 'run_schedule_check',
  },
  {
    rule: 'a second run of an occurrence',
    on: 'run',
    sql: copy('run', '{"id": "other", "origin": "CATCH_UP"}'),
    by: 'run_occurrence_key',
  },
  {
    rule: 'a run that fills the past for nobody',
    on: 'run',
    sql: `UPDATE run SET origin = 'BACKFILL' WHERE id = $1`,
    by: 'run_backfill_check',
  },
  {
    rule: 'a backfill that is over before all of its runs are written',
    on: 'bfl',
    sql: `UPDATE backfill SET state = 'COMPLETED', finished_at = ${LATER} WHERE id = $1`,
    by: 'backfill_written_check',
  },
  {
    rule: 'a backfill that goes on after its end',
    on: 'bfl',
    sql: `UPDATE backfill SET finished_at = ${LATER} WHERE id = $1`,
    by: 'backfill_finished_check',
  },
  {
    rule: 'a backfill of more than 100 at once',
    on: 'bfl',
    sql: `UPDATE backfill SET concurrency = 101 WHERE id = $1`,
    by: 'backfill_concurrency_check',
  },
  {
    rule: 'a second run of an occurrence in a backfill',
    on: 'bfl',
    sql: `INSERT INTO run SELECT (jsonb_populate_record(x, '{"id": "other"}')).* FROM run x WHERE backfill_id = $1`,
    by: 'run_backfill_key',
  },
  {
    rule: 'a pause without a reason',
    on: 'sch',
    sql: `UPDATE schedule SET state = 'PAUSED' WHERE id = $1`,
    by: 'schedule_pause_check',
  },
  {
    rule: 'a reason for a pause that is none',
    on: 'sch',
    sql: `UPDATE schedule SET pause = '{}' WHERE id = $1`,
    by: 'schedule_pause_check',
  },
  {
    rule: 'a completed schedule that is due again',
    on: 'sch',
    sql: `UPDATE schedule SET state = 'COMPLETED' WHERE id = $1`,
    by: 'schedule_completed_check',
  },
  {
    rule: 'an effective instant without a nominal one',
    on: 'sch',
    sql: `UPDATE schedule SET next_scheduled_for = NULL WHERE id = $1`,
    by: 'schedule_next_check',
  },
  {
    rule: 'a state of a schedule that does not exist',
    on: 'sch',
    sql: `UPDATE schedule SET state = 'RESTING' WHERE id = $1`,
    by: 'schedule_state_check',
  },
  {
    rule: 'an overlap policy that does not exist',
    on: 'sch',
    sql: `UPDATE schedule SET overlap_policy = 'ANY' WHERE id = $1`,
    by: 'schedule_overlap_check',
  },
  {
    rule: 'a version before the first',
    on: 'sch',
    sql: `UPDATE schedule SET version = 0 WHERE id = $1`,
    by: 'schedule_version_check',
  },
  { rule: 'a second schedule of a name', on: 'sch', sql: copy('schedule', '{"id": "other"}'), by: 'schedule_name_key' },
  {
    rule: 'a schedule of no task',
    on: 'sch',
    sql: `UPDATE schedule SET task_id = 'none' WHERE id = $1`,
    by: 'schedule_task_id_fkey',
  },
  {
    rule: 'a count of changed calendars below none',
    on: 'sch',
    sql: `UPDATE schedule SET calendar_stamp = -1 WHERE id = $1`,
    by: 'schedule_calendar_stamp_check',
  },
  {
    rule: 'a calendar without a name',
    on: 'sch',
    sql: `INSERT INTO calendar VALUES ($1, '', 'UTC', '[]', now(), now())`,
    by: 'calendar_name_check',
  },
  {
    rule: 'a calendar of more dates than anybody can read',
    on: 'sch',
    sql: `INSERT INTO calendar SELECT $1, 'c', 'UTC', jsonb_agg(n), now(), now() FROM generate_series(1, 10001) n`,
    by: 'calendar_dates_check',
  },
  {
    rule: 'dates that are no list',
    on: 'sch',
    sql: `INSERT INTO calendar VALUES ($1, 'c', 'UTC', '{}', now(), now())`,
    by: 'calendar_dates_check',
  },
  {
    rule: 'a ledger row of one occurrence that spans more',
    on: 'sch',
    sql: `INSERT INTO occurrence VALUES ('o', $1, now(), now() + interval '1 s', 1, 'MISSED', '', 1, now())`,
    by: 'occurrence_count_check',
  },
  {
    rule: 'a ledger row that ends before it begins',
    on: 'sch',
    sql: `INSERT INTO occurrence VALUES ('o', $1, now(), now() - interval '1 s', 2, 'MISSED', '', 1, now())`,
    by: 'occurrence_count_check',
  },
  {
    rule: 'a verdict that does not exist',
    on: 'sch',
    sql: `INSERT INTO occurrence VALUES ('o', $1, now(), now(), 1, 'LOST', '', 1, now())`,
    by: 'occurrence_verdict_check',
  },
  { rule: 'an HTTP task without a request', on: 'task', sql: `UPDATE task SET http = NULL WHERE id = $1`, by: 'task_http_check' },
  { rule: 'a code task with a request', on: 'task', sql: `UPDATE task SET kind = 'CODE' WHERE id = $1`, by: 'task_http_check' },
  {
    rule: 'a kind of task that does not exist',
    on: 'task',
    sql: `UPDATE task SET kind = 'MAGIC', http = NULL WHERE id = $1`,
    by: 'task_kind_check',
  },
  {
    rule: 'a retention that says nothing',
    on: 'task',
    sql: `UPDATE task SET retention = '{"runsMs": null, "count": null}' WHERE id = $1`,
    by: 'task_retention_check',
  },
  {
    rule: 'a retention that keeps nothing',
    on: 'task',
    sql: `UPDATE task SET retention = '{"runsMs": 0, "count": 1}' WHERE id = $1`,
    by: 'task_retention_check',
  },
  { rule: 'a second task of a key', on: 'task', sql: copy('task', '{"id": "other"}'), by: 'task_key_key' },
  { rule: 'the end of a task that has schedules', on: 'task', sql: `DELETE FROM task WHERE id = $1`, by: 'task_id_fkey' },
  {
    rule: 'a kind of change that does not exist',
    on: 'task',
    sql: `INSERT INTO event (at, topic, kind, subject_id) VALUES (now(), 'task', 'TOUCHED', $1)`,
    by: 'event_kind_check',
  },
  {
    rule: 'a role that does not exist',
    on: 'task',
    sql: `INSERT INTO api_token (id, name, role, hash, created_at, created_by) VALUES ('t', 't', 'KING', $1, now(), '{}')`,
    by: 'api_token_role_check',
  },
];

test('the database refuses what must never be', async (t) => {
  const parts = await openParts(t);
  const task = await addTask(parts);
  const sch = await addSchedule(parts);
  const run = await newRun(parts, { scheduleId: sch.id, origin: 'SCHEDULE' });
  await insertRuns(parts.store.sql, parts.clock.now(), [run]);
  const trigger = { cron: { expression: '* * * * *' } };
  const filled = await addSchedule(parts, { name: 'filled', trigger });
  const range = { from: new Date(parts.clock.now() - 120_000), until: new Date(parts.clock.now()) };
  const bfl = await backfill(parts, filled.id, { range });
  const ids = { run: run.id, sch: sch.id, task: task.id, bfl: bfl.id };
  for (const { rule, on, sql, by } of refused) {
    await t.test(rule, async () => {
      await assert.rejects(parts.store.sql.query(sql, [ids[on]]), (error: { constraint?: string }) => {
        assert.match(String(error.constraint), new RegExp(`${by}$`), String(error));
        return true;
      });
    });
  }
  await t.test('and a paused schedule, with its reason, is sound', async () => {
    assert.equal((await pause(parts, sch.id)).count, 1);
  });
});
