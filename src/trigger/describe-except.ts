import { describeMember } from './members.ts';
import type { ExclusionShift, ExclusionSpec, Trigger, TriggerSpec } from './trigger.ts';

/** More exclusions than this are counted, not told. */
const MOST_LISTED = 6;

/** `every 10 minutes (UTC), except on SAT,SUN and from 22:00 until 06:00 (Europe/Berlin; moved to the next allowed day)`. */
export function describeExcept(
  base: Trigger,
  excluding: readonly ExclusionSpec[],
  triggers: readonly Trigger[],
  shift: ExclusionShift,
  timeZone: string,
): string {
  const texts = new Map<TriggerSpec, string>(triggers.map((trigger) => [trigger.spec, trigger.describe()]));
  const phrases = excluding.slice(0, MOST_LISTED).map((exclusion) => describeExclusion(exclusion, texts));
  const rest = excluding.length - phrases.length;
  if (rest > 0) phrases.push(`${rest} more`);
  const notes: string[] = [];
  if (excluding.some((exclusion) => !('trigger' in exclusion))) notes.push(timeZone);
  if (shift !== 'DROP') notes.push(`moved to the ${shift === 'NEXT_ALLOWED_DAY' ? 'next' : 'previous'} allowed day`);
  const list = phrases.length < 2 ? phrases.join('') : `${phrases.slice(0, -1).join(', ')} and ${phrases.at(-1)}`;
  return `${describeMember(base)}, except ${list}${notes.length > 0 ? ` (${notes.join('; ')})` : ''}`;
}

export function describeExclusion(exclusion: ExclusionSpec, texts: ReadonlyMap<TriggerSpec, string> = new Map()): string {
  if ('trigger' in exclusion) {
    const text = texts.get(exclusion.trigger);
    return text === undefined ? 'the times of another trigger' : `[${text}]`;
  }
  if ('daysOfWeek' in exclusion) return `on ${exclusion.daysOfWeek.replaceAll(',', ', ')}`;
  if ('calendar' in exclusion) return `on the days of ${exclusion.calendar}`;
  if ('dailyWindow' in exclusion) {
    const short = (time: string): string => time.replace(/:00$/, '');
    return `from ${short(exclusion.dailyWindow.from)} until ${short(exclusion.dailyWindow.until)}`;
  }
  const { from, through } = exclusion.dates;
  return from === through ? `on ${from}` : `from ${from} through ${through}`;
}
