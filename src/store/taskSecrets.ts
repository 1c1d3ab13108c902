import type { Sql } from './sql.ts';

/** A key that secrets of tasks were encrypted under. */
export interface SecretKeyUse {
  keyId: string;
  /** How many tasks, not counting those that are deleted, and the first of them by key. */
  tasks: number;
  firstTask: string;
}

/** What a server must have the keys of, to send all its tasks' requests. */
export async function findSecretKeys(sql: Sql): Promise<SecretKeyUse[]> {
  return sql.query<SecretKeyUse>(
    `/* findSecretKeys */
SELECT split_part(s.sealed, '.', 2) AS "keyId", count(DISTINCT t.id)::int AS tasks, min(t.key) AS "firstTask"
  FROM task t, LATERAL (
    SELECT value FROM jsonb_each_text(t.http->'secretHeaders')
    UNION ALL SELECT t.http->>'signingSecret' WHERE t.http ? 'signingSecret') AS s(sealed)
 WHERE t.deleted_at IS NULL AND t.http ?| ARRAY['secretHeaders', 'signingSecret']
 GROUP BY 1 ORDER BY 1`,
  );
}
