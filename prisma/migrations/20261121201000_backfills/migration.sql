-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "backfill_id" TEXT;

-- CreateTable
CREATE TABLE "backfill" (
    "id" TEXT NOT NULL,
    "schedule_id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "schedule_version" INTEGER NOT NULL,
    "policy" JSONB NOT NULL,
    "input" JSONB,
    "labels" JSONB NOT NULL,
    "state" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "selection" TEXT NOT NULL,
    "newest_first" BOOLEAN NOT NULL,
    "concurrency" INTEGER NOT NULL,
    "total" INTEGER NOT NULL,
    "written" INTEGER NOT NULL DEFAULT 0,
    "failed" INTEGER,
    "reason" TEXT,
    "requested_by" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),

    CONSTRAINT "backfill_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "backfill_instant" (
    "backfill_id" TEXT NOT NULL,
    "place" INTEGER NOT NULL,
    "scheduled_for" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "backfill_instant_pkey" PRIMARY KEY ("backfill_id","place")
);

-- AddForeignKey
ALTER TABLE "backfill" ADD CONSTRAINT "backfill_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backfill" ADD CONSTRAINT "backfill_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "backfill_instant" ADD CONSTRAINT "backfill_instant_backfill_id_fkey" FOREIGN KEY ("backfill_id") REFERENCES "backfill"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_backfill_id_fkey" FOREIGN KEY ("backfill_id") REFERENCES "backfill"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- One occurrence, one run in each backfill. Its pages are read by this too.
CREATE UNIQUE INDEX "run_backfill_key" ON "run"("backfill_id", "scheduled_for") WHERE "backfill_id" IS NOT NULL;
-- What is under way in its lane, and what failed: counted each time that one of its runs ends, or that somebody looks.
CREATE INDEX "run_backfill_unfinished_idx" ON "run"("backfill_id")
  WHERE "backfill_id" IS NOT NULL AND "state" IN ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING');
CREATE INDEX "run_backfill_failed_idx" ON "run"("backfill_id") WHERE "backfill_id" IS NOT NULL AND "state" IN ('FAILED', 'TIMED_OUT');
-- As small as the number of backfills that go on.
CREATE INDEX "backfill_running_idx" ON "backfill"("schedule_id") WHERE "state" = 'RUNNING';
CREATE INDEX "backfill_running_task_idx" ON "backfill"("task_id") WHERE "state" = 'RUNNING';

ALTER TABLE "run"
  ADD CONSTRAINT "run_backfill_check" CHECK (("origin" = 'BACKFILL') = ("backfill_id" IS NOT NULL));
ALTER TABLE "backfill"
  ADD CONSTRAINT "backfill_state_check" CHECK ("state" IN ('RUNNING', 'COMPLETED', 'CANCELED')),
  ADD CONSTRAINT "backfill_selection_check" CHECK ("selection" IN ('ALL', 'MISSING', 'MISSING_OR_FAILED')),
  ADD CONSTRAINT "backfill_range_check" CHECK ("from" < "until"),
  ADD CONSTRAINT "backfill_concurrency_check" CHECK ("concurrency" BETWEEN 1 AND 100),
  ADD CONSTRAINT "backfill_written_check" CHECK ("written" BETWEEN 0 AND "total" AND ("state" <> 'COMPLETED' OR "written" = "total")),
  ADD CONSTRAINT "backfill_finished_check" CHECK (("state" = 'RUNNING') = ("finished_at" IS NULL));

COMMIT;
