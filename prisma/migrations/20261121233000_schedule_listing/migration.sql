-- No semicolon may stand inside a comment or a string: Prisma splits the script at each one. In the strings below it is \073.
BEGIN;

-- What lists of schedules sort by and look for. An index on schedule would get an entry with every fire, and a fire changes none of this.
CREATE TABLE "schedule_listing" (
    "schedule_id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(3) NOT NULL,
    "updated_at" TIMESTAMPTZ(3) NOT NULL,
    "task_id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "text" TEXT NOT NULL,

    CONSTRAINT "schedule_listing_pkey" PRIMARY KEY ("schedule_id")
);
ALTER TABLE "schedule_listing" ADD CONSTRAINT "schedule_listing_schedule_id_fkey" FOREIGN KEY ("schedule_id") REFERENCES "schedule"("id") ON DELETE CASCADE ON UPDATE CASCADE;

CREATE FUNCTION "list_schedule"() RETURNS trigger LANGUAGE plpgsql AS E'BEGIN
  IF NEW.deleted_at IS NOT NULL THEN
    DELETE FROM schedule_listing WHERE schedule_id = NEW.id\073
  ELSE
    INSERT INTO schedule_listing (schedule_id, created_at, updated_at, task_id, kind, text)
    VALUES (NEW.id, NEW.created_at, NEW.updated_at, NEW.task_id, NEW.trigger_kind, concat_ws(chr(10), NEW.name, NEW.description))
    ON CONFLICT (schedule_id) DO UPDATE SET created_at = EXCLUDED.created_at, updated_at = EXCLUDED.updated_at, task_id = EXCLUDED.task_id, kind = EXCLUDED.kind, text = EXCLUDED.text\073
  END IF\073
  RETURN NULL\073
END';
CREATE TRIGGER "schedule_listed" AFTER INSERT ON "schedule" FOR EACH ROW EXECUTE FUNCTION "list_schedule"();
-- Only for statements that name one of these columns: none of the engine's does.
CREATE TRIGGER "schedule_relisted" AFTER UPDATE OF "name", "description", "task_id", "trigger_kind", "created_at", "updated_at", "deleted_at" ON "schedule"
  FOR EACH ROW EXECUTE FUNCTION "list_schedule"();

INSERT INTO "schedule_listing" ("schedule_id", "created_at", "updated_at", "task_id", "kind", "text")
SELECT "id", "created_at", "updated_at", "task_id", "trigger_kind", concat_ws(chr(10), "name", "description") FROM "schedule" WHERE "deleted_at" IS NULL;

CREATE INDEX "schedule_listing_created_at_schedule_id_idx" ON "schedule_listing"("created_at", "schedule_id");
CREATE INDEX "schedule_listing_updated_at_schedule_id_idx" ON "schedule_listing"("updated_at", "schedule_id");
CREATE INDEX "schedule_listing_task_id_idx" ON "schedule_listing"("task_id");
CREATE INDEX "schedule_listing_kind_idx" ON "schedule_listing"("kind");

-- By this many samples the planner tells a word that one in 300 has from one that next to nobody has.
ALTER TABLE "schedule_listing" ALTER COLUMN "text" SET STATISTICS 300;

-- A database that does not have pg_trgm, or whose owner may not create it here, goes without: a search then reads the whole narrow table.
-- A short list of what is pending, for each search reads it.
DO E'BEGIN
  CREATE EXTENSION IF NOT EXISTS pg_trgm\073
  CREATE INDEX schedule_listing_text_idx ON schedule_listing USING GIN (text gin_trgm_ops) WITH (gin_pending_list_limit = 256)\073
EXCEPTION WHEN OTHERS THEN
  RAISE WARNING ''search of schedules goes without an index: %'', SQLERRM\073
END';

COMMIT;
