import { RRuleTemporal } from 'rrule-temporal';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import type { Dst } from './clock.ts';
import { ascending, dateIn, DAY_MS, enumerate, instantsOf, textOf, zoned } from './clock.ts';
import { instantAt, PLACES } from './crons.ts';
import type { Random } from './fields.ts';
import { between, dayOfMonthField, dayOfWeekField, monthField, numberField, pick } from './fields.ts';

export const KINDS = ['calendar', 'calendarInterval', 'at', 'interval', 'rrule', 'anyOf', 'allOf', 'except', 'bounded'] as const;
type Kind = (typeof KINDS)[number];

export interface KindCase {
  id: string;
  trigger: TriggerSpec;
  timeZone: string;
  dst: Partial<Dst> | null;
  after: string;
  count: number;
  expected: string[];
}

/** What a trigger inside others is made in. */
interface Setting {
  random: Random;
  timeZone: string;
  dst: Partial<Dst>;
  after: number;
  /** Everything is enumerated in [from, until): wide enough around the question for what moves. */
  from: number;
  until: number;
}
/** A description together with its occurrences in [from, until). `ends`: nothing comes after it; Infinity: it goes on. */
interface Made {
  spec: TriggerSpec;
  at: readonly number[];
  ends: number;
}

const GAPS = ['RUN_AFTER', 'SHIFT', 'SKIP'] as const;
const OVERLAPS = ['FIRST', 'LAST', 'BOTH'] as const;
/** Zones whose clocks stay as they are, for rules. */
const STEADY = ['UTC', 'Asia/Kathmandu', 'Asia/Tokyo', 'Asia/Kolkata'];
const FIXED: Dst = { gap: 'SHIFT', overlap: 'FIRST' };
const CRONTAB: Dst = { gap: 'RUN_AFTER', overlap: 'FIRST' };
const MARGIN = 40 * DAY_MS;

/** null: nothing to tell within the range that is enumerated. */
export function kindCase(random: Random, kind: Kind, id: string): KindCase | null {
  const [place, near] = pick(random, PLACES);
  const timeZone = kind === 'rrule' ? pick(random, STEADY) : place;
  const after = instantAt(random, near);
  const dst: Partial<Dst> = {};
  if (random(2) === 0) dst.gap = pick(random, GAPS);
  if (random(2) === 0) dst.overlap = pick(random, OVERLAPS);
  const years = kind === 'calendar' || kind === 'calendarInterval' || kind === 'rrule' ? 9 : 1;
  const until = after + years * 366 * DAY_MS;
  const made = MAKERS[kind]({ random, timeZone, dst, after, from: after - MARGIN, until: until + MARGIN });
  const asked = between(random, 3, 6);
  const coming = made.at.filter((at) => at > after && at < until).slice(0, asked);
  if (coming.length === 0) return null;
  const ended = made.ends < until;
  const given = Object.keys(dst).length > 0;
  return {
    id,
    trigger: made.spec,
    timeZone,
    dst: given ? dst : null,
    after: textOf(after),
    count: ended ? asked : coming.length,
    expected: coming.map(textOf),
  };
}

const MAKERS: Record<Kind, (setting: Setting) => Made> = {
  calendar,
  calendarInterval,
  at,
  interval,
  rrule,
  anyOf: (setting) => anyOf(setting, leaves(setting, between(setting.random, 2, 4))),
  allOf,
  except,
  bounded: (setting) =>
    bounded(setting, pick(setting.random, [leaf, (inner: Setting) => anyOf(inner, leaves(inner, 2))])(setting)),
};

const leaf = (setting: Setting): Made => pick(setting.random, [daily, daily, interval, at, calendarInterval])(setting);
const leaves = (setting: Setting, count: number): Made[] => Array.from({ length: count }, () => leaf(setting));
/** The zone that the trigger names itself, now and then. */
function ownZone({ random, timeZone }: Setting): { named: { timeZone?: string }; zone: string } {
  if (random(3) > 0) return { named: {}, zone: timeZone };
  const [zone] = pick(random, PLACES);
  return { named: { timeZone: zone }, zone };
}

const FIELDS = ['years', 'months', 'daysOfMonth', 'weeks', 'daysOfWeek', 'hours', 'minutes', 'seconds'] as const;
const LEAST = { hours: 0, minutes: 0, seconds: 0, months: 1, daysOfMonth: 1 };

