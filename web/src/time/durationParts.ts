/** A duration as a number and a unit, which is how people say it. */
export interface DurationParts {
  amount: number;
  unit: DurationUnit;
}

export type DurationUnit = 'SECONDS' | 'MINUTES' | 'HOURS' | 'DAYS' | 'WEEKS' | 'MONTHS' | 'YEARS';

export const UNIT_WORDS: Record<DurationUnit, string> = {
  SECONDS: 'seconds',
  MINUTES: 'minutes',
  HOURS: 'hours',
  DAYS: 'days',
  WEEKS: 'weeks',
  MONTHS: 'months',
  YEARS: 'years',
};

const WRITTEN: Record<DurationUnit, readonly [before: string, after: string]> = {
  SECONDS: ['PT', 'S'],
  MINUTES: ['PT', 'M'],
  HOURS: ['PT', 'H'],
  DAYS: ['P', 'D'],
  WEEKS: ['P', 'W'],
  MONTHS: ['P', 'M'],
  YEARS: ['P', 'Y'],
};

export function writeDuration({ amount, unit }: DurationParts): string {
  const [before, after] = WRITTEN[unit];
  return `${before}${amount}${after}`;
}

/** null when it is no duration of one unit: PT1H30M is 90 minutes, but P1DT1H of days that need not have 24 hours is not. */
export function readDuration(text: string): DurationParts | null {
  const date = /^P(\d+)([DWMY])$/.exec(text);
  if (date) {
    const unit = { D: 'DAYS', W: 'WEEKS', M: 'MONTHS', Y: 'YEARS' }[date[2] as 'D'] as DurationUnit;
    return { amount: Number(date[1]), unit };
  }
  const time = /^PT(?=\d)(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?$/.exec(text);
  if (!time) return null;
  const [hours, minutes, seconds] = time.slice(1);
  const sum = Number(hours ?? 0) * 60 + Number(minutes ?? 0);
  if (seconds !== undefined) return { amount: sum * 60 + Number(seconds), unit: 'SECONDS' };
  return minutes === undefined ? { amount: Number(hours), unit: 'HOURS' } : { amount: sum, unit: 'MINUTES' };
}
