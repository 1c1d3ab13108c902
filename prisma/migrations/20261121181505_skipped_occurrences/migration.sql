-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "skip_count" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "skipped_occurrence" (
    "schedule_id" TEXT NOT NULL,
    "scheduled_for" TIMESTAMPTZ(3) NOT NULL,
    "reason" TEXT NOT NULL,
    "by" JSONB NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "skipped_occurrence_pkey" PRIMARY KEY ("schedule_id","scheduled_for")
);

-- AddForeignKey
ALTER TABLE "skipped_occurrence" ADD CONSTRAINT "skipped_occurrence_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_skip_count_check" CHECK ("skip_count" BETWEEN 0 AND 100);

-- When all that is left is skipped, nothing fires any more, and there is a verdict to be written all the same.
ALTER TABLE "schedule" DROP CONSTRAINT IF EXISTS "schedule_next_check";
ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_next_check" CHECK ("next_scheduled_for" IS NOT NULL OR "next_fire_at" IS NULL);

-- The claim reads only this: its cost does not grow with the number of schedules.
DROP INDEX IF EXISTS "schedule_due_idx";
CREATE INDEX "schedule_due_idx" ON "schedule"((coalesce("next_fire_at", "next_scheduled_for")))
  WHERE "state" = 'ACTIVE' AND "deleted_at" IS NULL AND "next_scheduled_for" IS NOT NULL;

COMMIT;
