-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "buffer_limit" INTEGER NOT NULL DEFAULT 100;

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "waits_for" TEXT;

UPDATE "run" SET "waits_for" = 'SCHEDULE' WHERE "state" = 'BUFFERED';

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_buffer_check" CHECK ("buffer_limit" BETWEEN 1 AND 10000);

ALTER TABLE "run"
  ADD CONSTRAINT "run_waits_check" CHECK ("waits_for" IN ('SCHEDULE', 'TASK', 'SLOT'));

-- What waits for a place: empty as long as nothing does.
CREATE INDEX "run_waits_idx" ON "run"("task_id") WHERE "waits_for" IS NOT NULL;

COMMIT;
