import { Tooltip } from '@mantine/core';
import classes from './calendars.module.css';
import { monthsOf } from './year.ts';

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
const WEEKDAYS = ['Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'];

interface YearGridProps {
  year: number;
  dates: readonly string[];
  today: string;
}

/** The days of a year as twelve small months. Those of the calendar are filled, and read out as such. */
export function YearGrid({ year, dates, today }: YearGridProps) {
  const held = new Set(dates);
  return (
    <div className={classes['months']}>
      {monthsOf(year).map(({ month, weeks }) => (
        <table key={month} className={classes['month']}>
          <caption>{MONTHS[month - 1]}</caption>
          <thead>
            <tr>
              {WEEKDAYS.map((name) => (
                <th key={name} scope="col" abbr={name}>
                  {name.slice(0, 2)}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {weeks.map((week, index) => (
              <tr key={index}>
                {week.map((day, weekday) => (
                  <td key={weekday}>
                    {day !== null && <Day day={day} weekend={weekday > 4} held={held.has(day)} today={day === today} />}
                  </td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}

function Day({ day, weekend, held, today }: { day: string; weekend: boolean; held: boolean; today: boolean }) {
  const names = [classes['day'], held ? classes['in'] : weekend && classes['weekend'], today && classes['today']];
  const shown = (
    <span
      className={names.filter(Boolean).join(' ')}
      {...(held && { role: 'img', 'aria-label': `${day}, in the calendar` })}
      {...(today && { 'aria-current': 'date' as const })}
    >
      {Number(day.slice(8))}
    </span>
  );
  return held ? <Tooltip label={`${day}${today ? ', today' : ''}`}>{shown}</Tooltip> : shown;
}
