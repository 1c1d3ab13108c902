-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- Runs whose instants lie more than an hour apart: started long after they were due, as those of backfills, or long at work. Lists in another
-- order than that of what they are asked by look at each of these, and find the others by the instant that they are asked by. It has what such a list
-- asks for most, so that the runs themselves need not be read.
CREATE INDEX "run_apart_idx" ON "run"("scheduled_for", "finished_at", "started_at", "task_id", "schedule_id", "id")
  WHERE greatest("scheduled_for", "started_at", "finished_at") - least("scheduled_for", "started_at", "finished_at") > interval '1 hour';

COMMIT;
