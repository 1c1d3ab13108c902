import type { ScheduleDefinition } from './schedules.ts';
import type { PrismaTransaction } from './sql.ts';

/** A definition as it was written; fields that definitions have got since are not in it. */
export interface VersionRecord {
  version: number;
  definition: Partial<ScheduleDefinition> & Pick<ScheduleDefinition, 'name' | 'taskId' | 'triggerSpec'>;
}

/** The version that a schedule had at an instant; null: there was none yet. */
export async function findVersionAt(
  prisma: Pick<PrismaTransaction, 'scheduleVersion'>,
  scheduleId: string,
  at: Date,
): Promise<VersionRecord | null> {
  const row = await prisma.scheduleVersion.findFirst({
    where: { scheduleId, validFrom: { lte: at } },
    orderBy: { version: 'desc' },
  });
  if (row === null) return null;
  const { startAt, endAt, ...spec } = row.spec as unknown as VersionRecord['definition'] &
    Record<'startAt' | 'endAt', string | null>;
  const instant = (text: string | null | undefined) => (text == null ? null : new Date(text));
  return { version: row.version, definition: { ...spec, startAt: instant(startAt), endAt: instant(endAt) } };
}