/** Coarser than the finest field given: every; finer: the least; weeks and days of the week: every, unless given. */
function calendar(setting: Setting): Made {
  const { random, until, after } = setting;
  const finest = pick(random, ['months', 'daysOfMonth', 'weeks', 'daysOfWeek', 'hours', 'hours', 'minutes', 'seconds'] as const);
  const depth = FIELDS.indexOf(finest);
  const texts: Partial<Record<(typeof FIELDS)[number], string>> = {};
  const given = (field: (typeof FIELDS)[number]): boolean =>
    field === finest || (FIELDS.indexOf(field) < depth && random(field === 'years' ? 8 : 3) === 0);
  const finer = (field: keyof typeof LEAST): boolean => FIELDS.indexOf(field) > depth;
  const say = <T extends { text: string }>(field: (typeof FIELDS)[number], value: T): T => {
    texts[field] = value.text;
    return value;
  };
  const numbers = (field: 'hours' | 'minutes' | 'seconds', max: number): { text: string; values: number[] } => {
    if (given(field)) return say(field, numberField(random, 0, max, { star: 2 }));
    const values = finer(field) ? [LEAST[field]] : Array.from({ length: max + 1 }, (_, i) => i);
    return { text: finer(field) ? '0' : '*', values };
  };
  const year = new Date(after).getUTCFullYear();
  const years = given('years')
    ? say('years', { text: `${year}-${year + 8}/2`, values: [0, 2, 4, 6, 8].map((n) => year + n) })
    : null;
  const months = given('months') ? say('months', monthField(random)).values : finer('months') ? [1] : null;
  const dayOfMonth = given('daysOfMonth') ? say('daysOfMonth', dayOfMonthField(random, { named: true })) : null;
  const weeks = given('weeks') ? say('weeks', numberField(random, 1, 53, { star: 0 })).values : null;
  const dayOfWeek = given('daysOfWeek') ? say('daysOfWeek', dayOfWeekField(random)) : null;
  const [hours, minutes, seconds] = [numbers('hours', 23), numbers('minutes', 59), numbers('seconds', 59)];
  const { named, zone } = ownZone(setting);
  const pattern = {
    hours: hours.values,
    minutes: minutes.values,
    seconds: seconds.values,
    followsRealClock: hours.text.startsWith('*') || minutes.text.startsWith('*'),
    day: (date: Temporal.PlainDate): boolean =>
      (years === null || years.values.includes(date.year)) &&
      (months === null || months.includes(date.month)) &&
      (dayOfMonth === null ? !finer('daysOfMonth') || date.day === 1 : dayOfMonth.day(date)) &&
      (weeks === null || weeks.includes(date.weekOfYear ?? 0)) &&
      (dayOfWeek === null || dayOfWeek.day(date)),
  };
  const policy = { ...CRONTAB, ...setting.dst };
  const found = enumerate(pattern, zone, policy, after + 1, until, 6);
  return { spec: { calendar: { ...texts, ...named } }, at: found.slice(0, 6), ends: Infinity };
}

/** A few fixed times a day: what set operators have something to do with. */
function daily(setting: Setting): Made {
  const { random, from, until } = setting;
  const minutes = pick(random, [[0], [30], [0, 30], [15, 45]]);
  const hours = pick(random, [[0], [1, 2, 3], [2], [0, 1, 2, 12], [9, 17], [23]]);
  const weekdays = pick(random, [null, null, [1, 2, 3, 4, 5], [0, 6], [1, 3, 5]]);
  const { named, zone } = ownZone(setting);
  const pattern = {
    hours,
    minutes,
    seconds: [0],
    followsRealClock: false,
    day: (date: Temporal.PlainDate): boolean => weekdays === null || weekdays.includes(date.dayOfWeek % 7),
  };
  const expression = `${minutes.join()} ${hours.join()} * * ${weekdays?.join() ?? '*'}`;
  const found = enumerate(pattern, zone, { ...CRONTAB, ...setting.dst }, from, until);
  return { spec: { cron: { expression, ...named } }, at: found, ends: Infinity };
}

