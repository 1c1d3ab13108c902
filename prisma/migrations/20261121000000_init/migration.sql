-- One transaction: a crash in the middle leaves an empty database, not half a schema.
-- No semicolon may stand inside a comment or a string here: Prisma adapter splits the script at each one.
BEGIN;

-- CreateSchema
CREATE SCHEMA IF NOT EXISTS "public";

-- CreateTable
CREATE TABLE "task" (
    "id" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "group" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "kind" TEXT NOT NULL,
    "scope" TEXT NOT NULL DEFAULT 'GLOBAL',
    "http" JSONB,
    "input_schema" JSONB,
    "execution" JSONB NOT NULL,
    "registered_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "task_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "schedule" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "description" TEXT,
    "task_id" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "pause" JSONB,
    "version" INTEGER NOT NULL DEFAULT 1,
    "trigger_spec" JSONB NOT NULL,
    "trigger_kind" TEXT NOT NULL,
    "time_zone" TEXT NOT NULL,
    "dst" JSONB NOT NULL,
    "input" JSONB,
    "overlap_policy" TEXT NOT NULL,
    "misfire" JSONB NOT NULL,
    "execution" JSONB,
    "next_scheduled_for" TIMESTAMPTZ(3),
    "next_fire_at" TIMESTAMPTZ(3),
    "last_fire_at" TIMESTAMPTZ(3),
    "open_occurrence_id" TEXT,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" JSONB NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_by" JSONB NOT NULL,
    "deleted_at" TIMESTAMPTZ(3),

    CONSTRAINT "schedule_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "schedule_version" (
    "schedule_id" TEXT NOT NULL,
    "version" INTEGER NOT NULL,
    "spec" JSONB NOT NULL,
    "valid_from" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "schedule_version_pkey" PRIMARY KEY ("schedule_id","version")
);

