import { isDeepStrictEqual } from 'node:util';
import type { Actor } from './actor.ts';
import { newId } from './ids.ts';
import type { Sql } from './sql.ts';

/** Who changed what, from where: written in the same transaction as the change. */
export interface NewAuditEntry {
  at: Date;
  actor: Actor;
  /** e.g. schedule.update */
  action: string;
  targetId: string;
  reason: string | null;
  /** by field; secrets never */
  changes: Record<string, { before: unknown; after: unknown }> | null;
  source: string;
  /** null: the server did it by itself */
  requestId: string | null;
}

/** In one statement. */
export async function appendAudits(sql: Sql, entries: readonly NewAuditEntry[]): Promise<void> {
  if (entries.length === 0) return;
  await sql.query(
    `/* appendAudits */
INSERT INTO audit_entry (id, at, actor, action, target_id, reason, changes, source, request_id)
SELECT a.id, a.at, a.actor, a.action, a."targetId", a.reason, nullif(a.changes, 'null'), a.source, a."requestId"
  FROM jsonb_to_recordset($1::jsonb) AS a(id text, at timestamptz, actor jsonb, action text, "targetId" text, reason text, changes jsonb, source text,
    "requestId" text)`,
    [JSON.stringify(entries.map((entry) => ({ ...entry, id: newId('aud') })))],
  );
}

/** The fields in which two objects differ. */
export function changesBetween<T extends object>(before: T | null, after: T | null): NewAuditEntry['changes'] {
  const fields = new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})]) as Set<keyof T & string>;
  const changes: NonNullable<NewAuditEntry['changes']> = {};
  for (const field of fields) {
    const pair = { before: before?.[field] ?? null, after: after?.[field] ?? null };
    if (!isDeepStrictEqual(pair.before, pair.after)) changes[field] = pair;
  }
  return changes;
}