/** From the date before: the months (again, until that day number exists), then weeks and days. */
function calendarInterval(setting: Setting): Made {
  const { random, after, from, until } = setting;
  const every = pick(random, [
    'P1M',
    'P1M',
    'P2M',
    'P1Y',
    'P4Y',
    'P1D',
    'P3D',
    'P10D',
    'P1W',
    'P2W',
    'P1M10D',
    'P1M1W',
    'P1Y2M',
    'P45D',
  ]);
  const time = pick(random, ['00:00:00', '00:30:00', '01:30:00', '02:00:00', '02:30:00', '03:00:00', '09:00:00', '23:59:59']);
  const { named, zone } = ownZone(setting);
  const near = dateIn(after, zone);
  const start = pick(random, [
    null,
    near,
    Temporal.PlainDate.from('2024-02-29'),
    Temporal.PlainDate.from('2020-02-29'),
    near.subtract({ months: 1 }).with({ month: 1, day: 31 }),
    near.with({ month: 10, day: 31 }),
    near.with({ month: 3, day: 30 }),
  ]);
  const { years, months, weeks, days } = Temporal.Duration.from(every);
  const stepMonths = years * 12 + months;
  const found: number[] = [];
  for (let date = start ?? near, steps = 0; steps < 20_000; steps++) {
    const instants = instantsOf(date.toPlainDateTime(time), zone, { ...FIXED, ...setting.dst });
    if ((instants[0] ?? 0) >= until) break;
    found.push(...instants);
    let moved = date;
    for (let n = 1; stepMonths > 0; n++) {
      moved = date.add({ months: n * stepMonths });
      if (moved.day === date.day) break;
    }
    date = moved.add({ weeks, days });
  }
  const startOn = start === null ? {} : { startOn: start.toString() };
  return { spec: { calendarInterval: { every, at: time, ...startOn, ...named } }, at: cut(found, from, until), ends: Infinity };
}

function at(setting: Setting): Made {
  const { random, after, from, until } = setting;
  const { named, zone } = ownZone(setting);
  const times = Array.from({ length: random(3) }, () => after + between(random, -40, 200) * 900_000);
  const localTimes = Array.from({ length: between(random, 1, 4) }, () =>
    zoned(after + between(random, -20, 120) * 1_800_000, zone)
      .toPlainDateTime()
      .with({ hour: pick(random, [0, 1, 2, 3, 12]), minute: pick(random, [0, 15, 30, 45]), second: 0, millisecond: 0 }),
  );
  const found = [...times, ...localTimes.flatMap((local) => instantsOf(local, zone, { ...FIXED, ...setting.dst }))];
  const local = localTimes.map((time) => time.toString({ smallestUnit: 'second' }));
  const spec = { at: { ...(times.length > 0 && { times: times.map(textOf) }), localTimes: local, ...named } };
  // A list without a single instant is refused, and not what is told about here.
  return { spec, at: cut(found, from, until), ends: Math.max(...found, -Infinity) };
}

function interval({ random, after, from, until }: Setting): Made {
  const seconds = pick(random, [900, 1800, 2700, 3600, 5400, 10_800, 26_000, 43_200, 86_400, 100_000, 604_800]);
  const anchor = pick(random, [
    null,
    after - 1_234_000,
    after + 9_876_000,
    Date.UTC(2020, 0, 1),
    Date.UTC(2030, 0, 1, 0, 0, 0, 500),
  ]);
  const origin = anchor ?? Math.floor(after / 1000) * 1000;
  const step = seconds * 1000;
  const found: number[] = [];
  for (let instant = origin; instant < until; instant += step) found.push(instant);
  for (let instant = origin - step; instant >= from; instant -= step) found.push(instant);
  const anchorAt = anchor === null ? {} : { anchorAt: textOf(anchor) };
  return { spec: { interval: { every: `PT${seconds}S`, ...anchorAt } }, at: cut(found, from, until), ends: Infinity };
}

