import type { NewAuditEntry } from './audit.ts';
import { Conditions } from './conditions.ts';
import type { InstantRange } from './conditions.ts';
import { readPage } from './pages.ts';
import type { ListOrder, Page, PageRequest } from './pages.ts';
import type { PrismaTransaction } from './sql.ts';

export interface AuditRecord extends NewAuditEntry {
  id: string;
}
export type AuditPage = Page<AuditRecord>;
export interface AuditFilter {
  targetId?: string | null | undefined;
  actorId?: string | null | undefined;
  at?: InstantRange | null | undefined;
}
type Db = Pick<PrismaTransaction, '$queryRawUnsafe' | 'auditEntry'>;

export const AUDIT_ORDER = { field: 'at', expression: 'a.at', type: 'timestamptz', nullable: false } as const satisfies ListOrder;

export function pageAudit(prisma: Db, { targetId, actorId, at }: AuditFilter, request: PageRequest): Promise<AuditPage> {
  const conditions = new Conditions();
  if (targetId != null) conditions.add(`a.target_id = ${conditions.param(targetId)}::text`);
  if (actorId != null) conditions.add(`a.actor->>'id' = ${conditions.param(actorId)}::text`);
  conditions.within('a.at', at);
  const list = { from: 'audit_entry a', id: 'a.id', conditions };
  return readPage(prisma, list, request, (ids) => findAuditEntries(prisma, ids));
}

export async function findAuditEntries(prisma: Pick<Db, 'auditEntry'>, ids: readonly string[]): Promise<AuditRecord[]> {
  return (await prisma.auditEntry.findMany({ where: { id: { in: [...ids] } } })) as unknown as AuditRecord[];
}
