-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "schedule" ADD COLUMN     "horizon" JSONB,
ADD COLUMN     "zone_data" TEXT;

COMMIT;
