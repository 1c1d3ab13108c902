import assert from 'node:assert/strict';
import { test } from 'node:test';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { CONTEXT, cron, refusals } from './compiled.ts';

const FROM = Date.UTC(2024, 0);
const UNTIL = Date.UTC(2028, 0);

const sameMeaning: [expression: string, as: string][] = [
  ['0 0 * * * *', '0 * * * *'],
  ['0 30 9 * * * *', '30 9 * * *'],
  ['\t30   9\n*  * * ', '30 9 * * *'],
  ['30\u00a09\u2003* * *', '30 9 * * *'],
  ['@hourly', '0 * * * *'],
  [' @Daily ', '0 0 * * *'],
  ['@midnight', '0 0 * * *'],
  ['@weekly', '0 0 * * 0'],
  ['@monthly', '0 0 1 * *'],
  ['@yearly', '0 0 1 1 *'],
  ['@annually', '0 0 1 1 *'],
  ['05 09 01 * *', '5 9 1 * *'],
  ['5/15 * * * *', '5,20,35,50 * * * *'],
  ['0 2/5 * * *', '0 2,7,12,17,22 * * *'],
  ['10-40/10 * * * *', '10,20,30,40 * * * *'],
  ['*/59 * * * *', '0,59 * * * *'],
  ['7/1 * * * *', '7-59 * * * *'],
  ['0 22-2 * * *', '0 0,1,2,22,23 * * *'],
  ['50-10/7 * * * *', '50,57,4 * * * *'],
  ['0 0 * NOV-FEB *', '0 0 * 1,2,11,12 *'],
  ['0 0 28-3 * *', '0 0 1,2,3,28,29,30,31 * *'],
  ['0,0,5,5 0 * * *', '0,5 0 * * *'],
  ['*,5 0 * * *', '* 0 * * *'],
  ['0 0 * jan,February,MAR *', '0 0 * 1-3 *'],
  ['0 0 * may *', '0 0 * 5 *'],
  ['0 0 * * sun,Monday,FRI', '0 0 * * 0,1,5'],
  ['0 0 * * 7', '0 0 * * 0'],
  ['0 0 * * 0-7', '0 0 * * *'],
  ['0 0 * * 5-7', '0 0 * * 0,5,6'],
  ['0 0 * * FRI-MON', '0 0 * * 0,1,5,6'],
  ['0 0 * * SAT-SUN', '0 0 * * 0,6'],
  ['0 0 * * 6-1', '0 0 * * 0,1,6'],
  ['0 0 * * 7-2', '0 0 * * 0-2'],
  ['0 0 * * 1/2', '0 0 * * 1,3,5'],
  ['0 0 * * 7/2', '0 0 * * 0,2,4,6'],
  ['0 0 ? * 1', '0 0 * * 1'],
  ['0 0 13 * ?', '0 0 13 * *'],
  ['0 0 ? * ?', '0 0 * * *'],
  ['0 0 l * *', '0 0 L * *'],
  ['0 0 L,15 * *', '0 0 15,L * *'],
  ['0 0 lw * *', '0 0 LW * *'],
  ['0 0 L-03 * *', '0 0 L-3 * *'],
  ['0 0 31W 1 *', '0 0 31w 1 *'],
  ['0 0 * * 5L', '0 0 * * FRIL'],
  ['0 0 * * fridayl', '0 0 * * FRIL'],
  ['0 0 * * 7L', '0 0 * * 0L'],
  ['0 0 * * MON#1', '0 0 * * 1#1'],
  ['0 0 * * 1#1,3#3', '0 0 * * wednesday#3,Monday#1'],
  ['0 0 * * 7#2', '0 0 * * SUN#2'],
  ['0 0 0 * * * 2026', '0 0 0 * * * 2026-2026'],
  ['0 0 0 1 1 * */2', '0 0 0 1 1 * 1970/2'],
];
for (const [expression, as] of sameMeaning) {
  test(`${JSON.stringify(expression)} means ${as}`, () => {
    const instants = cron(expression).between(FROM, UNTIL, 5000);
    assert.ok(instants.length > 0);
    assert.deepEqual(instants, cron(as).between(FROM, UNTIL, 5000));
  });
}

