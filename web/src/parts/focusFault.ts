import { flushSync } from 'react-dom';

/** Draws what was refused and goes to its first field, in one: a focus that came later would take away what was begun meanwhile. */
export function focusFault(within: ParentNode | null, show: () => void): void {
  flushSync(show);
  within?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus();
}
