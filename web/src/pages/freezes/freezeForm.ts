import type { FreezeInput, MisfireMode, ScheduleFilter, TriggerKind } from '../../api/schema.generated.ts';

/** What the form of a freeze holds, and what of it is sent. */
export interface FreezeForm {
  reason: string;
  zone: string;
  /** false: from at once. */
  later: boolean;
  /** Wall clock of the zone. */
  from: string;
  until: string;
  by: 'NAMES' | 'FILTER' | 'ALL';
  names: readonly string[];
  taskKeys: readonly string[];
  /** team=shop, or team for any value of it. */
  labels: readonly string[];
  kinds: readonly string[];
  managedBy: string;
  search: string;
  exit: MisfireMode;
}

/** What the filter of a freeze may go by; it matches whatever is created later, too. */
export function filterOf(
  form: Pick<FreezeForm, 'by' | 'taskKeys' | 'labels' | 'kinds' | 'managedBy' | 'search'>,
): ScheduleFilter {
  if (form.by !== 'FILTER') return {};
  const labels = form.labels.map((text) => {
    const at = text.indexOf('=');
    return at === -1 ? { key: text.trim() } : { key: text.slice(0, at).trim(), in: [text.slice(at + 1).trim()] };
  });
  return {
    ...(form.taskKeys.length > 0 && { taskKeys: [...form.taskKeys] }),
    ...(labels.length > 0 && { labels }),
    ...(form.kinds.length > 0 && { kinds: form.kinds as TriggerKind[] }),
    ...(form.managedBy.trim() !== '' && { managedBy: form.managedBy.trim() }),
    ...(form.search.trim() !== '' && { search: form.search.trim() }),
  };
}

/** What is still missing, in words; null: it can be sent. */
export function missing(form: FreezeForm, until: string | null, from: string | null): string | null {
  if (form.reason.trim() === '') return 'Say why: the ledger gives it as the reason of what does not run.';
  if (form.later && from === null) return 'Say when it begins.';
  if (until === null) return 'Say when it ends.';
  if (form.by === 'NAMES' && form.names.length === 0) return 'Name at least one schedule.';
  if (form.by === 'FILTER' && Object.keys(filterOf(form)).length === 0) return 'Say at least one thing that the filter goes by.';
  return null;
}

/** @param from  instant; null: at once */
export function inputOf(form: FreezeForm, from: string | null, until: string): FreezeInput {
  return {
    reason: form.reason.trim(),
    ...(from !== null && { from }),
    until,
    select: form.by === 'NAMES' ? { names: [...form.names] } : { filter: filterOf(form) },
    exit: form.exit,
  };
}
