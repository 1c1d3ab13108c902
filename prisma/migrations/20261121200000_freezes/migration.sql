-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "freezes" JSONB NOT NULL DEFAULT '[]';

-- CreateTable
CREATE TABLE "freeze" (
    "id" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "from" TIMESTAMPTZ(3) NOT NULL,
    "until" TIMESTAMPTZ(3) NOT NULL,
    "select" JSONB NOT NULL,
    "exit" TEXT NOT NULL,
    "by" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "ended_at" TIMESTAMPTZ(3),
    "suppressed" INTEGER NOT NULL DEFAULT 0,

    CONSTRAINT "freeze_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "freeze_until_idx" ON "freeze"("until");

ALTER TABLE "freeze"
  ADD CONSTRAINT "freeze_exit_check" CHECK ("exit" IN ('SKIP', 'FIRE_ONCE', 'FIRE_ALL')),
  ADD CONSTRAINT "freeze_until_check" CHECK ("until" > "from" OR ("until" = "from" AND "ended_at" IS NOT NULL)),
  ADD CONSTRAINT "freeze_suppressed_check" CHECK ("suppressed" >= 0);

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_freezes_check" CHECK (jsonb_typeof("freezes") = 'array');

-- Who is in a freeze: empty as long as there is none.
CREATE INDEX "schedule_freezes_idx" ON "schedule" USING GIN ("freezes" jsonb_path_ops) WHERE "freezes" <> '[]' AND "deleted_at" IS NULL;

COMMIT;
