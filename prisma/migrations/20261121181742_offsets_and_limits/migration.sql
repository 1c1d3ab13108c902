-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "counted_runs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "jitter_ms" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "max_runs" INTEGER,
ADD COLUMN     "spread_ms" INTEGER NOT NULL DEFAULT 0;

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_offsets_check" CHECK ("spread_ms" BETWEEN 0 AND 86400000 AND "jitter_ms" BETWEEN 0 AND 86400000 AND ("spread_ms" = 0 OR "jitter_ms" = 0)),
  ADD CONSTRAINT "schedule_max_runs_check" CHECK ("max_runs" BETWEEN 1 AND 1000000000),
  ADD CONSTRAINT "schedule_counted_runs_check" CHECK ("counted_runs" >= 0);

-- What has run before the counter was there, with what retention has folded into the ledger.
UPDATE "schedule" SET "counted_runs" =
    (SELECT count(DISTINCT "scheduled_for") FROM "run" WHERE "schedule_id" = "schedule"."id" AND "origin" IN ('SCHEDULE', 'CATCH_UP'))
  + (SELECT coalesce(sum("count"), 0) FROM "occurrence" WHERE "schedule_id" = "schedule"."id" AND "verdict" = 'FIRED');

COMMIT;
