import { fireTime, localText } from './zone.ts';

/** Readings of a clock for people. @param reading  whole milliseconds since 1970-01-01T00:00:00 as it shows it */
export function dateText(reading: number): string {
  return textOf(reading).slice(0, 10);
}

/** `02:30`; seconds follow only when there are any. */
export function clockText(reading: number): string {
  return textOf(reading)
    .slice(11)
    .replace(/^(\d\d:\d\d):00$/, '$1');
}

/** `2026-03-08 03:00 -04:00`: an instant as the clock of a zone shows it. */
export function zonedText(instant: number, timeZone: string): string {
  const { local, offset } = fireTime(instant, timeZone);
  return `${local.slice(0, 10)} ${local.slice(11).replace(/^(\d\d:\d\d):00$/, '$1')} ${offset}`;
}

function textOf(reading: number): string {
  const second = Math.floor(reading / 1000);
  return localText(second, reading - second * 1000);
}
