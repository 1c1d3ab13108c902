import { isDeepStrictEqual } from 'node:util';
import type { Actor } from './actor.ts';
import type { Prisma } from './generated/client.ts';
import { newId } from './ids.ts';
import type { PrismaTransaction } from './sql.ts';

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
  requestId: string;
}

export async function appendAudit(
  prisma: Pick<PrismaTransaction, 'auditEntry'>,
  entries: readonly NewAuditEntry[],
): Promise<void> {
  const data = entries.map(({ changes, actor, ...plain }) => ({
    id: newId('aud'),
    ...plain,
    actor: actor as unknown as Prisma.InputJsonValue,
    ...(changes !== null && { changes: changes as unknown as Prisma.InputJsonValue }),
  }));
  await prisma.auditEntry.createMany({ data });
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
