-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "calendar_names" TEXT[] NOT NULL DEFAULT ARRAY[]::TEXT[],
ADD COLUMN     "calendar_stamp" INTEGER NOT NULL DEFAULT 0;

-- CreateTable
CREATE TABLE "calendar" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "dates" JSONB NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "calendar_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "calendar_name_key" ON "calendar"("name");

-- CreateIndex
CREATE INDEX "schedule_calendar_names_idx" ON "schedule" USING GIN ("calendar_names");

ALTER TABLE "calendar"
  ADD CONSTRAINT "calendar_name_check" CHECK (char_length("name") BETWEEN 1 AND 200),
  ADD CONSTRAINT "calendar_dates_check" CHECK (jsonb_typeof("dates") = 'array' AND jsonb_array_length("dates") <= 10000);

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_calendar_stamp_check" CHECK ("calendar_stamp" >= 0);

COMMIT;
