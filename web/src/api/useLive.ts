import { useEffect, useEffectEvent, useSyncExternalStore } from 'react';
import { useQuery } from 'urql';
import type { AnyVariables, TypedDocumentNode, UseQueryState } from 'urql';
import type { Change, LiveState } from './live.ts';
import { useSession } from './session.tsx';

/** Milliseconds between two readings of the same query, however much changes. */
const REREAD_MS = 1000;

export function useLiveState(): LiveState {
  const { live } = useSession();
  return useSyncExternalStore(
    (listener) => live.onState(listener),
    () => live.state,
  );
}

/** Calls with each batch of changes, and with null when anything may have changed. */
export function useChanges(listener: (changes: readonly Change[] | null) => void): void {
  const { live } = useSession();
  const latest = useEffectEvent(listener);
  useEffect(() => live.onChanges((changes) => latest(changes)), [live]);
}

export interface LiveQuery<Data, Variables extends AnyVariables> {
  query: TypedDocumentNode<Data, Variables>;
  variables: Variables;
  /** Whether the answer may be another after this change. */
  on(change: Change): boolean;
  pause?: boolean;
  /** Reads it again this often, in milliseconds, also when nothing was told: for figures that change by time alone. */
  every?: number;
}

/** A query whose answer is kept as it is on the server: read again when something that it shows has changed, while the page is looked at. */
export function useLive<Data, Variables extends AnyVariables>(
  options: LiveQuery<Data, Variables>,
): UseQueryState<Data, Variables> & { reread(): void } {
  const { query, variables, pause = false, every } = options;
  const [state, execute] = useQuery<Data, Variables>({ query, variables, pause } as Parameters<
    typeof useQuery<Data, Variables>
  >[0]);
  const reread = useEffectEvent(() => {
    if (!pause) execute({ requestPolicy: 'network-only' });
  });
  const concerns = useEffectEvent((changes: readonly Change[] | null) => changes === null || changes.some(options.on));
  const { live } = useSession();

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    let last = 0;
    let waits = false;
    const now = () => {
      timer = null;
      if (document.hidden) return;
      waits = false;
      last = Date.now();
      reread();
    };
    const soon = () => {
      waits = true;
      if (timer === null && !document.hidden) timer = setTimeout(now, Math.max(0, last + REREAD_MS - Date.now()));
    };
    const onVisible = () => {
      if (waits) soon();
    };
    const stop = live.onChanges((changes) => {
      if (concerns(changes)) soon();
    });
    const ticking = every === undefined ? null : setInterval(soon, every);
    document.addEventListener('visibilitychange', onVisible);
    return () => {
      stop();
      document.removeEventListener('visibilitychange', onVisible);
      if (timer !== null) clearTimeout(timer);
      if (ticking !== null) clearInterval(ticking);
    };
  }, [live, every]);

  return { ...state, reread: () => execute({ requestPolicy: 'network-only' }) };
}
