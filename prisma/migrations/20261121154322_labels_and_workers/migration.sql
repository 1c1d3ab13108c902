-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "task" ADD COLUMN     "labels" JSONB NOT NULL DEFAULT '{}';

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "consecutive_failures" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "end_at" TIMESTAMPTZ(3),
ADD COLUMN     "labels" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "managed_by" TEXT,
ADD COLUMN     "start_at" TIMESTAMPTZ(3);

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "labels" JSONB NOT NULL DEFAULT '{}',
ADD COLUMN     "lateness_ms" DOUBLE PRECISION,
ADD COLUMN     "progress" JSONB;

-- CreateTable
CREATE TABLE "worker_task" (
    "worker_id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,

    CONSTRAINT "worker_task_pkey" PRIMARY KEY ("worker_id","task_id")
);

-- CreateIndex
CREATE INDEX "worker_task_task_id_idx" ON "worker_task"("task_id");

-- CreateIndex
CREATE INDEX "run_started_at_id_idx" ON "run"("started_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "run_finished_at_id_idx" ON "run"("finished_at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "run_task_id_finished_at_idx" ON "run"("task_id", "finished_at" DESC);

-- AddForeignKey
ALTER TABLE "worker_task" ADD CONSTRAINT "worker_task_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "worker_task" ADD CONSTRAINT "worker_task_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- What runs that have started already know of their lateness stands in their first attempt.
UPDATE "run" SET "lateness_ms" = extract(epoch FROM a."started_at" - "run"."effective_at") * 1000
  FROM "attempt" a WHERE a."run_id" = "run"."id" AND a."number" = 1;

-- What waits for a worker that is gone is looked for every two seconds.
CREATE INDEX "run_local_idx" ON "run"("local_worker_id")
  WHERE "local_worker_id" IS NOT NULL AND "state" IN ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RETRY_WAIT');

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_failures_check" CHECK ("consecutive_failures" >= 0),
  ADD CONSTRAINT "schedule_bounds_check" CHECK ("start_at" IS NULL OR "end_at" IS NULL OR "start_at" <= "end_at");

COMMIT;
