/** Which schedules something is to be done with. Values never change; each function answers another one. */
export interface Selection {
  /** All that match the filter, but for those named here; else only those. */
  all: boolean;
  /** Names by id. */
  named: ReadonlyMap<string, string>;
  /** Where in the list the last one was chosen: the one end of a range. */
  anchor: number | null;
}

export interface Choice {
  id: string;
  name: string;
}

export const NOTHING: Selection = { all: false, named: new Map(), anchor: null };
export const EVERYTHING: Selection = { all: true, named: new Map(), anchor: null };

export const isSelected = (selection: Selection, id: string): boolean => selection.all !== selection.named.has(id);

/** @param total  how many match the filter */
export const countSelected = ({ all, named }: Selection, total: number): number =>
  all ? Math.max(0, total - named.size) : named.size;

function put(selection: Selection, { id, name }: Choice, chosen: boolean): Selection {
  if (isSelected(selection, id) === chosen) return selection;
  const named = new Map(selection.named);
  // Named are the chosen ones or, of all, those that are not.
  if (chosen !== selection.all) named.set(id, name);
  else named.delete(id);
  return { ...selection, named };
}

/** @param index  its place in the list, from which a range may begin */
export function toggle(selection: Selection, choice: Choice, index: number): Selection {
  return { ...put(selection, choice, !isSelected(selection, choice.id)), anchor: index };
}

/** Chooses all of them, and begins the next range at its end. */
export function addRange(selection: Selection, choices: readonly Choice[], index: number): Selection {
  return { ...choices.reduce((sum, choice) => put(sum, choice, true), selection), anchor: index };
}

/** The places between the anchor and this one, both included, the smaller first. */
export function rangeTo({ anchor }: Selection, index: number): [from: number, to: number] {
  return anchor === null ? [index, index] : [Math.min(anchor, index), Math.max(anchor, index)];
}

/** What the box over all rows shows. */
export function tristate(selection: Selection, total: number): 'NONE' | 'SOME' | 'ALL' {
  const count = countSelected(selection, total);
  return count === 0 ? 'NONE' : count >= total ? 'ALL' : 'SOME';
}
