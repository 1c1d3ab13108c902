import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { YEARLY, createApi, fresh } from '../support/api.ts';
import { startTestCarillon } from '../support/carillon.ts';
import { CALENDARS, DELETE_CALENDAR, NODES, PREVIEW, PUT_CALENDAR } from '../support/operations.ts';
import type { ErrorView, FireTimeView } from '../support/views.ts';

const carillon = await startTestCarillon({ after });
const api = createApi(carillon);
const task = await api.taskOn('http://127.0.0.1:9/hook');

interface CalendarView {
  id: string;
  name: string;
  timeZone: string;
  dates: string[];
}
interface Put {
  calendar: CalendarView | null;
  movedSchedules: { id: string; name: string; version: number; nextFireAt: string | null }[];
  userErrors: ErrorView[];
}
const put = (input: Record<string, unknown>) => api.ask<Put>(PUT_CALENDAR, { input });
const remove = (name: string) => api.ask<{ deletedId: string | null; userErrors: ErrorView[] }>(DELETE_CALENDAR, { name });
const list = () => api.ask<(CalendarView & { schedules: { nodes: { name: string }[]; totalCount: number } })[]>(CALENDARS);
const without = (calendar: string, base: object = YEARLY) => ({ except: { base, excluding: [{ calendar }] } });
const plain = ({ userErrors }: { userErrors: ErrorView[] }) =>
  userErrors.map(({ code, path, message, constraint }) => ({ code, path, message, constraint }));

test('a calendar is created and replaced by its name; its dates come back in order, each once', async () => {
  const name = fresh('holidays');
  const created = await put({ name, dates: ['2027-01-01', '2026-12-25', '2027-01-01'], timeZone: 'europe/berlin' });
  assert.deepEqual(created.userErrors, []);
  assert.match(created.calendar?.id ?? '', /^cal_/);
  const { id, ...rest } = created.calendar as CalendarView;
  assert.deepEqual(rest, { name, timeZone: 'Europe/Berlin', dates: ['2026-12-25', '2027-01-01'] });
  const replaced = await put({ name, dates: [] });
  assert.deepEqual(replaced.calendar, { id, name, timeZone: 'UTC', dates: [] });
});

test('calendars are listed by name, with the schedules that use them, and found by id', async () => {
  const [later, first] = [fresh('b'), fresh('a')];
  const { calendar } = await put({ name: later, dates: ['2099-12-25'] });
  await put({ name: first });
  const schedule = await api.scheduleOf(task, { trigger: without(later) });
  const gone = await api.scheduleOf(task, { trigger: without(later) });
  await api.deleteSchedule({ ref: { id: gone.id } });
  const names = (await list()).map((entry) => entry.name);
  assert.deepEqual(names, names.toSorted());
  const found = (await list()).filter((entry) => [first, later].includes(entry.name));
  assert.deepEqual(
    found.map((entry) => [entry.name, entry.schedules]),
    [
      [first, { nodes: [], totalCount: 0 }],
      [later, { nodes: [{ name: schedule.name }], totalCount: 1 }],
    ],
  );
  const { node } = (await carillon.ask<{ node: unknown }>(NODES, { id: calendar?.id, ids: [] })).data;
  assert.deepEqual(node, { __typename: 'Calendar', id: calendar?.id });
});

test('a schedule shows its calendar by name and its times without those days; a change moves it and leaves its version', async () => {
  const name = fresh('holidays');
  const year = new Date().getUTCFullYear() + 1;
  await put({ name });
  const schedule = await api.scheduleOf(task, { trigger: without(name) });
  assert.equal(schedule.nextFireAt, `${year}-01-01T00:00:00.000Z`);
  assert.deepEqual(schedule.triggerSpec, without(name));
  assert.equal(schedule.trigger.summary.includes(`except on the days of ${name}`), true, schedule.trigger.summary);
  const { movedSchedules } = await put({ name, dates: [`${year}-01-01`] });
  const nextFireAt = `${year + 1}-01-01T00:00:00.000Z`;
  assert.deepEqual(movedSchedules, [{ id: schedule.id, name: schedule.name, nextFireAt, version: 1 }]);
  const now = await api.schedule(schedule.name);
  assert.deepEqual([now?.nextFireAt, now?.nextFireTimes[0]?.at, now?.version], [nextFireAt, nextFireAt, 1]);
});

test('a calendar in use is not deleted, and the error leads to the schedule; a deleted schedule is shown without it', async () => {
  const name = fresh('holidays');
  const { calendar } = await put({ name });
  const schedule = await api.scheduleOf(task, { trigger: without(name) });
  const { run } = await api.triggerSchedule({ ref: { id: schedule.id } });
  const refused = await remove(name);
  assert.equal(refused.deletedId, null);
  assert.deepEqual(refused.userErrors, [
    {
      __typename: 'ConflictError',
      code: 'INVALID_STATE',
      message: `The schedule "${schedule.name}" uses the calendar "${name}": change or delete it first.`,
      path: ['name'],
      existing: { __typename: 'Schedule', id: schedule.id },
    },
  ]);
  await api.deleteSchedule({ ref: { id: schedule.id } });
  assert.equal((await remove(name)).deletedId, calendar?.id);
  const query = 'query ($id: ID!) { run(id: $id) { schedule { trigger { summary } nextFireTimes { at } } } }';
  const shown = await api.ask<{ schedule: { trigger: { summary: string }; nextFireTimes: unknown[] } }>(query, { id: run?.id });
  assert.match(shown.schedule.trigger.summary, new RegExp(name));
  assert.deepEqual(shown.schedule.nextFireTimes, []);
  assert.deepEqual(plain(await remove(name)), [
    { code: 'NOT_FOUND', path: ['name'], message: `There is no calendar with the name "${name}".`, constraint: undefined },
  ]);
});

