import { FIELD_WORDS, cleanSpec, differingFields } from './spec.ts';
import type { Spec } from './spec.ts';
import { sameJson } from '../../parts/path.ts';

/** One field of a definition that two people have changed at once, or one of them. */
export interface FieldChange {
  field: string;
  /** As it was when the editing began; undefined: it was not given. */
  base: unknown;
  mine: unknown;
  theirs: unknown;
  by: 'ME' | 'THEM' | 'BOTH_ALIKE' | 'BOTH';
}

export type Side = 'MINE' | 'THEIRS';

/** What I and what somebody else have made of the same definition, field by field. */
export function compareEdits(base: Spec, mine: Spec, theirs: Spec): FieldChange[] {
  const [b, m, t] = [base, mine, theirs].map(cleanSpec) as [Spec, Spec, Spec];
  const byMe = new Set(differingFields(b, m));
  const byThem = new Set(differingFields(b, t));
  const names = new Set([...Object.keys(FIELD_WORDS), ...byMe, ...byThem]);
  return [...names]
    .filter((field) => byMe.has(field) || byThem.has(field))
    .map((field) => {
      const values = { base: b[field], mine: m[field], theirs: t[field] };
      const both = byMe.has(field) && byThem.has(field);
      const by = !both ? (byMe.has(field) ? 'ME' : 'THEM') : sameJson(m[field], t[field]) ? 'BOTH_ALIKE' : 'BOTH';
      return { field, ...values, by };
    });
}

/** What is taken unless somebody chooses: each side's own changes, and mine where both changed the same field. */
export function usualChoice(change: FieldChange): Side {
  return change.by === 'THEM' || change.by === 'BOTH_ALIKE' ? 'THEIRS' : 'MINE';
}

/** Their definition, with mine where that is chosen. */
export function mergeEdits(theirs: Spec, changes: readonly FieldChange[], choice: (change: FieldChange) => Side): Spec {
  const merged: Record<string, unknown> = { ...theirs };
  for (const change of changes) {
    if (choice(change) === 'THEIRS') continue;
    if (change.mine === undefined) delete merged[change.field];
    else merged[change.field] = change.mine;
  }
  return merged;
}
