-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "retention" JSONB;

-- What says how much is removed must not be able to say everything.
ALTER TABLE "task" ADD CONSTRAINT "task_retention_check" CHECK ("retention" IS NULL OR (
  ("retention"->>'runsMs' IS NOT NULL OR "retention"->>'count' IS NOT NULL)
  AND coalesce(("retention"->>'runsMs')::float8, 3600000) >= 3600000 AND coalesce(("retention"->>'count')::int, 1) >= 1));

-- Figures of ended runs are read from this alone. Partial, so that a run enters it once, when it ends, and not with each step before.
CREATE INDEX "run_stats_idx" ON "run"("schedule_id", "scheduled_for") INCLUDE ("state", "lateness_ms", "started_at", "finished_at")
  WHERE "finished_at" IS NOT NULL;

-- The newest ended runs of a task that no schedule has made, for its retention.
CREATE INDEX "run_without_schedule_idx" ON "run"("task_id", "scheduled_for") WHERE "schedule_id" IS NULL AND "finished_at" IS NOT NULL;

COMMIT;
