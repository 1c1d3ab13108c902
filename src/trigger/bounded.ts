import type { Agenda } from './agenda.ts';
import { agendaOf } from './agenda.ts';
import { formatInstant, readInstant } from './instant.ts';
import { boundedAgenda } from './set-agendas.ts';
import type { BoundedTrigger, CompileResult, Trigger, TriggerError, TriggerSpec } from './trigger.ts';
import { FIRST_INSTANT, MUST_FIRE } from './trigger.ts';

/** @param compileInner  compiles the trigger inside, in the same context */
export function compileBounded(
  input: { trigger: TriggerSpec; startAt?: string | null; endAt?: string | null },
  compileInner: (spec: TriggerSpec) => CompileResult,
): CompileResult<BoundedTrigger> {
  const errors: TriggerError[] = [];
  const bound = (field: 'startAt' | 'endAt'): number | null =>
    (input[field] ?? null) === null ? null : readInstant(input[field], ['bounded', field], errors);
  const [startAt, endAt] = [bound('startAt'), bound('endAt')];
  if (startAt === null && endAt === null)
    errors.push({ path: ['bounded'], message: 'bounded needs startAt, endAt or both', constraint: 'at least one bound' });
  if (errors.length === 0 && startAt !== null && endAt !== null && startAt > endAt) {
    const message = `never fires: endAt ${formatInstant(endAt)} is before startAt ${formatInstant(startAt)}`;
    errors.push({ path: ['bounded', 'endAt'], message, constraint: 'not before startAt' });
  }
  const inner = compileInner(input.trigger);
  if (!inner.ok) errors.push(...inner.errors.map((error) => ({ ...error, path: ['bounded', 'trigger', ...error.path] })));
  else if (inner.trigger.kind === 'MANUAL') {
    const message = 'manual stands alone: it has no times that could be bounded';
    errors.push({ path: ['bounded', 'trigger', 'manual'], message, constraint: 'a trigger with times' });
  }
  if (!inner.ok || errors.length > 0) return { ok: false, errors };
  const trigger = boundTrigger(inner.trigger, startAt, endAt);
  if (trigger.next(FIRST_INSTANT - 1) !== null) return { ok: true, trigger };
  const message = 'never fires: no time of its trigger lies between startAt and endAt';
  return { ok: false, errors: [{ path: ['bounded'], message, constraint: MUST_FIRE }] };
}

/** The occurrences of `trigger` in [startAt, endAt]; there may be none. Epoch milliseconds, null: no bound on that side. */
export function boundTrigger(trigger: Trigger, startAt: number | null, endAt: number | null): BoundedTrigger {
  const first = startAt ?? -Infinity;
  const end = endAt === null ? Infinity : endAt + 1;
  let agenda: Agenda | undefined;
  return {
    kind: 'BOUNDED',
    trigger,
    startAt,
    endAt,
    spec: {
      bounded: {
        trigger: trigger.spec,
        ...(startAt !== null && { startAt: formatInstant(startAt) }),
        ...(endAt !== null && { endAt: formatInstant(endAt) }),
      },
    },
    next(after) {
      const found = trigger.next(Math.max(after, first - 1));
      return found !== null && found < end ? found : null;
    },
    previous(before) {
      const found = trigger.previous(Math.min(before, end));
      return found !== null && found >= first ? found : null;
    },
    between: (from, until, limit) => trigger.between(Math.max(from, first), Math.min(until, end), limit),
    matches: (instant) => instant >= first && instant < end && trigger.matches(instant),
    count(from, until) {
      const [start, stop] = [Math.max(from, first), Math.min(until, end)];
      return start < stop ? trigger.count(start, stop) : 0;
    },
    describe() {
      const parts = [trigger.describe() + ','];
      if (startAt !== null) parts.push(`from ${shown(trigger, startAt)}`);
      if (endAt !== null) parts.push(`until ${shown(trigger, endAt)}`);
      return parts.join(' ');
    },
    fireTime: (instant) => trigger.fireTime(instant),
    agenda: () => (agenda ??= boundedAgenda(agendaOf(trigger), Math.ceil(first / 1000), Math.ceil(end / 1000))),
  };
}

/** An instant as the clock of the trigger shows it, with its offset: not every description names the zone. */
function shown(trigger: Trigger, instant: number): string {
  const { local, offset } = trigger.fireTime(instant);
  return `${local.replace('T', ' ').replace(/:00$/, '')} ${offset}`;
}
