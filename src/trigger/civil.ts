/**
 * Dates of the proleptic Gregorian calendar as day numbers (1970-01-01 is 0). Integer arithmetic only, because the
 * calculus asks for it a million times a second. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms".
 */

export const DAY_SECONDS = 86_400;
/** The calendar, weekdays included, repeats after exactly this many days: 400 years. */
export const CYCLE_DAYS = 146_097;

/** Like %, in [0, size) also for what is negative. */
export const modulo = (value: number, size: number): number => ((value % size) + size) % size;

export function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** @param month  1–12 */
export function daysInMonth(leap: boolean, month: number): number {
  if (month === 2) return leap ? 29 : 28;
  return 30 + ((month + (month >> 3)) & 1);
}

/** Day number of a date; `year` from 0. */
export function dayOfDate(year: number, month: number, day: number): number {
  const y = month <= 2 ? year - 1 : year;
  const era = Math.floor(y / 400);
  const yearOfEra = y - era * 400;
  const dayOfYear = (((month + 9) % 12) * 153 + 2) / 5;
  const dayOfEra = yearOfEra * 365 + (yearOfEra >> 2) - ((yearOfEra / 100) | 0) + (dayOfYear | 0) + day - 1;
  return era * CYCLE_DAYS + dayOfEra - 719_468;
}

/** Date of a day number, packed as `year << 9 | month << 5 | day` so that the hot path allocates nothing. */
export function packedDate(dayNumber: number): number {
  const shifted = dayNumber + 719_468;
  const era = Math.floor(shifted / CYCLE_DAYS);
  const dayOfEra = shifted - era * CYCLE_DAYS;
  const yearOfEra = ((dayOfEra - ((dayOfEra / 1460) | 0) + ((dayOfEra / 36_524) | 0) - ((dayOfEra / 146_096) | 0)) / 365) | 0;
  const dayOfYear = dayOfEra - (365 * yearOfEra + (yearOfEra >> 2) - ((yearOfEra / 100) | 0));
  const shiftedMonth = ((5 * dayOfYear + 2) / 153) | 0;
  const day = dayOfYear - (((153 * shiftedMonth + 2) / 5) | 0) + 1;
  const month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9;
  return ((yearOfEra + era * 400 + (month <= 2 ? 1 : 0)) << 9) | (month << 5) | day;
}

/** 0 = Sunday, as in crontab. 1970-01-01 was a Thursday. */
export function weekdayOf(dayNumber: number): number {
  return (((dayNumber + 4) % 7) + 7) % 7;
}

/** ISO 8601: weeks begin on Monday, and belong to the year of their Thursday. */
export function isoWeekOf(dayNumber: number): number {
  const thursday = dayNumber - ((weekdayOf(dayNumber) + 6) % 7) + 3;
  return Math.floor((thursday - dayOfDate(packedDate(thursday) >> 9, 1, 1)) / 7) + 1;
}
