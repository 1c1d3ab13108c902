-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "pause" JSONB,
ADD COLUMN     "resume_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "hold" JSONB,
ADD COLUMN     "pause_after_failures" INTEGER,
ADD COLUMN     "resume_at" TIMESTAMPTZ(3);

-- What the engine's timer asks for: as small as the number of pauses that end by themselves.
CREATE INDEX "schedule_resume_idx" ON "schedule"("resume_at") WHERE "deleted_at" IS NULL AND "resume_at" IS NOT NULL;
CREATE INDEX "task_resume_idx" ON "task"("resume_at") WHERE "deleted_at" IS NULL AND "resume_at" IS NOT NULL;

-- Whoever writes a schedule's next fire and forgets what holds it back is refused.
ALTER TABLE "schedule"
  DROP CONSTRAINT "schedule_next_check",
  ADD CONSTRAINT "schedule_next_check" CHECK (("next_fire_at" IS NULL) = ("next_scheduled_for" IS NULL OR "hold" IS NOT NULL)),
  ADD CONSTRAINT "schedule_resume_check" CHECK ("resume_at" IS NULL OR "pause" IS NOT NULL OR "hold" IS NOT NULL),
  ADD CONSTRAINT "schedule_pause_after_failures_check" CHECK ("pause_after_failures" BETWEEN 1 AND 1000);

ALTER TABLE "task"
  ADD CONSTRAINT "task_resume_check" CHECK ("resume_at" IS NULL OR "pause" IS NOT NULL);

COMMIT;
