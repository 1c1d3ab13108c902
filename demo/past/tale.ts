import type { Work } from '../works/work.ts';

/** What the works do not say: what is peculiar to one schedule. */
export interface Tale {
  /** So many of its runs (0 to 1) take so many times as long. */
  slow?: { share: number; factor: number };
  /** From then on all runs do this, and fail. */
  broken?: { from: number; work: Work };
  /** From then on nobody takes its runs. */
  abandonedFrom?: number;
}

/** A stretch in which more than usual fails. */
export interface Incident {
  from: number;
  until: number;
  taskKeys: readonly string[];
  /** 0 to 1: so many of the runs. */
  share: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

export function incidentsBefore(now: number): Incident[] {
  const during = (daysAgo: number, hours: number, share: number, ...taskKeys: string[]): Incident => ({
    from: now - daysAgo * DAY_MS,
    until: now - daysAgo * DAY_MS + hours * HOUR_MS,
    taskKeys,
    share,
  });
  return [
    during(11.3, 3, 0.5, 'orders.sync'),
    during(8.6, 2, 0.7, 'crm.contacts', 'chat.digest'),
    during(3.4, 1.5, 0.4, 'web.health', 'orders.sync', 'supplier.prices'),
    during(0.7, 1, 0.35, 'crm.contacts', 'reports.sales'),
  ];
}