-- CreateTable
CREATE TABLE "occurrence" (
    "id" TEXT NOT NULL,
    "schedule_id" TEXT NOT NULL,
    "scheduled_for" TIMESTAMPTZ(3) NOT NULL,
    "through" TIMESTAMPTZ(3) NOT NULL,
    "count" INTEGER NOT NULL DEFAULT 1,
    "verdict" TEXT NOT NULL,
    "reason" TEXT,
    "schedule_version" INTEGER NOT NULL,
    "recorded_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "occurrence_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "run" (
    "id" TEXT NOT NULL,
    "task_id" TEXT NOT NULL,
    "schedule_id" TEXT,
    "schedule_version" INTEGER,
    "local_worker_id" TEXT,
    "state" TEXT NOT NULL,
    "origin" TEXT NOT NULL,
    "scheduled_for" TIMESTAMPTZ(3) NOT NULL,
    "effective_at" TIMESTAMPTZ(3) NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "queued_at" TIMESTAMPTZ(3),
    "started_at" TIMESTAMPTZ(3),
    "finished_at" TIMESTAMPTZ(3),
    "retry_at" TIMESTAMPTZ(3),
    "attempt" INTEGER NOT NULL DEFAULT 1,
    "max_attempts" INTEGER NOT NULL,
    "policy" JSONB NOT NULL,
    "input" JSONB,
    "output" JSONB,
    "error" JSONB,
    "requested_by" JSONB,
    "reason" TEXT,
    "worker_id" TEXT,
    "lease" TEXT,
    "lease_expires_at" TIMESTAMPTZ(3),
    "job_id" UUID,

    CONSTRAINT "run_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "run_id" TEXT NOT NULL,
    "number" INTEGER NOT NULL,
    "state" TEXT NOT NULL,
    "worker_id" TEXT,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "finished_at" TIMESTAMPTZ(3),
    "error" JSONB,
    "next_retry_at" TIMESTAMPTZ(3),

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("run_id","number")
);

-- CreateTable
CREATE TABLE "worker" (
    "id" TEXT NOT NULL,
    "hostname" TEXT NOT NULL,
    "pid" INTEGER NOT NULL,
    "version" TEXT NOT NULL,
    "state" TEXT NOT NULL,
    "capacity" INTEGER NOT NULL,
    "started_at" TIMESTAMPTZ(3) NOT NULL,
    "last_heartbeat_at" TIMESTAMPTZ(3) NOT NULL,

    CONSTRAINT "worker_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "event" (
    "seq" BIGSERIAL NOT NULL,
    "xid" xid8 NOT NULL DEFAULT GREATEST(pg_current_xact_id(), (pg_snapshot_xmax(pg_current_snapshot())::text::bigint - 1)::text::xid8),
    "at" TIMESTAMPTZ(3) NOT NULL,
    "topic" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "subject_id" TEXT NOT NULL,
    "task_id" TEXT,
    "schedule_id" TEXT,
    "before" JSONB,
    "after" JSONB,

    CONSTRAINT "event_pkey" PRIMARY KEY ("seq","at")
) PARTITION BY RANGE ("at");

-- CreateTable
CREATE TABLE "audit_entry" (
    "id" TEXT NOT NULL,
    "at" TIMESTAMPTZ(3) NOT NULL,
    "actor" JSONB NOT NULL,
    "action" TEXT NOT NULL,
    "target_id" TEXT NOT NULL,
    "reason" TEXT,
    "changes" JSONB,
    "source" TEXT NOT NULL,
    "request_id" TEXT,

    CONSTRAINT "audit_entry_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_token" (
    "id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "role" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "created_by" JSONB NOT NULL,
    "last_used_at" TIMESTAMPTZ(3),
    "expires_at" TIMESTAMPTZ(3),
    "revoked_at" TIMESTAMPTZ(3),

    CONSTRAINT "api_token_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "meta" (
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "meta_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE INDEX "schedule_task_id_idx" ON "schedule"("task_id");

-- CreateIndex
CREATE INDEX "occurrence_schedule_id_scheduled_for_idx" ON "occurrence"("schedule_id", "scheduled_for");

-- CreateIndex
CREATE INDEX "run_scheduled_for_id_idx" ON "run"("scheduled_for" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "run_task_id_scheduled_for_id_idx" ON "run"("task_id", "scheduled_for" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "run_schedule_id_scheduled_for_id_idx" ON "run"("schedule_id", "scheduled_for" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_entry_target_id_at_idx" ON "audit_entry"("target_id", "at" DESC);

-- CreateIndex
CREATE INDEX "audit_entry_at_idx" ON "audit_entry"("at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "api_token_hash_key" ON "api_token"("hash");

-- AddForeignKey
ALTER TABLE "schedule" ADD CONSTRAINT "schedule_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "schedule_version" ADD CONSTRAINT "schedule_version_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "occurrence" ADD CONSTRAINT "occurrence_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_task_id_fkey" FOREIGN KEY ("task_id") REFERENCES "task"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE RESTRICT ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "run" ADD CONSTRAINT "run_worker_id_fkey" FOREIGN KEY ("worker_id") REFERENCES "worker"("id") ON DELETE SET NULL ON UPDATE CASCADE;

-- AddForeignKey
ALTER TABLE "attempt" ADD CONSTRAINT "attempt_run_id_fkey" FOREIGN KEY ("run_id") REFERENCES "run"("id") ON DELETE CASCADE ON UPDATE CASCADE;


-- What Prisma's schema language has no words for. -------------------------------------------------

-- Partitions of "event" live in a schema of their own, so that Prisma's comparison of "public" never meets them.
-- Days are added ahead by the server, and the default partition catches what no day covers.
CREATE SCHEMA "event_partition";
CREATE TABLE "event_partition"."event_default" PARTITION OF "event" DEFAULT;
CREATE INDEX "event_xid_seq_idx" ON "event"("xid", "seq");

-- A deleted name is free again at once.
CREATE UNIQUE INDEX "task_key_key" ON "task"("key") WHERE "deleted_at" IS NULL;
CREATE UNIQUE INDEX "schedule_name_key" ON "schedule"("name") WHERE "deleted_at" IS NULL;

-- The claim reads only this: its cost does not grow with the number of schedules.
CREATE INDEX "schedule_due_idx" ON "schedule"("next_fire_at")
  WHERE "state" = 'ACTIVE' AND "deleted_at" IS NULL AND "next_fire_at" IS NOT NULL;

-- One occurrence, one run (one per live worker for tasks of scope LOCAL).
CREATE UNIQUE INDEX "run_occurrence_key" ON "run"("schedule_id", "scheduled_for")
  WHERE "local_worker_id" IS NULL AND "origin" IN ('SCHEDULE', 'CATCH_UP');
CREATE UNIQUE INDEX "run_local_occurrence_key" ON "run"("schedule_id", "scheduled_for", "local_worker_id")
  WHERE "local_worker_id" IS NOT NULL AND "origin" IN ('SCHEDULE', 'CATCH_UP');

-- Small partial indexes over what is under way.
CREATE INDEX "run_unfinished_schedule_idx" ON "run"("schedule_id")
  WHERE "state" IN ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING');
CREATE INDEX "run_lease_idx" ON "run"("lease_expires_at") WHERE "state" IN ('RUNNING', 'CANCELING');
CREATE INDEX "run_retry_idx" ON "run"("retry_at") WHERE "state" = 'RETRY_WAIT';
CREATE INDEX "run_queued_idx" ON "run"("queued_at") WHERE "state" = 'QUEUED';
CREATE INDEX "run_running_task_idx" ON "run"("task_id") WHERE "state" IN ('RUNNING', 'CANCELING');

ALTER TABLE "task"
  ADD CONSTRAINT "task_kind_check" CHECK ("kind" IN ('CODE', 'HTTP')),
  ADD CONSTRAINT "task_scope_check" CHECK ("scope" IN ('GLOBAL', 'LOCAL')),
  ADD CONSTRAINT "task_http_check" CHECK (("kind" = 'HTTP') = ("http" IS NOT NULL));

ALTER TABLE "schedule"
  ADD CONSTRAINT "schedule_state_check" CHECK ("state" IN ('ACTIVE', 'PAUSED', 'COMPLETED')),
  ADD CONSTRAINT "schedule_pause_check" CHECK (("state" = 'PAUSED') = ("pause" IS NOT NULL)),
  ADD CONSTRAINT "schedule_overlap_check" CHECK ("overlap_policy" IN ('SKIP', 'BUFFER_ONE', 'BUFFER_ALL', 'CANCEL_OTHER', 'TERMINATE_OTHER', 'ALLOW_ALL')),
  ADD CONSTRAINT "schedule_next_check" CHECK (("next_scheduled_for" IS NULL) = ("next_fire_at" IS NULL)),
  ADD CONSTRAINT "schedule_completed_check" CHECK ("state" <> 'COMPLETED' OR "next_fire_at" IS NULL),
  ADD CONSTRAINT "schedule_version_check" CHECK ("version" >= 1);

ALTER TABLE "occurrence"
  ADD CONSTRAINT "occurrence_verdict_check" CHECK ("verdict" IN
    ('OVERLAP_SKIPPED', 'BUFFER_FULL', 'MISSED', 'COALESCED', 'PAUSED', 'FROZEN', 'LIMIT_REACHED', 'SKIPPED_BY_USER', 'FIRED')),
  ADD CONSTRAINT "occurrence_count_check" CHECK ("count" >= 1 AND "through" >= "scheduled_for" AND ("count" > 1 OR "through" = "scheduled_for"));

ALTER TABLE "run"
  ADD CONSTRAINT "run_state_check" CHECK ("state" IN
    ('SCHEDULED', 'BUFFERED', 'QUEUED', 'RUNNING', 'RETRY_WAIT', 'CANCELING', 'SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED')),
  ADD CONSTRAINT "run_origin_check" CHECK ("origin" IN ('SCHEDULE', 'CATCH_UP', 'BACKFILL', 'MANUAL', 'RETRY')),
  ADD CONSTRAINT "run_attempt_check" CHECK ("attempt" >= 1 AND "max_attempts" >= 1),
  ADD CONSTRAINT "run_finished_check" CHECK (("state" IN ('SUCCEEDED', 'FAILED', 'TIMED_OUT', 'CANCELED')) = ("finished_at" IS NOT NULL)),
  ADD CONSTRAINT "run_lease_check" CHECK (("state" IN ('RUNNING', 'CANCELING')) = ("lease" IS NOT NULL AND "lease_expires_at" IS NOT NULL)),
  ADD CONSTRAINT "run_retry_check" CHECK (("state" = 'RETRY_WAIT') = ("retry_at" IS NOT NULL)),
  ADD CONSTRAINT "run_schedule_check" CHECK ("origin" NOT IN ('SCHEDULE', 'CATCH_UP', 'BACKFILL') OR "schedule_id" IS NOT NULL);

ALTER TABLE "worker"
  ADD CONSTRAINT "worker_state_check" CHECK ("state" IN ('STARTING', 'RUNNING', 'DRAINING', 'STOPPED', 'LOST'));

ALTER TABLE "event"
  ADD CONSTRAINT "event_kind_check" CHECK ("kind" IN ('CREATED', 'UPDATED', 'DELETED'));

ALTER TABLE "api_token"
  ADD CONSTRAINT "api_token_role_check" CHECK ("role" IN ('VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'));

COMMIT;
