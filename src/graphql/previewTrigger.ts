import { readTriggerSpec } from '../commands/triggerInput.ts';
import { boundsFault, nothingLeft, withinBounds } from '../domain/bounds.ts';
import type { Bounds } from '../domain/bounds.ts';
import { daysByCalendar } from '../domain/calendar.ts';
import { anchorOf } from '../domain/schedule.ts';
import { invalid } from '../domain/userError.ts';
import { namedCalendars } from '../store/calendars.ts';
import type { Sql } from '../store/sql.ts';
import { calendarNames } from '../trigger/calendar-names.ts';
import { compileTrigger } from '../trigger/compile.ts';
import { firstInstants } from '../trigger/first-instants.ts';
import { lintTrigger } from '../trigger/lint.ts';
import type { Trigger } from '../trigger/trigger.ts';
import { resolveZone } from '../trigger/zone.ts';
import { readPageSize } from './connections.ts';
import type { QueryPreviewTriggerArgs, TriggerLint } from './generated.ts';

/** When a schedule with this trigger and these bounds would fire. What would be refused only because it is past is a lint. */
export async function previewTrigger(sql: Sql, args: QueryPreviewTriggerArgs, now: number) {
  const first = readPageSize('first', args.first ?? 10);
  const after = args.after?.getTime() ?? now;
  const dst = { gap: args.dst?.gap ?? null, overlap: args.dst?.overlap ?? null };
  const bounds = { startAt: args.startAt ?? null, endAt: args.endAt ?? null };
  const zone = resolveZone(args.timeZone ?? 'UTC');
  const timeZone = zone.ok ? zone.timeZone : 'UTC';
  // A preview has no schedule whose creation could anchor an interval: `after` stands in for it.
  const spec = readTriggerSpec(args.trigger);
  const calendars = daysByCalendar(await namedCalendars(sql, calendarNames(spec)));
  const compiled = compileTrigger(spec, { timeZone, dst, anchorAt: anchorOf(after), calendars });
  const fault = boundsFault(bounds);
  const userErrors = [
    ...(zone.ok ? [] : [invalid(['timeZone'], zone.message, 'an IANA time zone name such as Europe/Berlin')]),
    ...(fault === null ? [] : [invalid(['endAt'], fault, 'endAt not before startAt')]),
    ...(compiled.ok ? [] : compiled.errors.map((error) => invalid(['trigger', ...error.path], error.message, error.constraint))),
  ];
  if (!compiled.ok || userErrors.length > 0) {
    return { trigger: null, timeZone, dst, spec: null, summary: null, fireTimes: [], exhausted: true, lints: [], userErrors };
  }
  const { trigger } = compiled;
  const bounded = withinBounds(trigger, bounds);
  const until = args.until?.getTime() ?? Infinity;
  const { instants, early } = firstInstants(bounded, after + 1, until, first + 1);
  return {
    trigger,
    timeZone,
    dst,
    spec: trigger.spec,
    summary: bounded.describe(),
    fireTimes: instants.slice(0, first).map((instant) => ({ ...bounded.fireTime(instant), effectiveAt: instant })),
    exhausted: instants.length <= first && !early,
    lints: [...lintsOf(trigger, bounds, after), ...(early ? [endsEarly(instants.length)] : [])],
    userErrors: [],
  };
}

function endsEarly(shown: number): TriggerLint {
  const message = `Its times are so rare that working out more than ${shown} of them takes too long here. It fires after them all the same.`;
  return { code: 'PREVIEW_ENDS_EARLY', message, at: null };
}

/** `after` stands in for now here, too: what a form previews is what creating would say. */
function lintsOf(trigger: Trigger, bounds: Bounds, after: number): TriggerLint[] {
  const bounded = withinBounds(trigger, bounds);
  const told = `the preview starts after ${new Date(after).toISOString()}`;
  const refusals = nothingLeft(trigger, bounds, after, told).map(({ message }): TriggerLint => {
    const last = bounded.previous(Infinity);
    return last === null ? { code: 'NEVER_FIRES', message, at: null } : { code: 'ALL_IN_THE_PAST', message, at: new Date(last) };
  });
  const lints = lintTrigger(bounded, after).map(({ at, ...lint }) => ({ ...lint, at: at === null ? null : new Date(at) }));
  return [...refusals, ...lints];
}
