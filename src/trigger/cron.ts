import type { CronFields } from './cron-text.ts';
import { normaliseSpace, parseCronText } from './cron-text.ts';
import { createDaySet } from './days.ts';
import { describeCron } from './describe.ts';
import { leafZone } from './leaf-zone.ts';
import { LONGEST_TEXT } from './text.ts';
import { createTimeSet } from './times.ts';
import type { CompileResult, CronTrigger, DayMatch, EffectiveDst, TriggerContext, TriggerError } from './trigger.ts';
import { FIRST_INSTANT, MUST_FIRE } from './trigger.ts';
import { createWallPattern } from './wall.ts';
import { answers, layOut } from './wall-answers.ts';

const DAY_MATCHES: readonly DayMatch[] = ['CRONTAB', 'EITHER', 'BOTH'];

/** Crontab text in a zone. Defaults: the context's zone, RUN_AFTER + FIRST (Debian's cron), dayMatch CRONTAB. */
export function compileCron(
  input: { expression: string; dayMatch?: DayMatch | null; timeZone?: string | null },
  context: TriggerContext,
): CompileResult<CronTrigger> {
  const errors: TriggerError[] = [];
  const { expression, fields } = readExpression(input.expression, errors);
  const dayMatch = input.dayMatch ?? 'CRONTAB';
  if (!DAY_MATCHES.includes(dayMatch)) {
    errors.push({
      path: ['cron', 'dayMatch'],
      message: `dayMatch must be ${DAY_MATCHES.join(', ')}`,
      constraint: DAY_MATCHES.join(' | '),
    });
  }
  const timeZone = leafZone(input.timeZone, ['cron', 'timeZone'], context, errors);
  const either = fields !== null && eitherDay(dayMatch, fields);
  const days = fields && createDaySet({ ...fields, either });
  if (days?.empty) errors.push(neverFires('no date of the calendar matches its day, month and year fields'));
  if (!fields || !days || errors.length > 0) return { ok: false, errors };

  const dst: EffectiveDst = {
    gap: context.dst.gap ?? 'RUN_AFTER',
    overlap: context.dst.overlap ?? 'FIRST',
    followsRealClock: fields.followsRealClock,
  };
  const times = createTimeSet(fields.hours, fields.minutes, fields.seconds);
  const wall = createWallPattern(days, times);
  const timeline = layOut(wall, timeZone, dst);
  // Dates that match may still fall into gaps of the zone only, each of them or the one that the year field leaves.
  if (timeline.next(FIRST_INSTANT / 1000) === null)
    return { ok: false, errors: [neverFires(`its local times never exist in ${timeZone}`)] };

  const spec: CronTrigger['spec'] = {
    cron: {
      expression,
      ...(dayMatch !== 'CRONTAB' && { dayMatch }),
      ...((input.timeZone ?? null) !== null && { timeZone }),
    },
  };
  const describe = (): string => describeCron(fields, either, timeZone, dst);
  return {
    ok: true,
    trigger: {
      kind: 'CRON',
      spec,
      expression,
      dayMatch,
      timeZone,
      dst,
      rule: { fields, either },
      wall,
      ...answers(timeline, timeZone),
      describe,
    },
  };
}

const neverFires = (reason: string): TriggerError => ({
  path: ['cron', 'expression'],
  message: `never fires: ${reason}`,
  constraint: MUST_FIRE,
});

function readExpression(text: unknown, errors: TriggerError[]): { expression: string; fields: CronFields | null } {
  const path = ['cron', 'expression'];
  if (typeof text !== 'string' || text.length > LONGEST_TEXT) {
    const problem = typeof text === 'string' ? `${text.length} characters are too many` : 'the expression must be text';
    errors.push({ path, message: problem, constraint: `text of at most ${LONGEST_TEXT} characters` });
    return { expression: '', fields: null };
  }
  const expression = normaliseSpace(text);
  const parsed = parseCronText(expression);
  if (parsed.ok) return { expression, fields: parsed.fields };
  for (const { message, allowed } of parsed.errors)
    errors.push({ path, message, ...(allowed !== undefined && { constraint: allowed }) });
  return { expression, fields: null };
}

/** Whether one of the two day fields is enough. A field that is only `*` names no day, so it never is. */
function eitherDay(dayMatch: DayMatch, fields: CronFields): boolean {
  if (dayMatch === 'BOTH') return false;
  if (dayMatch === 'EITHER') return fields.dayOfMonthIs !== 'ANY' && fields.dayOfWeekIs !== 'ANY';
  return fields.dayOfMonthIs === 'LISTED' && fields.dayOfWeekIs === 'LISTED';
}
