interface Held {
  state: string;
  /** null: more than 10,000. */
  pendingOccurrences: number | null;
}

/**
 * What resuming has to make up for, in words.
 * @param looked  those that were looked at
 * @param count   of all that are selected
 */
export function heldText(looked: readonly Held[], count: number): string {
  const paused = looked.filter(({ state }) => state === 'PAUSED');
  const sum = paused.reduce((total, { pendingOccurrences }) => total + (pendingOccurrences ?? 10_000), 0);
  const more = paused.some(({ pendingOccurrences }) => pendingOccurrences === null);
  const which = looked.length < count ? `Of the first ${looked.length} of them, ${paused.length}` : String(paused.length);
  const are = paused.length === 1 ? 'is paused' : 'are paused';
  if (paused.length === 0) return looked.length < count ? `${which} are paused.` : 'None of them is paused: nothing will change.';
  const held =
    sum === 0
      ? 'No occurrence'
      : `${more ? 'More than ' : ''}${sum.toLocaleString('en')} ${sum === 1 ? 'occurrence' : 'occurrences'}`;
  return count === 1 ? `${held} held back so far.` : `${which} ${are}. ${held} held back so far.`;
}
