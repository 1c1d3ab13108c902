import { explainSchedule } from '../domain/explanation.ts';
import type { ExplainedSchedule, Explanation } from '../domain/explanation.ts';
import type { Clock } from '../clock.ts';
import { findLedgerFacts } from '../store/explain.ts';
import type { Store } from '../store/open.ts';
import type { ScheduleRecord } from '../store/schedules.ts';

/** Why a schedule fires at an instant, or does not; of the past, what became of it. */
export async function explainAt(
  schedule: ScheduleRecord & Pick<ExplainedSchedule, 'calendars' | 'skips'>,
  at: number,
  parts: { store: Store; clock: Clock },
): Promise<Explanation> {
  const now = parts.clock.now();
  const known = at <= now && at >= schedule.createdAt.getTime();
  const facts = known ? await findLedgerFacts(parts.store.sql, schedule.id, schedule.version, at) : null;
  return explainSchedule(schedule, at, now, facts);
}
