import type { Store } from '../../src/store/open.ts';
import { time } from './parts.ts';

/** The runs of a schedule in order of their instants, each as '00:00:10 SCHEDULE QUEUED'. */
export async function runsOf({ store }: { store: Store }, scheduleId: string): Promise<string[]> {
  const rows = await store.prisma.run.findMany({ where: { scheduleId }, orderBy: [{ scheduledFor: 'asc' }, { id: 'asc' }] });
  return rows.map((run) => `${time(run.scheduledFor)} ${run.origin} ${run.state}`);
}

/** The occurrences of a schedule that did not become a run, each as '00:00:10 to 00:00:30 MISSED 3'. */
export async function skipsOf({ store }: { store: Store }, scheduleId: string): Promise<string[]> {
  const rows = await store.prisma.occurrence.findMany({ where: { scheduleId }, orderBy: { scheduledFor: 'asc' } });
  return rows.map((row) => `${time(row.scheduledFor)} to ${time(row.through)} ${row.verdict} ${row.count}`);
}

/** Asks now and after every commit that appended events, until the answer is yes. The test's own limit ends what never comes. */
export async function whenEvents<T>({ store }: { store: Store }, ask: () => Promise<T | null | undefined | false>): Promise<T> {
  for (;;) {
    let stopListening: () => void = () => undefined;
    const changed = new Promise<void>((resolve) => (stopListening = store.signals.on('events', resolve)));
    try {
      const answer = await ask();
      if (answer !== null && answer !== undefined && answer !== false) return answer;
      await changed;
    } finally {
      stopListening();
    }
  }
}
