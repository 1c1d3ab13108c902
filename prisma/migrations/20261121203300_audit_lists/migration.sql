-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one.
BEGIN;

-- DropIndex
DROP INDEX "audit_entry_target_id_at_idx";

-- DropIndex
DROP INDEX "audit_entry_at_idx";

-- CreateIndex
CREATE INDEX "audit_entry_target_id_at_id_idx" ON "audit_entry"("target_id", "at" DESC, "id" DESC);

-- CreateIndex
CREATE INDEX "audit_entry_at_id_idx" ON "audit_entry"("at" DESC, "id" DESC);

CREATE INDEX "audit_entry_actor_idx" ON "audit_entry"((actor->>'id'), "at" DESC, "id" DESC);

-- What a document is compared with.
CREATE INDEX "schedule_managed_by_idx" ON "schedule"("managed_by") WHERE "deleted_at" IS NULL AND "managed_by" IS NOT NULL;

COMMIT;
