-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "initial_delay_ms" INTEGER;

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "canceling_since" TIMESTAMPTZ(3),
ADD COLUMN     "overlap_policy" TEXT,
ADD COLUMN     "retry_of_id" TEXT;

-- AlterTable
ALTER TABLE "worker_task" ADD COLUMN     "ready_at" TIMESTAMPTZ(3);

ALTER TABLE "task"
  ADD CONSTRAINT "task_initial_delay_check" CHECK ("initial_delay_ms" IS NULL OR ("initial_delay_ms" > 0 AND "kind" = 'CODE'));

ALTER TABLE "run"
  ADD CONSTRAINT "run_retry_of_check" CHECK (("origin" = 'RETRY') = ("retry_of_id" IS NOT NULL)),
  ADD CONSTRAINT "run_overlap_check" CHECK ("overlap_policy" IN ('SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL'));

-- What the engine waits for.
CREATE INDEX "run_scheduled_idx" ON "run"("effective_at") WHERE "state" = 'SCHEDULED';
CREATE INDEX "run_retry_of_idx" ON "run"("retry_of_id") WHERE "retry_of_id" IS NOT NULL;
-- What a run by hand, or one that is due later, may run into: however much history the task has.
CREATE INDEX "run_task_unfinished_idx" ON "run"("task_id")
  WHERE "state" IN ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING');

COMMIT;