/** As rrule-temporal expands them in UTC, read on the clock of a zone that stays as it is. */
function rrule({ random, timeZone, after, from, until }: Setting): Made {
  const text = pick(random, [
    'FREQ=MONTHLY;BYDAY=-1FR',
    'FREQ=MONTHLY;BYMONTHDAY=31',
    'FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1',
    'FREQ=MONTHLY;BYMONTHDAY=-1,15;BYHOUR=6,18',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,TH;WKST=SU',
    'FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO',
    'FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29',
    'FREQ=YEARLY;BYYEARDAY=1,100,-1',
    'FREQ=YEARLY;BYDAY=20MO',
    'FREQ=YEARLY;BYMONTH=11;BYDAY=4TH',
    'FREQ=DAILY;INTERVAL=3;BYMONTH=1,3,5',
    'FREQ=DAILY;BYHOUR=9,12;BYMINUTE=0,45',
    'FREQ=HOURLY;INTERVAL=5;BYDAY=SA,SU',
    'FREQ=MINUTELY;INTERVAL=90;BYHOUR=8,9,10',
  ]);
  const ending = pick(random, ['', '', ';COUNT=7', ';COUNT=30']);
  const start = zoned(after - between(random, 0, 20) * DAY_MS, 'UTC')
    .toPlainDateTime()
    .with({ hour: 8, minute: 30, second: 0, millisecond: 0 });
  const rule = `${text}${ending === '' ? ';COUNT=200' : ending}`;
  const dtstart = start.toString({ smallestUnit: 'second' });
  const oracle = new RRuleTemporal({
    rruleString: `DTSTART:${dtstart.replaceAll(/[-:]/g, '')}Z\nRRULE:${rule}`,
    maxIterations: 20_000,
  });
  const readings = oracle.all().map((time) => time.toPlainDateTime());
  const rdates = random(3) === 0 ? [start.add({ days: 1, hours: 2 }), start.add({ days: 40 })] : [];
  const exdates = random(3) === 0 ? readings.slice(1, 3) : [];
  const left = [...readings, ...rdates].filter((time) => !exdates.some((other) => other.equals(time)));
  const found = ascending(left.map((time) => time.toZonedDateTime(timeZone).epochMilliseconds));
  const list = (times: readonly Temporal.PlainDateTime[]): string[] =>
    times.map((time) => time.toString({ smallestUnit: 'second' }));
  const spec = {
    rrule: {
      rrule: `${text}${ending}`,
      dtstart,
      ...(rdates.length > 0 && { rdates: list(rdates) }),
      ...(exdates.length > 0 && { exdates: list(exdates) }),
    },
  };
  // Of an endless rule so many times are known: nothing can be said about what comes after them.
  const known = ending === '' ? (readings.at(-1) ?? start).toZonedDateTime(timeZone).epochMilliseconds : until;
  return { spec, at: cut(found, from, Math.min(known, until)), ends: ending === '' ? Infinity : (found.at(-1) ?? 0) };
}

function anyOf({ from, until }: Setting, members: readonly Made[]): Made {
  const found = members.flatMap((member) => [...member.at]);
  const ends = Math.max(...members.map((member) => member.ends));
  return { spec: { anyOf: members.map(({ spec }) => spec) }, at: cut(found, from, until), ends };
}

/** Each member's instants for which every other member has one no more than `within` before. */
function allOf(setting: Setting): Made {
  const { random, from, until } = setting;
  const members = random(2) === 0 ? [daily(setting), daily(setting)] : [daily(setting), interval(setting), daily(setting)];
  const minutes = pick(random, [0, 15, 30, 90, 600, 1440]);
  const has = (member: Made, t: number): boolean => member.at.some((at) => at <= t && at >= t - minutes * 60_000);
  const near = cut(
    members.flatMap((member) => [...member.at]),
    from + 2 * DAY_MS,
    Math.min(until, from + 120 * DAY_MS),
  );
  const found = near.filter((t) => members.every((member) => has(member, t)));
  const within = minutes === 0 ? {} : { within: `PT${minutes}M` };
  return { spec: { allOf: { triggers: members.map(({ spec }) => spec), ...within } }, at: found, ends: Infinity };
}

