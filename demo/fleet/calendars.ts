/** Days on which nothing of some schedules runs: of this year and the next. @param now  epoch ms */
export function calendars(now: number) {
  const years = [0, 1].map((ahead) => new Date(now).getUTCFullYear() + ahead);
  const each = (...days: string[]) => years.flatMap((year) => days.map((day) => `${year}-${day}`));
  return [
    { name: 'holidays-de', timeZone: 'Europe/Berlin', dates: each('01-01', '05-01', '10-03', '12-25', '12-26') },
    { name: 'holidays-us', timeZone: 'America/New_York', dates: each('01-01', '07-04', '11-11', '11-26', '12-25') },
    { name: 'quarter-ends', timeZone: 'UTC', dates: each('03-31', '06-30', '09-30', '12-31') },
  ];
}
