/** One way to name days of a month. Weekdays: 0 = Sunday. */
export type DayItem =
  | { is: 'DAY'; day: number }
  /** `back` days before the last day of the month. */
  | { is: 'FROM_LAST'; back: number }
  /** Monday to Friday nearest to `day` inside the same month; none when the month has no such day. */
  | { is: 'NEAREST_WORKDAY'; day: number }
  | { is: 'LAST_WORKDAY' }
  | { is: 'WEEKDAY'; weekday: number }
  | { is: 'NTH_WEEKDAY'; weekday: number; nth: number }
  | { is: 'LAST_WEEKDAY'; weekday: number };

/**
 * The days of one month that any of the items names, as a mask: bit d-1 is day d.
 * @param firstWeekday  weekday of the 1st
 * @param length        28–31
 */
export function maskOf(items: readonly DayItem[], firstWeekday: number, length: number): number {
  let mask = 0;
  const add = (day: number): void => {
    if (day >= 1 && day <= length) mask |= 1 << (day - 1);
  };
  /** First day of the month that is this weekday. */
  const firstOf = (weekday: number): number => ((weekday - firstWeekday + 7) % 7) + 1;
  const addNearestWorkday = (day: number): void => {
    const weekday = (firstWeekday + day - 1) % 7;
    if (day > length) return;
    if (weekday === 6) add(day === 1 ? 3 : day - 1);
    else if (weekday === 0) add(day === length ? day - 2 : day + 1);
    else add(day);
  };
  for (const item of items) {
    switch (item.is) {
      case 'DAY':
        add(item.day);
        break;
      case 'FROM_LAST':
        add(length - item.back);
        break;
      case 'NEAREST_WORKDAY':
        addNearestWorkday(item.day);
        break;
      case 'LAST_WORKDAY':
        addNearestWorkday(length);
        break;
      case 'WEEKDAY':
        for (let day = firstOf(item.weekday); day <= length; day += 7) add(day);
        break;
      case 'NTH_WEEKDAY':
        add(firstOf(item.weekday) + (item.nth - 1) * 7);
        break;
      case 'LAST_WEEKDAY': {
        const fourth = firstOf(item.weekday) + 21;
        add(fourth + 7 <= length ? fourth + 7 : fourth);
        break;
      }
      default:
        item satisfies never;
    }
  }
  return mask;
}
