import { useEffect, useEffectEvent } from 'react';

interface ListKeys {
  search(): void;
  /** @param by  rows down; negative: up */
  move(by: number): void;
  pick(range: boolean): void;
  pause(): void;
  create(): void;
  clear(): void;
  help(): void;
}

/** The keys of the list, where nothing else takes them: not in fields, menus and dialogs. */
export function useListKeys(keys: ListKeys, paused: boolean): void {
  const onKey = useEffectEvent((event: KeyboardEvent) => {
    if (paused || event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    const target = event.target as HTMLElement;
    // A tick box takes no letters; all other fields do.
    if (target.closest('input:not([type=checkbox]), select, textarea, [contenteditable], [role=menu], [role=dialog]')) return;
    const act = {
      '/': keys.search,
      j: () => keys.move(1),
      ArrowDown: () => keys.move(1),
      k: () => keys.move(-1),
      ArrowUp: () => keys.move(-1),
      x: () => keys.pick(false),
      X: () => keys.pick(true),
      p: keys.pause,
      n: keys.create,
      Escape: keys.clear,
      '?': keys.help,
    }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
  useEffect(() => {
    const listener = (event: KeyboardEvent) => onKey(event);
    document.addEventListener('keydown', listener);
    return () => document.removeEventListener('keydown', listener);
  }, []);
}
