import { useEffect, useEffectEvent, useState, useSyncExternalStore } from 'react';
import { createRequest, useQuery } from 'urql';
import type { AnyVariables, CombinedError, TypedDocumentNode } from 'urql';
import { newestAnswer, shownAnswer } from './answer.ts';
import type { Answer } from './answer.ts';
import type { Change, LiveState } from './live.ts';
import { useSession } from './session.tsx';

/** Milliseconds between two readings of the same query, however much changes. */
const REREAD_MS = 1000;
/** Until a server that could not be reached is asked again. */
const AGAIN_MS = 5000;

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
  /** Shows the answer to the variables before until there is one to these: for ranges that move with time, and lists that must not jump. */
  holds?: boolean;
}

export interface LiveAnswer<Data> {
  /** undefined: not known yet. */
  data: Data | undefined;
  /** Why the last reading failed. */
  error: CombinedError | undefined;
  fetching: boolean;
  /** The data answer the variables before. */
  held: boolean;
  reread(): void;
}

/** A query whose answer is kept as it is on the server: read again when something that it shows has changed, while the page is looked at. */
export function useLive<Data, Variables extends AnyVariables>(options: LiveQuery<Data, Variables>): LiveAnswer<Data> {
  const { query, variables, pause = false, every, holds = false } = options;
  const [state, execute] = useQuery<Data, Variables>({ query, variables, pause } as Parameters<
    typeof useQuery<Data, Variables>
  >[0]);
  const { key } = createRequest(query, variables);
  const [kept, setKept] = useState<Answer<Data> | null>(null);
  const newest = newestAnswer(kept, key, state);
  if (newest !== kept) setKept(newest);
  const { data, error, held } = shownAnswer(newest, key, state, holds);
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

  // What could not be read for want of a line is read when there is one.
  const unreachable = error?.networkError === undefined ? null : error;
  useEffect(() => {
    if (unreachable === null) return;
    const timer = setTimeout(() => reread(), AGAIN_MS);
    const stop = live.onState(() => {
      if (live.state.status === 'LIVE') reread();
    });
    return () => {
      clearTimeout(timer);
      stop();
    };
  }, [unreachable, live]);

  return { data, error, held, fetching: state.fetching, reread: () => execute({ requestPolicy: 'network-only' }) };
}