function bounded({ random, after, from, until }: Setting, inner: Made): Made {
  // On an occurrence now and then: both ends are inclusive.
  const coming = inner.at.filter((at) => at > after);
  const bound = (n: number): number => coming[n] ?? after + n * 3_600_000;
  const startAt = random(3) === 0 ? null : random(2) === 0 ? bound(2) : after + between(random, -10, 50) * 3_600_000;
  const endAt = random(3) === 0 ? null : random(2) === 0 ? bound(6) : after + between(random, 60, 900) * 3_600_000;
  const found = inner.at.filter((at) => at >= (startAt ?? -Infinity) && at <= (endAt ?? Infinity));
  const start = startAt ?? (endAt === null ? after : null);
  const spec = {
    bounded: {
      trigger: inner.spec,
      ...(start !== null && { startAt: textOf(start) }),
      ...(endAt !== null && { endAt: textOf(endAt) }),
    },
  };
  return { spec, at: cut(found, Math.max(from, start ?? from), until), ends: Math.min(inner.ends, endAt ?? Infinity) };
}

type Exclusion = Extract<TriggerSpec, { except: unknown }>['except']['excluding'][number];

/** Days and windows are those of the clock in the setting's zone. What lies on a day left out may move; what arrives in a window is gone. */
function except(setting: Setting): Made {
  const { random, timeZone, after, from, until } = setting;
  const base = pick(random, [daily, daily, interval, calendarInterval])(setting);
  const excluding: Exclusion[] = [];
  const onDay: ((date: Temporal.PlainDate) => boolean)[] = [];
  const atTime: ((at: number) => boolean)[] = [];
  for (const form of pick(random, [
    ['days'],
    ['dates'],
    ['window'],
    ['days', 'dates'],
    ['days', 'window'],
    ['dates', 'window'],
    ['trigger', 'days'],
  ])) {
    if (form === 'days') {
      const [text, values] = pick(random, [
        ['SAT,SUN', [6, 0]],
        ['MON-WED', [1, 2, 3]],
        ['FRI-MON', [5, 6, 0, 1]],
        ['0', [0]],
      ] as const);
      excluding.push({ daysOfWeek: text });
      onDay.push(({ dayOfWeek }) => values.some((value) => value === dayOfWeek % 7));
    } else if (form === 'dates') {
      const first = dateIn(after, timeZone).add({ days: random(4) });
      const through = first.add({ days: random(9) });
      excluding.push({ dates: { from: first.toString(), through: through.toString() } });
      onDay.push((date) => Temporal.PlainDate.compare(date, first) >= 0 && Temporal.PlainDate.compare(date, through) <= 0);
    } else if (form === 'window') {
      const [start, end] = pick(random, [
        ['22:00:00', '02:30:00'],
        ['01:30:00', '03:00:00'],
        ['00:00:00', '00:30:00'],
        ['09:00:00', '23:00:00'],
      ] as const);
      excluding.push({ dailyWindow: { from: start, until: end } });
      atTime.push((at) => {
        const time = zoned(at, timeZone).toPlainTime().toString({ smallestUnit: 'second' });
        return start < end ? time >= start && time < end : time >= start || time < end;
      });
    } else {
      const other = daily(setting);
      excluding.push({ trigger: other.spec });
      const instants = new Set(other.at);
      atTime.push((at) => instants.has(at));
    }
  }
  const whole = base.at.every((at) => at % 1000 === 0);
  const shift = whole && onDay.length > 0 ? pick(random, ['DROP', 'NEXT_ALLOWED_DAY', 'PREVIOUS_ALLOWED_DAY'] as const) : 'DROP';
  const leftOut = (date: Temporal.PlainDate): boolean => onDay.some((holds) => holds(date));
  const arrive = (at: number): number[] => {
    const local = zoned(at, timeZone).toPlainDateTime();
    if (!leftOut(local.toPlainDate())) return [at];
    if (shift === 'DROP') return [];
    let day = local;
    while (leftOut(day.toPlainDate())) day = day.add({ days: shift === 'NEXT_ALLOWED_DAY' ? 1 : -1 });
    return instantsOf(day, timeZone, FIXED);
  };
  const found = base.at.flatMap(arrive).filter((at) => !atTime.some((holds) => holds(at)));
  const moves = shift === 'DROP' ? {} : { shift };
  return { spec: { except: { base: base.spec, excluding, ...moves } }, at: cut(found, from, until), ends: Infinity };
}

/** Those in [from, until), ascending, each once. */
const cut = (instants: Iterable<number>, from: number, until: number): number[] =>
  ascending([...instants].filter((at) => at >= from && at < until));
