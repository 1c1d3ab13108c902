-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- AlterTable
ALTER TABLE "run" ADD COLUMN     "log_bytes" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "log_lines" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "logs_truncated" BOOLEAN NOT NULL DEFAULT false;

-- CreateTable
CREATE TABLE "run_step" (
    "run_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "place" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "output" JSONB,
    "error" JSONB,

    CONSTRAINT "run_step_pkey" PRIMARY KEY ("run_id","name")
);

-- CreateTable
CREATE TABLE "log_line" (
    "run_id" TEXT NOT NULL,
    "seq" INTEGER NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "level" TEXT NOT NULL,
    "message" TEXT NOT NULL,
    "attempt" INTEGER NOT NULL,
    "step" TEXT,
    "fields" JSONB,

    CONSTRAINT "log_line_pkey" PRIMARY KEY ("run_id","seq")
);

-- AddForeignKey
ALTER TABLE "run_step" ADD CONSTRAINT "run_step_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "log_line" ADD CONSTRAINT "log_line_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;

ALTER TABLE "run"
  ADD CONSTRAINT "run_logs_check" CHECK ("log_lines" >= 0 AND "log_bytes" >= 0);

ALTER TABLE "run_step"
  ADD CONSTRAINT "run_step_name_check" CHECK (char_length("name") BETWEEN 1 AND 200),
  ADD CONSTRAINT "run_step_state_check" CHECK ("state" IN ('RUNNING', 'SUCCEEDED', 'FAILED')),
  ADD CONSTRAINT "run_step_finished_check" CHECK (("state" = 'RUNNING') = ("finished_at" IS NULL)),
  ADD CONSTRAINT "run_step_attempt_check" CHECK ("attempt" >= 0);

ALTER TABLE "log_line"
  ADD CONSTRAINT "log_line_level_check" CHECK ("level" IN ('TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR')),
  ADD CONSTRAINT "log_line_fields_check" CHECK (jsonb_typeof("fields") = 'object');

COMMIT;