test('an unknown calendar in a trigger is refused at its place, with the names that are near', async () => {
  const name = fresh('Bank holidays');
  await put({ name });
  const spec = { name: fresh('schedule'), task: { key: task.key }, trigger: without(name.toLowerCase()) };
  const { userErrors } = await api.createSchedule({ spec });
  assert.deepEqual(plain({ userErrors }), [
    {
      code: 'INVALID',
      path: ['input', 'spec', 'trigger', 'except', 'excluding', '0', 'calendar'],
      message: `there is no calendar '${name.toLowerCase()}'. Did you mean ${name}?`,
      constraint: 'name of a calendar',
    },
  ]);
  const preview = await api.ask<{ userErrors: ErrorView[] }>(PREVIEW, { trigger: without('nothing like it') });
  assert.deepEqual(plain(preview), [
    {
      code: 'INVALID',
      path: ['trigger', 'except', 'excluding', '0', 'calendar'],
      message: `there is no calendar 'nothing like it'.`,
      constraint: 'name of a calendar',
    },
  ]);
});

test('a preview leaves out the days of a calendar, in the zone of the schedule', async () => {
  const name = fresh('holidays');
  await put({ name, dates: ['2026-03-03'], timeZone: 'Asia/Tokyo' });
  const trigger = without(name, { cron: { expression: '0 23 * * *' } });
  const times = async (timeZone: string) => {
    const variables = { trigger, timeZone, after: '2026-03-02T00:00:00Z', first: 2 };
    return (await api.ask<{ fireTimes: FireTimeView[] }>(PREVIEW, variables)).fireTimes.map(({ local }) => local);
  };
  assert.deepEqual(await times('UTC'), ['2026-03-02T23:00:00', '2026-03-04T23:00:00']);
  assert.deepEqual(await times('America/New_York'), ['2026-03-01T23:00:00', '2026-03-02T23:00:00']);
});

test('dates and the events of an iCalendar text are put together; repetitions count from now', async () => {
  const year = new Date().getUTCFullYear();
  const event = [`DTSTART;VALUE=DATE:${year}0101`, 'RRULE:FREQ=YEARLY;COUNT=2', 'SUMMARY:New Year'];
  const ics = ['BEGIN:VCALENDAR', 'BEGIN:VEVENT', ...event, 'END:VEVENT', 'END:VCALENDAR'].join('\r\n');
  const { calendar, userErrors } = await put({ name: fresh('holidays'), dates: ['2020-02-29', `${year}-01-01`], ics });
  assert.deepEqual(userErrors, []);
  assert.deepEqual(calendar?.dates, ['2020-02-29', `${year}-01-01`, `${year + 1}-01-01`]);
});

const MANY = Array.from({ length: 10_001 }, (_, day) => new Date(day * 86_400_000).toISOString().slice(0, 10));
for (const { rule, input, errors } of [
  {
    rule: 'a blank name',
    input: { name: ' ' },
    errors: [['name', 'name is blank; allowed are 1 to 200 characters.', '1 to 200 characters, no control characters']],
  },
  {
    rule: 'a zone that is none and dates that are none, all at once',
    input: { name: 'x', timeZone: 'Mars/Olympus', dates: ['2026-02-28', '2026-02-29', 'soon'] },
    errors: [
      ['timeZone', "'Mars/Olympus' is not a known IANA time zone.", 'an IANA time zone name such as Europe/Berlin'],
      ['dates.1', "'2026-02-29' does not exist in the calendar", 'date without a time, years 0001-9999'],
      ['dates.2', "'soon' is not a date such as 2026-02-10", 'date without a time, years 0001-9999'],
    ],
  },
  {
    rule: 'more than 10,000 dates',
    input: { name: 'x', dates: MANY },
    errors: [['dates', 'dates has 10001 entries; at most 10000 are allowed.', 'at most 10000 dates']],
  },
  {
    rule: 'a text that is no iCalendar',
    input: { name: 'x', ics: 'holidays!' },
    errors: [['ics', 'ics is not iCalendar text: invalid line (no token ";" or ":") "holidays!"', 'iCalendar text (RFC 5545)']],
  },
]) {
  test(`refused: ${rule}`, async () => {
    const { calendar, userErrors } = await put(input);
    assert.equal(calendar, null);
    assert.deepEqual(
      plain({ userErrors }).map(({ path, message, constraint }) => [path?.slice(1).join('.'), message, constraint]),
      errors,
    );
    assert.equal(
      (await list()).some(({ name }) => name === input.name),
      false,
    );
  });
}
