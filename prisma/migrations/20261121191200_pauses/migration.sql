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

-- The claim reads only this: what is held back is not in it.
DROP INDEX "schedule_due_idx";
CREATE INDEX "schedule_due_idx" ON "schedule"((coalesce("next_fire_at", "next_scheduled_for")))
  WHERE "state" = 'ACTIVE' AND "deleted_at" IS NULL AND "next_scheduled_for" IS NOT NULL AND "hold" IS NULL;

-- Whoever writes a schedule's next fire and forgets what holds it back is refused.
ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_hold_check" CHECK ("hold" IS NULL OR "next_fire_at" IS NULL),
  ADD CONSTRAINT "schedule_resume_check" CHECK ("resume_at" IS NULL OR "pause" IS NOT NULL OR "hold" IS NOT NULL),
  ADD CONSTRAINT "schedule_pause_after_failures_check" CHECK ("pause_after_failures" BETWEEN 1 AND 1000);

ALTER TABLE "task"
  ADD CONSTRAINT "task_resume_check" CHECK ("resume_at" IS NULL OR "pause" IS NOT NULL);

COMMIT;
