-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- What lists look for among many that are not it. Partial: a run that succeeds on time enters none of these, nor does a fire.
CREATE INDEX "run_unsuccessful_idx" ON "run"("scheduled_for" DESC, "id" DESC, "state") WHERE "state" IN ('FAILED', 'TIMED_OUT', 'CANCELED');
CREATE INDEX "run_unsuccessful_task_idx" ON "run"("task_id", "scheduled_for" DESC, "id" DESC, "state") WHERE "state" IN ('FAILED', 'TIMED_OUT', 'CANCELED');
CREATE INDEX "run_unsuccessful_schedule_idx" ON "run"("schedule_id", "scheduled_for" DESC, "id" DESC, "state") WHERE "state" IN ('FAILED', 'TIMED_OUT', 'CANCELED');
CREATE INDEX "run_off_schedule_idx" ON "run"("scheduled_for" DESC, "id" DESC, "origin") WHERE "origin" <> 'SCHEDULE';
CREATE INDEX "run_late_idx" ON "run"("lateness_ms") WHERE "lateness_ms" >= 1000;
CREATE INDEX "run_labels_idx" ON "run" USING GIN ("labels") WHERE "labels" <> '{}';
CREATE INDEX "schedule_labels_idx" ON "schedule" USING GIN ("labels") WHERE "labels" <> '{}';
CREATE INDEX "schedule_failing_idx" ON "schedule"("id") WHERE "deleted_at" IS NULL AND "consecutive_failures" > 0;
CREATE INDEX "schedule_deleted_name_idx" ON "schedule"("name") WHERE "deleted_at" IS NOT NULL;
-- What does not fire: paused, completed, held back, or without an instant.
CREATE INDEX "schedule_unplanned_idx" ON "schedule"("id") WHERE "deleted_at" IS NULL AND ("state" <> 'ACTIVE' OR "next_fire_at" IS NULL);

-- Whoever forgets a worker must find its runs.
CREATE INDEX "run_worker_idx" ON "run"("worker_id") WHERE "worker_id" IS NOT NULL;

-- Wider for lists, in place of those that were there: by task and next fire, and what wakes in order of ids where instants are equal.
DROP INDEX "schedule_task_id_idx";
CREATE INDEX "schedule_task_id_next_fire_at_idx" ON "schedule"("task_id", "next_fire_at");
DROP INDEX "schedule_due_idx";
CREATE INDEX "schedule_due_idx" ON "schedule"((coalesce("next_fire_at", "next_scheduled_for")), "id")
  WHERE "state" = 'ACTIVE' AND "deleted_at" IS NULL AND "next_scheduled_for" IS NOT NULL AND "hold" IS NULL;

-- Narrower: a schedule without calendars need not be in it, and it was with every fire. Not by <>, of which the planner has figures:
-- taken together with those of what is asked for, it would expect far too few rows.
DROP INDEX "schedule_calendar_names_idx";
CREATE INDEX "schedule_calendar_names_idx" ON "schedule" USING GIN ("calendar_names") WHERE cardinality("calendar_names") <> 0;

-- Whoever asks what tasks can run must find the few workers at work among all that were.
CREATE INDEX "worker_live_idx" ON "worker"("id") WHERE "state" IN ('STARTING', 'RUNNING');

-- For the retention of the ledger.
CREATE INDEX "occurrence_through_idx" ON "occurrence"("through");

COMMIT;