const dates: [expression: string, dates: string][] = [
  ['0 0 L * *', '01-31 02-28 03-31 04-30 05-31 06-30 07-31 08-31 09-30 10-31 11-30 12-31'],
  ['0 0 L-3 1-4 *', '01-28 02-25 03-28 04-27'],
  ['0 0 LW 1-6 *', '01-30 02-27 03-31 04-30 05-29 06-30'],
  ['0 0 15W * *', '01-15 02-16 03-16 04-15 05-15 06-15 07-15 08-14 09-15 10-15 11-16 12-15'],
  ['0 0 1W 1-8 *', '01-01 02-02 03-02 04-01 05-01 06-01 07-01 08-03'],
  ['0 0 31W * *', '01-30 03-31 05-29 07-31 08-31 10-30 12-31'],
  ['0 0 * 1-3 FRIL', '01-30 02-27 03-27'],
  ['0 0 * 1-3 MON#1', '01-05 02-02 03-02'],
  ['0 0 * * 5#5', '01-30 05-29 07-31 10-30'],
  ['0 0 31 * *', '01-31 03-31 05-31 07-31 08-31 10-31 12-31'],
];
for (const [expression, expected] of dates) {
  test(`${expression} in 2026: ${expected}`, () => {
    const instants = cron(expression).between(Date.UTC(2026, 0), Date.UTC(2027, 0), 400);
    assert.equal(instants.map((at) => new Date(at).toISOString().slice(5, 10)).join(' '), expected);
  });
}

const bothDayFields: [expression: string, dayMatch: 'CRONTAB' | 'EITHER' | 'BOTH', days: string][] = [
  ['0 0 13 * 5', 'CRONTAB', '6 13 20 27'],
  ['0 0 14 * 5', 'CRONTAB', '6 13 14 20 27'],
  ['0 0 14 * 5', 'BOTH', ''],
  ['0 0 13 * 5', 'BOTH', '13'],
  ['0 0 */14 * 1', 'CRONTAB', ''],
  ['0 0 */14 * 0', 'CRONTAB', '1 15'],
  ['0 0 */14 * 1', 'EITHER', '1 2 9 15 16 23'],
  ['0 0 * * 1', 'EITHER', '2 9 16 23'],
  ['0 0 14 * ?', 'EITHER', '14'],
  ['0 0 14 * */6', 'CRONTAB', '14'],
  ['0 0 26-28 * 0-6', 'CRONTAB', Array.from({ length: 28 }, (_, i) => i + 1).join(' ')],
  ['0 0 26-28 * 0-6', 'BOTH', '26 27 28'],
];
for (const [expression, dayMatch, days] of bothDayFields) {
  test(`${expression} with dayMatch ${dayMatch}, February 2026: ${days || 'never'}`, () => {
    const instants = cron(expression, 'UTC', undefined, dayMatch).between(Date.UTC(2026, 1), Date.UTC(2026, 2), 40);
    assert.equal(instants.map((at) => new Date(at).getUTCDate()).join(' '), days);
  });
}

