import { useLive } from '../../api/useLive.ts';
import { useSession } from '../../api/session.tsx';
import { useNow } from '../../time/clock.ts';
import { attentionItems } from './attention.ts';
import type { AttentionItem } from './attention.ts';
import { AttentionDocument, MissedDocument } from './overview.generated.ts';

const DAY = 24 * 60 * 60_000;
const STEP = 10 * 60_000;

export interface AttentionState {
  /** null: not known yet. */
  items: readonly AttentionItem[] | null;
  /** More than are listed. */
  more: boolean;
  error: ReturnType<typeof useLive>['error'];
  reread(): void;
}

/** What needs attention; what nothing tells of (silence, misses, ends of pauses) is looked for every half minute. */
export function useAttention(): AttentionState {
  const { clockOffset } = useSession();
  const until = Math.ceil((useNow(STEP) + clockOffset) / STEP) * STEP;
  const attention = useLive({
    query: AttentionDocument,
    variables: {},
    on: ({ of, kind }) => of === 'schedule' || of === 'worker' || (of === 'task' && kind !== 'UPDATED'),
    every: 30_000,
  });
  const missed = useLive({
    query: MissedDocument,
    variables: { since: new Date(until - DAY).toISOString(), until: new Date(until).toISOString() },
    on: () => false,
    every: 60_000,
    holds: true,
  });
  const { data } = attention;
  const error = attention.error ?? missed.error;
  const reread = () => {
    attention.reread();
    missed.reread();
  };
  if (!data || !missed.data) return { items: null, more: false, error, reread };
  const lists = [data.failing, data.silent, data.paused, data.unavailable, missed.data.missed];
  const items = attentionItems({
    failing: data.failing.nodes,
    silent: data.silent.nodes,
    paused: data.paused.nodes,
    freezes: data.freezes,
    unavailable: data.unavailable.nodes,
    pausedTasks: data.pausedTasks.nodes,
    missed: missed.data.missed.nodes,
  });
  return { items, more: lists.some(({ nodes, totalCount }) => totalCount > nodes.length), error, reread };
}
