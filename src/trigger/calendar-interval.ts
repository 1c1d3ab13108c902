import { DAY_SECONDS, packedDate } from './civil.ts';
import type { DateDuration } from './date-duration.ts';
import { describeDateDuration, formatDateDuration, readDateDuration } from './date-duration.ts';
import { createDateSteps } from './date-steps.ts';
import { describeDst } from './describe.ts';
import { leafZone } from './leaf-zone.ts';
import { readLocalDate, readTimeOfDay } from './local-date.ts';
import { createTimeSet } from './times.ts';
import type { CalendarIntervalTrigger, CompileResult, EffectiveDst, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, MUST_FIRE } from './trigger.ts';
import { createWallPattern } from './wall.ts';
import { answers, layOut } from './wall-answers.ts';
import { localText, zoneOf } from './zone.ts';

/**
 * A local time on dates that follow one another by a date duration. A date whose time is missing keeps its place: the next
 * one is counted from it, whatever the policy makes of the time. Defaults: the context's zone and the date of its anchor
 * there, SHIFT + FIRST (RFC 5545).
 */
export function compileCalendarInterval(
  input: { every: string; at: string; startOn?: string | null; timeZone?: string | null },
  context: TriggerContext,
): CompileResult<CalendarIntervalTrigger> {
  const errors: TriggerError[] = [];
  const every = readDateDuration(input.every, ['calendarInterval', 'every'], errors);
  const time = readTimeOfDay(input.at, ['calendarInterval', 'at'], errors);
  const given = (input.startOn ?? null) !== null;
  const givenStart = given ? readLocalDate(input.startOn, ['calendarInterval', 'startOn'], errors) : null;
  const timeZone = leafZone(input.timeZone, ['calendarInterval', 'timeZone'], context, errors);
  if (every === null || time === null || errors.length > 0) return { ok: false, errors };

  const start = givenStart ?? dateIn(timeZone, context.anchorAt);
  const dst: EffectiveDst = { gap: context.dst.gap ?? 'SHIFT', overlap: context.dst.overlap ?? 'FIRST', followsRealClock: false };
  const times = createTimeSet([Math.floor(time / 3600)], [Math.floor(time / 60) % 60], [time % 60]);
  const wall = createWallPattern(createDateSteps(start, every), times);
  const timeline = layOut(wall, timeZone, dst);
  if (timeline.next(FIRST_INSTANT / 1000) === null) {
    const message = `never fires: none of its local times exists in ${timeZone} in the years 1 to 9999 of UTC`;
    return { ok: false, errors: [{ path: ['calendarInterval'], message, constraint: MUST_FIRE }] };
  }

  const text = formatDateDuration(every);
  const [startOn = '', at = ''] = localText(start * DAY_SECONDS + time, 0).split('T');
  const spec: CalendarIntervalTrigger['spec'] = {
    calendarInterval: {
      every: text,
      at,
      ...(given && { startOn }),
      ...((input.timeZone ?? null) !== null && { timeZone }),
    },
  };
  const notes = [timeZone, ...describeDst(dst, 'SHIFT')].join('; ');
  const describe = (): string =>
    `every ${describeDateDuration(every)} at ${at.replace(/:00$/, '')}, from ${startOn} on${passedOver(start, every)} (${notes})`;
  return {
    ok: true,
    trigger: {
      kind: 'CALENDAR_INTERVAL',
      spec,
      every: text,
      at,
      startOn,
      timeZone,
      dst,
      wall,
      ...answers(timeline, timeZone),
      describe,
    },
  };
}

/** Day number of the date that the clock of a zone shows at an instant. */
function dateIn(timeZone: string, instant: number): number {
  const second = Math.floor(instant / 1000);
  const zone = zoneOf(timeZone);
  return Math.floor((second + zone.offset(zone.index(second))) / DAY_SECONDS);
}

function passedOver(start: number, { months, days }: DateDuration): string {
  const date = packedDate(start);
  if ((date & 31) <= 28 || months === 0 || days > 0) return '';
  if (months % 12 !== 0) return `, passing over months without day ${date & 31}`;
  return ((date >> 5) & 15) === 2 ? ', passing over years without 29 February' : '';
}
