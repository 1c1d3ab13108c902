/** Whole numbers from 0 below a bound. */
export type Random = (below: number) => number;
export const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)] as T;
export const between = (random: Random, least: number, most: number): number => least + random(most - least + 1);

/** Text of one field together with what it means. */
export interface Field {
  text: string;
  values: number[];
}
/** Text of a field that names days. `star`: it starts with `*`, or is `?`. */
export interface DayField {
  text: string;
  day: (date: Temporal.PlainDate) => boolean;
  star: boolean;
}

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const MONTHS_LONG = ['january', 'February', 'March', 'april', 'May', 'JUNE', 'July', 'august', 'September', 'october'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];
const WEEKDAYS_LONG = ['Sunday', 'monday', 'Tuesday', 'Wednesday', 'thursday', 'FRIDAY', 'Saturday'];

/**
 * A number, list, range (also over the end), step or star.
 * @param star   how many of ten fields start with one
 * @param wraps  whether ranges may run over the end of the field
 * @param open   where `a/n` ends
 */
export function numberField(random: Random, min: number, max: number, { star = 4, wraps = true, open = max } = {}): Field {
  if (random(10) < star) {
    const step = random(2) === 0 ? 1 : between(random, 2, Math.max(2, Math.floor((max - min) / 2)));
    return { text: step === 1 ? '*' : `*/${step}`, values: run(min, max, step) };
  }
  const items = Array.from({ length: random(3) === 0 ? between(random, 2, 3) : 1 }, () => item(random, min, max, wraps, open));
  return join(items);
}

function item(random: Random, min: number, max: number, wraps: boolean, open: number): Field {
  const from = between(random, min, max);
  const form = random(5);
  if (form < 2) return { text: `${from}`, values: [from] };
  if (form === 2 && from < max) {
    const step = between(random, 1, open - from);
    return { text: `${from}/${step}`, values: run(from, open, step) };
  }
  let to = between(random, min, max);
  if (to < from && !wraps) to = max;
  const size = max - min + 1;
  const end = to < from ? to + size : to;
  const step = form === 4 && end > from ? between(random, 1, end - from) : 1;
  const values = run(from, end, step).map((value) => (value > max ? value - size : value));
  return { text: `${from}-${to}${form === 4 && end > from ? `/${step}` : ''}`, values };
}

const run = (from: number, to: number, step: number): number[] =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, i) => from + i * step);
const join = (fields: readonly Field[]): Field => ({
  text: fields.map(({ text }) => text).join(','),
  values: [...new Set(fields.flatMap(({ values }) => values))].sort((a, b) => a - b),
});

export function monthField(random: Random): Field {
  const form = random(8);
  if (form < 4) return { text: '*', values: run(1, 12, 1) };
  if (form === 4) return numberField(random, 1, 12);
  if (form === 5) {
    const month = random(10);
    return { text: MONTHS_LONG[month] as string, values: [month + 1] };
  }
  const [from, to] = [random(12), random(12)];
  if (form === 6) return join([from, to].map((month) => ({ text: MONTHS[month] as string, values: [month + 1] })));
  return {
    text: `${MONTHS[from]}-${MONTHS[to]}`,
    values: run(from, to < from ? to + 12 : to, 1).map((month) => (month % 12) + 1),
  };
}

/** Day of month, with the tokens of crontab. @param named  weekdays by their place (`MON#1`, `FRIL`) may stand in it, too */
export function dayOfMonthField(random: Random, { named = false } = {}): DayField {
  const form = random(12);
  if (form < 4) return { text: form === 0 ? '?' : '*', day: () => true, star: true };
  if (form < 8) {
    const { text, values } = numberField(random, 1, 31, { star: 2 });
    return { text, day: ({ day }) => values.includes(day), star: text.startsWith('*') };
  }
  const token = named && form > 9 ? weekdayPlace(random) : monthToken(random);
  if (random(3) > 0) return { ...token, star: false };
  const { text, values } = numberField(random, 1, 31, { star: 0 });
  return { text: `${token.text},${text}`, day: (date) => token.day(date) || values.includes(date.day), star: false };
}

function monthToken(random: Random): Omit<DayField, 'star'> {
  const back = between(random, 1, 10);
  const near = between(random, 1, 31);
  return pick(random, [
    { text: 'L', day: ({ day, daysInMonth }: Temporal.PlainDate) => day === daysInMonth },
    { text: `L-${back}`, day: ({ day, daysInMonth }: Temporal.PlainDate) => day === daysInMonth - back },
    { text: 'LW', day: (date: Temporal.PlainDate) => date.day === nearestWorkday(date, date.daysInMonth) },
    { text: `${near}W`, day: (date: Temporal.PlainDate) => date.day === nearestWorkday(date, near) },
  ]);
}

/** Monday to Friday nearest to a day without leaving its month; null when the month has no such day. */
function nearestWorkday(date: Temporal.PlainDate, day: number): number | null {
  if (day > date.daysInMonth) return null;
  for (const distance of [0, -1, 1, -2, 2]) {
    const near = day + distance;
    if (near >= 1 && near <= date.daysInMonth && date.with({ day: near }).dayOfWeek <= 5) return near;
  }
  return null;
}

/** `MON#2`, `FRIL`: by name, so that it cannot be taken for a day of the month. */
function weekdayPlace(random: Random): Omit<DayField, 'star'> {
  const weekday = random(7);
  const is = (date: Temporal.PlainDate): boolean => date.dayOfWeek % 7 === weekday;
  if (random(2) === 0) return { text: `${WEEKDAYS[weekday]}L`, day: (date) => is(date) && date.day + 7 > date.daysInMonth };
  const nth = between(random, 1, 5);
  return { text: `${WEEKDAYS[weekday]}#${nth}`, day: (date) => is(date) && Math.ceil(date.day / 7) === nth };
}

export function dayOfWeekField(random: Random): DayField {
  const form = random(12);
  if (form < 4) return { text: form === 0 ? '?' : '*', day: () => true, star: true };
  const listed = (text: string, values: readonly number[]): DayField => ({
    text,
    day: ({ dayOfWeek }) => values.includes(dayOfWeek % 7),
    star: text.startsWith('*'),
  });
  if (form < 6) {
    const { text, values } = numberField(random, 0, 6, { star: 2 });
    return listed(text, values);
  }
  if (form === 6) return listed('7', [0]);
  if (form === 7) return listed('5-7', [5, 6, 0]);
  if (form === 8) {
    const weekday = random(7);
    return listed(WEEKDAYS_LONG[weekday] as string, [weekday]);
  }
  if (form === 9) {
    const [from, to] = [random(7), random(7)];
    return listed(
      `${WEEKDAYS[from]}-${WEEKDAYS[to]}`,
      run(from, to < from ? to + 7 : to, 1).map((value) => value % 7),
    );
  }
  const [one, other] = [weekdayPlace(random), weekdayPlace(random)];
  if (random(2) === 0) return { ...one, star: false };
  return { text: `${one.text},${other.text}`, day: (date) => one.day(date) || other.day(date), star: false };
}
