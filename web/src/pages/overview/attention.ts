/** What somebody should look at, and the one thing to do about it. Instants are epoch milliseconds. */

export type AttentionKind = 'SILENT' | 'FAILING' | 'UNAVAILABLE' | 'MISSED' | 'FROZEN' | 'TASK_PAUSED' | 'PAUSED';

export interface AttentionItem {
  key: string;
  kind: AttentionKind;
  subject: string;
  /** Its page; null: it has none. */
  href: string | null;
  /** What is the matter. */
  text: string;
  /** When it began, last happened or ends, said by `when`. */
  at: number | null;
  when: 'since' | 'last' | 'until' | null;
  /** Of a pause or freeze. */
  reason: string | null;
  action: { word: string; href: string };
  /** A pause that can be ended from here. */
  resumes: { of: 'schedule' | 'task'; id: string } | null;
}

export const ATTENTION_LOOKS: Record<AttentionKind, { color: string; word: string }> = {
  SILENT: { color: 'red', word: 'Silent' },
  FAILING: { color: 'red', word: 'Failing' },
  UNAVAILABLE: { color: 'orange', word: 'No worker' },
  MISSED: { color: 'orange', word: 'Missed' },
  FROZEN: { color: 'cyan', word: 'Freeze' },
  TASK_PAUSED: { color: 'yellow', word: 'Task paused' },
  PAUSED: { color: 'yellow', word: 'Paused' },
};
/** What needs somebody soonest comes first. */
const ORDER = Object.keys(ATTENTION_LOOKS) as AttentionKind[];

interface Troubled {
  id: string;
  name: string;
  nextFireAt: string | null;
  consecutiveFailures: number;
  task: { id: string; key: string; state: string };
  lastRun: { id: string; finishedAt: string | null; error: { code: string; message: string } | null } | null;
}
interface PauseSaid {
  since: string;
  until: string | null;
  reason: string;
  by: { id: string; name: string | null };
}
export interface AttentionFacts {
  failing: readonly Troubled[];
  silent: readonly Troubled[];
  paused: readonly { id: string; name: string; pause: PauseSaid | null }[];
  freezes: readonly {
    id: string;
    reason: string;
    from: string;
    until: string;
    suppressed: number;
    by: { id: string; name: string | null };
  }[];
  unavailable: readonly { id: string; key: string; nextFireAt: string | null; schedules: { totalCount: number } }[];
  pausedTasks: readonly { id: string; key: string; pause: PauseSaid | null }[];
  missed: readonly {
    id: string;
    name: string;
    occurrences: {
      nodes: readonly { scheduledFor: string; through: string; count: number; verdict: string; reason: string | null }[];
    };
  }[];
}

const many = (count: number, one: string): string => (count === 1 ? `1 ${one}` : `${count.toLocaleString('en')} ${one}s`);
const named = ({ id, name }: { id: string; name: string | null }): string => name ?? id;
const parsed = (at: string | null): number | null => (at === null ? null : Date.parse(at));

const taskPage = (key: string): string => `/tasks/${encodeURIComponent(key)}`;

/** One item for each thing; a schedule that is silent because no worker has its task is named by the task alone. */
export function attentionItems(facts: AttentionFacts): AttentionItem[] {
  const items: AttentionItem[] = [];
  const add = (
    kind: AttentionKind,
    id: string,
    item: Pick<AttentionItem, 'subject' | 'text' | 'action'> & Partial<AttentionItem>,
  ) => items.push({ key: `${kind} ${id}`, kind, href: null, at: null, when: null, reason: null, resumes: null, ...item });
  const withoutWorker = new Set(facts.unavailable.map(({ id }) => id));

  for (const { id, name, nextFireAt, task } of facts.silent) {
    if (withoutWorker.has(task.id)) continue;
    add('SILENT', id, {
      subject: name,
      href: `/schedules/${id}`,
      text: 'was due, and nothing has come of it for more than a minute',
      at: parsed(nextFireAt),
      when: 'since',
      action: { word: 'Look at the workers', href: '/workers' },
    });
  }
  for (const { id, name, consecutiveFailures, lastRun } of facts.failing) {
    const error = lastRun?.error;
    const times = consecutiveFailures > 1 ? `${consecutiveFailures} times in a row` : 'last time';
    add('FAILING', id, {
      subject: name,
      href: `/schedules/${id}`,
      text: error ? `failed ${times}: ${error.code}, ${error.message}` : `failed ${times}`,
      at: parsed(lastRun?.finishedAt ?? null),
      when: 'last',
      action: lastRun?.error
        ? { word: 'Read the run', href: `/runs/${lastRun.id}` }
        : { word: 'Look at its runs', href: `/schedules/${id}` },
    });
  }
  for (const { id, key, schedules } of facts.unavailable) {
    // What nothing is planned for waits for nobody.
    if (schedules.totalCount === 0) continue;
    add('UNAVAILABLE', id, {
      subject: key,
      href: taskPage(key),
      text: `no live worker has its code; ${many(schedules.totalCount, 'schedule')} wait${schedules.totalCount === 1 ? 's' : ''} for one`,
      action: { word: 'Look at the workers', href: '/workers' },
    });
  }
  for (const { id, name, occurrences } of facts.missed) {
    const rows = occurrences.nodes.filter(({ verdict }) => verdict === 'MISSED');
    const count = rows.reduce((sum, row) => sum + row.count, 0);
    const last = rows.at(-1);
    if (!last) continue;
    add('MISSED', id, {
      subject: name,
      href: `/schedules/${id}`,
      text: `missed ${many(count, 'occurrence')} in the last day${last.reason ? `: ${last.reason}` : ''}`,
      at: Date.parse(last.through),
      when: 'last',
      action: { word: 'Make up for it', href: `/schedules/${id}` },
    });
  }
  for (const { id, reason, until, suppressed, by } of facts.freezes) {
    add('FROZEN', id, {
      subject: `Freeze by ${named(by)}`,
      text: suppressed === 0 ? 'holds nothing back so far' : `holds back ${many(suppressed, 'occurrence')} so far`,
      at: Date.parse(until),
      when: 'until',
      reason,
      action: { word: 'Look at the freeze', href: '/freezes' },
    });
  }
  const pauses = [
    ...facts.pausedTasks.map(
      ({ id, key, pause }) => ({ kind: 'TASK_PAUSED', of: 'task', id, name: key, pause, href: taskPage(key) }) as const,
    ),
    ...facts.paused.map(
      ({ id, name, pause }) => ({ kind: 'PAUSED', of: 'schedule', id, name, pause, href: `/schedules/${id}` }) as const,
    ),
  ];
  for (const { kind, of, id, name, pause, href } of pauses) {
    if (!pause) continue;
    add(kind, id, {
      subject: name,
      href,
      text: pause.until === null ? `paused by ${named(pause.by)}, until somebody resumes it` : `paused by ${named(pause.by)}`,
      at: Date.parse(pause.until ?? pause.since),
      when: pause.until === null ? 'since' : 'until',
      reason: pause.reason,
      action: { word: 'Resume', href },
      resumes: { of, id },
    });
  }
  return items.toSorted((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
}
