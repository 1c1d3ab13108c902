import { changeRows } from '../../parts/changeRows.ts';
import type { ChangeRow } from '../../parts/changeRows.ts';
import { isRecord } from '../../parts/path.ts';

/** What was done, as one says it after the name of who did it. */
const ACTIONS: Record<string, string> = {
  'task.create': 'created the task',
  'task.register': 'registered the task',
  'task.update': 'edited the task',
  'task.delete': 'deleted the task',
  'task.pause': 'paused the task',
  'task.resume': 'resumed the task',
  'task.trigger': 'triggered the task',
  'schedule.create': 'created the schedule',
  'schedule.update': 'edited the schedule',
  'schedule.delete': 'deleted the schedule',
  'schedule.pause': 'paused the schedule',
  'schedule.resume': 'resumed the schedule',
  'schedule.trigger': 'triggered the schedule',
  'schedule.backfill': 'began a backfill of the schedule',
  'schedule.skip': 'skipped an occurrence of the schedule',
  'schedule.unskip': 'took back a skip of the schedule',
  'schedule.move': 'moved the schedule, as the rules of its zone have changed',
  'backfill.cancel': 'canceled the backfill',
  'run.cancel': 'canceled the run',
  'run.retry': 'retried the run',
  'calendar.put': 'changed the calendar',
  'calendar.delete': 'deleted the calendar',
  'freeze.create': 'created the freeze',
  'freeze.end': 'ended the freeze',
  'token.create': 'created the token',
  'token.revoke': 'revoked the token',
};

/** An action that is not known here is said as it is. */
export const actionWords = (action: string): string => ACTIONS[action] ?? action;

/** What was not there before or is not there afterwards is told field by field, too. */
export function auditRows(changes: Readonly<Record<string, unknown>> | null): ChangeRow[] {
  const opened = Object.entries(changes ?? {}).map(([field, change]) => {
    if (!isRecord(change)) return [field, change];
    const { before = null, after = null } = change;
    if (before === null && isRecord(after)) return [field, { before: emptied(after), after }];
    if (after === null && isRecord(before)) return [field, { before, after: emptied(before) }];
    return [field, change];
  });
  return changeRows(Object.fromEntries(opened) as Record<string, unknown>).map((row) => ({
    ...row,
    path: row.path.replace(/^definition\./, ''),
  }));
}

/** The same objects in one another, without any value. */
function emptied(value: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).flatMap(([name, each]) => (isRecord(each) ? [[name, emptied(each)]] : [])));
}

export type AuditTarget =
  | { __typename: 'Task'; key: string }
  | { __typename: 'Schedule'; id: string; scheduleName: string }
  | { __typename: 'Run'; id: string; task: { key: string } }
  | { __typename: 'Calendar'; calendarName: string }
  | { __typename: 'ApiToken'; tokenName: string }
  | { __typename: 'Freeze'; frozenFor: string }
  | { __typename: 'Backfill'; id: string }
  | { __typename: 'AuditEntry' | 'Worker' };

/** What was changed: its name, and its page where it has one. Of what is gone the changes may still say the name. */
export function targetOf({
  target,
  targetId,
  changes,
}: {
  target: AuditTarget | null;
  targetId: string;
  changes: Readonly<Record<string, unknown>> | null;
}): { name: string; href: string | null } {
  switch (target?.__typename) {
    case 'Task':
      return { name: target.key, href: `/tasks/${encodeURIComponent(target.key)}` };
    case 'Schedule':
      return { name: target.scheduleName, href: `/schedules/${target.id}` };
    case 'Run':
      return { name: `of ${target.task.key}`, href: `/runs/${target.id}` };
    case 'Calendar':
      return { name: target.calendarName, href: `/calendars?name=${encodeURIComponent(target.calendarName)}` };
    case 'ApiToken':
      return { name: target.tokenName, href: '/tokens?ended=1' };
    case 'Freeze':
      return { name: target.frozenFor, href: '/freezes' };
    case 'Backfill':
    case 'AuditEntry':
    case 'Worker':
      return { name: targetId, href: null };
    case undefined:
      return { name: nameIn(changes) ?? targetId, href: null };
  }
}

function nameIn(changes: Readonly<Record<string, unknown>> | null): string | null {
  for (const field of ['key', 'name']) {
    const change = changes?.[field];
    if (!isRecord(change)) continue;
    const name = change['before'] ?? change['after'];
    if (typeof name === 'string') return name;
  }
  return null;
}

/** Where a change came from. */
export const sourceWords = (source: string): string =>
  ({ graphql: 'through the API', code: 'declared by code', engine: 'by the server itself' })[source] ?? source;

/** How the address says which entries are shown: ?target=…&actor=…&from=…&until=…, the times as instants. */
export const FILTERS = ['target', 'actor', 'from', 'until'] as const;

export function variablesOf(search: URLSearchParams): {
  targetId: string | null;
  actorId: string | null;
  at: { from: string | null; until: string | null } | null;
} {
  const instant = (name: string) => {
    const at = Date.parse(search.get(name) ?? '');
    return Number.isNaN(at) ? null : new Date(at).toISOString();
  };
  const [from, until] = [instant('from'), instant('until')];
  return {
    targetId: search.get('target'),
    actorId: search.get('actor'),
    at: from === null && until === null ? null : { from, until },
  };
}
