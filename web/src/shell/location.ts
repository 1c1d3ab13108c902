import { useCallback, useSyncExternalStore } from 'react';
import type { BaseLocationHook, BaseSearchHook } from 'wouter';

/**
 * Places are behind the # of the address, with their search: the server needs to know no routes, and the page works below
 * whatever path a proxy serves it from.
 */
function subscribe(listener: () => void): () => void {
  window.addEventListener('hashchange', listener);
  window.addEventListener('popstate', listener);
  return () => {
    window.removeEventListener('hashchange', listener);
    window.removeEventListener('popstate', listener);
  };
}

const hash = (): string => location.hash.replace(/^#?\/?/, '/');
const pathOf = (): string => hash().split('?', 1)[0] as string;
const searchOf = (): string => hash().split('?').slice(1).join('?');

export function navigate(to: string, { replace = false }: { replace?: boolean } = {}): void {
  const place = to.startsWith('/') ? to : `/${to}`;
  const go = () => {
    const before = pathOf();
    if (replace) history.replaceState(null, '', `#${place}`);
    else history.pushState(null, '', `#${place}`);
    if (guard !== null) guard.place = hash();
    window.dispatchEvent(new PopStateEvent('popstate'));
    // Another page begins at its top; one that the browser goes back to is where it was left.
    if (!replace && pathOf() !== before) window.scrollTo({ top: 0, behavior: 'instant' });
  };
  if (guard !== null && place.split('?', 1)[0] !== pathOf()) guard.ask(go);
  else go();
}

let guard: { place: string; ask(go: () => void): void } | null = null;

/**
 * Asks before this place is left, by a link or by the browser's own buttons; filters of the same place may change.
 * @param ask  calls `go` when it may be left, after it has ended the guard
 * @returns how to end it
 */
export function guardLeaving(ask: (go: () => void) => void): () => void {
  const mine = { place: hash(), ask };
  guard = mine;
  return () => {
    if (guard === mine) guard = null;
  };
}

// Before all other listeners: what the browser has left already is put back, and nobody hears of it.
window.addEventListener('popstate', (event) => {
  if (!event.isTrusted || guard === null || guard.place.split('?', 1)[0] === pathOf()) return;
  event.stopImmediatePropagation();
  const wanted = hash();
  history.pushState(null, '', `#${guard.place}`);
  guard.ask(() => navigate(wanted));
});

export const useHashLocation: BaseLocationHook = Object.assign(
  () => {
    const path = useSyncExternalStore(subscribe, pathOf);
    return [path, navigate] as [string, typeof navigate];
  },
  { hrefs: (href: string) => `#${href}` },
);

export const useHashSearch: BaseSearchHook = () => useSyncExternalStore(subscribe, searchOf);

/** The search of the address, and how to change it without a step in the history. Empty values leave it. */
export function useFilters(): [URLSearchParams, (changes: Record<string, string | null>) => void] {
  const search = useHashSearch();
  const change = useCallback((changes: Record<string, string | null>) => {
    const next = new URLSearchParams(searchOf());
    for (const [name, value] of Object.entries(changes)) {
      if (value === null || value === '') next.delete(name);
      else next.set(name, value);
    }
    const text = next.toString();
    navigate(`${pathOf()}${text === '' ? '' : `?${text}`}`, { replace: true });
  }, []);
  return [new URLSearchParams(search), change];
}
