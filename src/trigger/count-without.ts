import { answersOfAgenda } from './agenda-answers.ts';
import { agendaOf } from './agenda.ts';
import { firstInstants } from './first-instants.ts';
import { differenceAgenda } from './set-agendas.ts';
import type { Trigger } from './trigger.ts';

/** Most that are looked at one by one. */
const MOST_LISTED = 10_000;

/**
 * How many occurrences of a trigger in [from, until) another one does not have. By whole-day arithmetic: the cost does not grow with
 * the answer. Where one of the two has times between the seconds they are told one by one, up to 10,000 and as far as that takes
 * reasonable time.
 */
export function countWithout(trigger: Trigger, other: Trigger | null, from: number, until: number): number {
  if (trigger.kind === 'MANUAL') return 0;
  if (other === null || other.kind === 'MANUAL') return trigger.count(from, until);
  const [whole, taken] = [agendaOf(trigger), agendaOf(other)];
  if (!whole.fine && !taken.fine) return answersOfAgenda(differenceAgenda(whole, [taken])).count(from, until);
  return firstInstants(trigger, from, until, MOST_LISTED).instants.filter((instant) => !other.matches(instant)).length;
}
