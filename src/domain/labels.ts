/** Text by key, for people and scripts to find things by. */
export type Labels = Record<string, string>;

/** Which labels something must have. `exists` false: the key must be absent; else it must be there, with one of `in` if given. */
export interface LabelSelector {
  key: string;
  in?: readonly string[] | null | undefined;
  exists?: boolean | null | undefined;
}

/** What a run is labelled with: the labels of its task, and over them those of its schedule. */
export function overlayLabels(task: Labels, schedule: Labels): Labels {
  return { ...task, ...schedule };
}

export function listLabels(labels: Labels): { key: string; value: string }[] {
  return Object.entries(labels)
    .map(([key, value]) => ({ key, value }))
    .sort((a, b) => (a.key < b.key ? -1 : 1));
}

/** All selectors must match. */
export function matchesLabels(labels: Labels, selectors: readonly LabelSelector[]): boolean {
  return selectors.every(({ key, in: values, exists }) => {
    const value = Object.hasOwn(labels, key) ? labels[key] : undefined;
    if (exists === false) return value === undefined;
    return value !== undefined && (values == null || values.includes(value));
  });
}
