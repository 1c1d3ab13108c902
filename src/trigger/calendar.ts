import { readCalendarFields } from './calendar-fields.ts';
import { createDaySet } from './days.ts';
import { describeCron } from './describe.ts';
import { leafZone } from './leaf-zone.ts';
import { createTimeSet } from './times.ts';
import type { CalendarTexts, CalendarTrigger, CompileResult, EffectiveDst, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, MUST_FIRE } from './trigger.ts';
import { createWallPattern } from './wall.ts';
import { answers, layOut } from './wall-answers.ts';

/** The fields of crontab by name, ISO weeks too, in a zone. Defaults: the context's zone, RUN_AFTER + FIRST, as for cron. */
export function compileCalendar(
  input: { [field in keyof CalendarTexts]?: string | null | undefined } & { timeZone?: string | null },
  context: TriggerContext,
): CompileResult<CalendarTrigger> {
  const errors: TriggerError[] = [];
  const { texts, fields } = readCalendarFields(input, errors);
  const timeZone = leafZone(input.timeZone, ['calendar', 'timeZone'], context, errors);
  const days = fields && createDaySet({ ...fields, either: false });
  if (days?.empty) errors.push(neverFires('no date of the calendar matches its years, months, weeks and days together'));
  if (!fields || !days || errors.length > 0) return { ok: false, errors };

  const dst: EffectiveDst = {
    gap: context.dst.gap ?? 'RUN_AFTER',
    overlap: context.dst.overlap ?? 'FIRST',
    followsRealClock: fields.followsRealClock,
  };
  const times = createTimeSet(fields.hours, fields.minutes, fields.seconds);
  const wall = createWallPattern(days, times);
  const timeline = layOut(wall, timeZone, dst);
  // Dates that match may still fall into gaps of the zone only, each of them or those of the years that are listed.
  if (timeline.next(FIRST_INSTANT / 1000) === null)
    return { ok: false, errors: [neverFires(`its local times never exist in ${timeZone}`)] };

  const spec: CalendarTrigger['spec'] = { calendar: { ...texts, ...((input.timeZone ?? null) !== null && { timeZone }) } };
  const describe = (): string => describeCron(fields, false, timeZone, dst);
  return {
    ok: true,
    trigger: {
      kind: 'CALENDAR',
      spec,
      fields: texts,
      timeZone,
      dst,
      rule: { fields, either: false },
      wall,
      ...answers(timeline, timeZone),
      describe,
    },
  };
}

const neverFires = (reason: string): TriggerError => ({
  path: ['calendar'],
  message: `never fires: ${reason}`,
  constraint: MUST_FIRE,
});
