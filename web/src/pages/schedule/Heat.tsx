import { Alert, Card, Group, Paper, SegmentedControl, Skeleton, Text, Title } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { KeyboardEvent } from 'react';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { useNow } from '../../time/clock.ts';
import { countTones, heatMap, heatRange, readableFrom } from './heatMap.ts';
import type { HeatDay, Tone } from './heatMap.ts';
import { ScheduleHeatDocument } from './schedule.generated.ts';
import classes from './schedule.module.css';
import { useSpans } from './useSpans.ts';

const LEGEND: readonly { tone: Tone; word: string }[] = [
  { tone: 'good', word: 'all succeeded' },
  { tone: 'some', word: 'some failed or missed' },
  { tone: 'bad', word: 'failed or missed' },
  { tone: 'passed', word: 'skipped or canceled' },
  { tone: 'held', word: 'held back' },
  { tone: 'open', word: 'under way' },
  { tone: 'none', word: 'nothing' },
];
const LENGTHS = [
  { value: '26', label: '26 weeks' },
  { value: '53', label: '1 year' },
];
const WEEKDAYS = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'];
const MINUTE = 60_000;
/** So many entries of the ledger are read for what did not run; of a schedule with more, only the newest days. */
const MOST_ENTRIES = 900;

interface Pointed {
  day: HeatDay;
  left: number;
  top: number;
}

/** How each day went, by its worst outcome. @param onDay  is asked to show a day, such as 2026-05-17 */
export function Heat({ id, onDay }: { id: string; onDay(day: string): void }) {
  const { clockOffset } = useSession();
  const minute = useNow(MINUTE);
  const [weeks, setWeeks] = useState('26');
  const { from, until } = heatRange(minute + clockOffset, Number(weeks));
  const range = useMemo(() => ({ from, until }), [from, until]);
  const { data, error } = useLive({
    query: ScheduleHeatDocument,
    variables: { id, range: { from: new Date(from).toISOString(), until: new Date(until).toISOString() } },
    on: () => false,
    every: 15_000,
  });
  const days = useMemo(
    () => data?.statsSeries.map(({ from: start, stats }) => ({ from: start, byState: stats.byState })),
    [data],
  );
  const ledgerFrom = days === undefined ? null : readableFrom(days, from, MOST_ENTRIES);
  const spans = useSpans(id, ledgerFrom, until);
  const map = useMemo(() => (days === undefined ? null : heatMap(range, days, spans)), [range, days, spans]);

  return (
    <Card withBorder padding="md">
      <Group justify="space-between" mb="xs">
        <Title order={2}>Day by day</Title>
        <SegmentedControl size="xs" data={LENGTHS} value={weeks} onChange={setWeeks} aria-label="How far back" />
      </Group>
      {error && !data && (
        <Alert color="red" role="alert">
          The figures could not be read.
        </Alert>
      )}
      {!map && !error && <Skeleton h={150} />}
      {map && <Grid map={map} onDay={onDay} label={summary(countTones(map))} />}
      <Group gap="md" mt="xs" aria-label="Colours" role="group">
        {LEGEND.map(({ tone, word }) => (
          <Group key={tone} gap={6} wrap="nowrap">
            <span className={classes['swatch']} data-tone={tone} aria-hidden />
            <Text size="xs">{word}</Text>
          </Group>
        ))}
        <Text size="xs" c="dimmed">
          Days of UTC.
          {ledgerFrom !== null &&
            ledgerFrom > from &&
            ` It fires so often that what did not run is shown from ${new Date(ledgerFrom).toISOString().slice(0, 10)} on.`}
        </Text>
      </Group>
    </Card>
  );
}

const summary = (counts: Record<Tone, number>): string =>
  `How each day went: ${counts.good} days on which all succeeded, ${counts.bad + counts.some} with failed or missed ones, ${counts.passed} with skipped or canceled ones, ${counts.held} held back`;

/** One cell is in the order of the Tab key; the arrows go on from it. */
function Grid({ map, onDay, label }: { map: ReturnType<typeof heatMap>; onDay(day: string): void; label: string }) {
  const frame = useRef<HTMLDivElement>(null);
  const columns = map.weeks.length;
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const lastDay = map.weeks.flat().findLast((day) => day !== null)?.day;
  const [focused, setFocused] = useState<string | null>(null);
  const stop = focused !== null && map.weeks.flat().some((day) => day?.day === focused) ? focused : lastDay;

  // The newest days are what one looks for first where not all fit.
  useEffect(() => {
    if (frame.current) frame.current.scrollLeft = frame.current.scrollWidth;
  }, [columns]);

  const point = (day: HeatDay, cell: HTMLElement) => {
    const box = frame.current;
    if (box === null) return;
    const left = cell.offsetLeft - box.scrollLeft;
    setPointed({ day, left: Math.max(0, Math.min(left - 40, box.clientWidth - 250)), top: cell.offsetTop + 22 });
  };
  const onKey = (event: KeyboardEvent<HTMLElement>, day: HeatDay) => {
    if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      onDay(day.day);
      return;
    }
    const steps: Record<string, number> = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1 };
    const step = steps[event.key];
    if (event.key === 'Escape') setPointed(null);
    if (step === undefined) return;
    event.preventDefault();
    const wanted = new Date(day.at + step * 86_400_000).toISOString().slice(0, 10);
    frame.current?.querySelector<HTMLElement>(`[data-day="${wanted}"]`)?.focus();
  };

  return (
    <div style={{ position: 'relative' }} onMouseLeave={() => setPointed(null)}>
      <div ref={frame} className={classes['heatFrame']}>
        <table className={classes['heat']} role="grid" aria-label={label} style={{ maxWidth: 40 + columns * 27 }}>
          <thead>
            <tr>
              <th aria-label="Weekday" />
              {map.weeks.map((_, week) => (
                <th key={week} scope="col" className={classes['month'] ?? ''}>
                  {map.months.find((month) => month.week === week)?.name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {WEEKDAYS.map((weekday, row) => (
              <tr key={weekday}>
                <th scope="row">{weekday}</th>
                {map.weeks.map((week, column) => {
                  const day = week[row];
                  if (!day) return <td key={column} data-tone="future" aria-hidden />;
                  return (
                    <td
                      key={column}
                      role="gridcell"
                      data-tone={day.tone}
                      data-day={day.day}
                      tabIndex={day.day === stop ? 0 : -1}
                      aria-label={`${day.day}: ${day.lines.join(', ') || 'nothing'}`}
                      onMouseEnter={(event) => point(day, event.currentTarget)}
                      onFocus={(event) => {
                        setFocused(day.day);
                        point(day, event.currentTarget);
                      }}
                      onBlur={() => setPointed(null)}
                      onClick={() => onDay(day.day)}
                      onKeyDown={(event) => onKey(event, day)}
                    />
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {pointed && (
        <Paper
          withBorder
          shadow="sm"
          p={6}
          aria-hidden
          style={{
            position: 'absolute',
            left: pointed.left,
            top: pointed.top,
            width: 'max-content',
            maxWidth: 250,
            zIndex: 10,
            pointerEvents: 'none',
          }}
        >
          <Text size="xs" fw={600}>
            {pointed.day.day}
          </Text>
          {pointed.day.lines.length === 0 && <Text size="xs">nothing</Text>}
          {pointed.day.lines.map((line) => (
            <Text key={line} size="xs">
              {line}
            </Text>
          ))}
        </Paper>
      )}
    </div>
  );
}