const refused: [expression: string, message: RegExp][] = [
  ['', /empty/],
  [' \t ', /empty/],
  ['* * * *', /expected 5, 6 or 7 fields .* got 4/],
  ['* * * * * * * *', /got 8/],
  ['@reboot', /'@reboot' is not a nickname; allowed: @hourly, @daily/],
  ['@every 5m', /not a nickname/],
  ['60 * * * *', /^minute: '60' is out of range; allowed: 0-59$/],
  ['* 24 * * *', /^hour: '24' is out of range; allowed: 0-23$/],
  ['60 * * * * *', /^second: '60' is out of range; allowed: 0-59$/],
  ['0 0 0 * *', /^day of month: '0' is out of range; allowed: 1-31/],
  ['0 0 32 * *', /^day of month: '32'/],
  ['0 0 * 13 *', /^month: '13' is out of range; allowed: 1-12 or JAN-DEC$/],
  ['0 0 * * 8', /^day of week: '8' is out of range; allowed: 0-7 or SUN-SAT/],
  ['0 0 0 1 1 * 1969', /^year: '1969' is out of range; allowed: 1970-9999$/],
  ['0 0 0 1 1 * 2030-2028', /^year: '2030-2028' runs backwards/],
  ['*/0 * * * *', /the step of '\*\/0' must be 1 to 59/],
  ['*/60 * * * *', /the step of '\*\/60' must be 1 to 59/],
  ['0 */24 * * *', /must be 1 to 23/],
  ['0 0 4-6/3 * *', /must be 1 to 2/],
  ['59/5 * * * *', /must be 1;/],
  ['-1 * * * *', /'-1' is not understood/],
  ['*/-5 * * * *', /not understood/],
  ['1,,2 * * * *', /minute: an empty list item/],
  ['1, * * * *', /an empty list item/],
  ['5* * * * *', /'5\*' is not understood/],
  ['*-5 * * * *', /not understood/],
  ['1-2-3 * * * *', /not understood/],
  ['1/2/3 * * * *', /not understood/],
  ['1.5 * * * *', /not understood/],
  ['a * * * *', /'a' is not a value of this field/],
  ['MON * * * *', /minute: 'MON' is not a value/],
  ['? * * * *', /minute: '\?' is not understood/],
  ['0 0 ?,1 * *', /not understood/],
  ['0 0 * JANFEB *', /'JANFEB' is not a value/],
  ['0 0 * MON *', /'MON' is not a value/],
  ['0 0 * * MONDAYS', /not a value/],
  ['0 0 * * L', /'L' is not a value/],
  ['0 0 * * 8L', /'8' is out of range/],
  ['0 0 * * 5#6', /a month has a weekday 1 to 5 times/],
  ['0 0 * * 5#0', /1 to 5 times/],
  ['0 0 * * 1-5#1', /not understood/],
  ['0 0 L-31 * *', /'L-31' is out of range/],
  ['0 0 10-L * *', /'L' is not a value/],
  ['0 0 32W * *', /'32W' is out of range/],
  ['0 0 W * *', /'W' is not a value/],
  ['0-4000000000 * * * *', /'4000000000' is out of range/],
  ['H * * * *', /'H' is not a value/],
  [`${'9'.repeat(900)} * * * *`, /'9{40}…' is out of range/],
  ['*'.repeat(1001), /1001 characters are too many/],
];
for (const [expression, message] of refused) {
  test(`refused: ${JSON.stringify(expression.slice(0, 40))}`, () => {
    const messages = refusals({ cron: { expression } });
    assert.equal(messages.length, 1);
    assert.match(messages[0] ?? '', message);
  });
}

test('all bad fields are named at once, each with what is allowed there', () => {
  const result = compileTrigger({ cron: { expression: '61 25 0 13 8', timeZone: 'Mars/Olympus' } }, CONTEXT);
  assert.ok(!result.ok);
  assert.deepEqual(
    result.errors.map(({ path, constraint }) => [path.join('.'), constraint]),
    [
      ['cron.expression', '0-59'],
      ['cron.expression', '0-23'],
      ['cron.expression', '1-31, L, L-1 to L-30, LW, 1W to 31W'],
      ['cron.expression', '1-12 or JAN-DEC'],
      ['cron.expression', '0-7 or SUN-SAT, 0L to 7L, 0#1 to 7#5'],
      ['cron.timeZone', 'IANA time zone'],
    ],
  );
});

test('the canonical spec normalises white space and the zone, and leaves defaults out', () => {
  const spec = { cron: { expression: ' 0  9\t* * MON-FRI ', dayMatch: 'CRONTAB', timeZone: 'europe/berlin' } } as const;
  const result = compileTrigger(spec, CONTEXT);
  assert.deepEqual(result.ok && result.trigger.spec, { cron: { expression: '0 9 * * MON-FRI', timeZone: 'Europe/Berlin' } });
  assert.deepEqual(cron('@DAILY').spec, { cron: { expression: '@daily', timeZone: 'UTC' } });
});
