import { Text, useComputedColorScheme } from '@mantine/core';
import { useElementSize } from '@mantine/hooks';
import { useEffect, useEffectEvent, useRef, useState } from 'react';
import uPlot from 'uplot';
import { RUN_LOOKS } from '../../parts/states.ts';
import { navigate } from '../../shell/location.ts';
import { formatInstant, formatMinute, formatDay, formatStretch } from '../../time/format.ts';
import { figureSentence } from './runFigures.ts';
import type { FigureSeries } from './runFigures.ts';

const HEIGHT = 170;
/** Charts of the page point at the same instant together. */
const SYNC = 'schedule';
const DAY_S = 86_400;

/** One figure of each run over time; what is pointed at is told below, and opened by a click. */
export function FigureChart({ title, series, zone }: { title: string; series: FigureSeries; zone: string }) {
  const { ref, width } = useElementSize<HTMLDivElement>();
  const scheme = useComputedColorScheme('light');
  const canvas = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const latest = useEffectEvent(() => series);
  const drawn = width > 0;

  useEffect(() => {
    const target = canvas.current;
    if (!drawn || target === null) return;
    const made = new uPlot(options(scheme, zone, target.clientWidth, setPointed), dataOf(latest()), target);
    chart.current = made;
    const open = () => {
      const run = latest().runs[made.cursor.idx ?? -1];
      if (run) navigate(`/runs/${run.id}`);
    };
    made.over.addEventListener('click', open);
    return () => {
      chart.current = null;
      made.destroy();
    };
  }, [drawn, scheme, zone]);
  useEffect(() => {
    if (width > 0) chart.current?.setSize({ width, height: HEIGHT });
  }, [width]);
  useEffect(() => chart.current?.setData(dataOf(series)), [series]);

  const run = pointed === null ? undefined : series.runs[pointed];
  const value = pointed === null ? null : series.all[pointed];
  return (
    <figure style={{ margin: 0, minWidth: 0 }}>
      <Text component="figcaption" size="sm" fw={600}>
        {title}
      </Text>
      <div ref={ref} style={{ height: HEIGHT }} role="img" aria-label={`${title}: ${figureSentence(series)}`}>
        <div ref={canvas} />
      </div>
      <Text size="xs" c="dimmed" mih={36} pl={4} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {run && value != null ? (
          <>
            {formatInstant(Date.parse(run.scheduledFor), zone)} {zone}: <b>{formatStretch(value)}</b>,{' '}
            {RUN_LOOKS[run.state].word.toLowerCase()}. Click to open the run.
          </>
        ) : (
          figureSentence(series)
        )}
      </Text>
    </figure>
  );
}

const dataOf = ({ at, all, good, bad, other }: FigureSeries): uPlot.AlignedData => [at, all, good, bad, other];

function options(scheme: 'light' | 'dark', zone: string, width: number, point: (index: number | null) => void): uPlot.Options {
  const css = getComputedStyle(document.documentElement);
  const colour = (name: string) => css.getPropertyValue(`--mantine-color-${name}`).trim();
  const text = colour('dimmed');
  const line = scheme === 'dark' ? colour('dark-4') : colour('gray-2');
  const axis = { stroke: text, font: '11px system-ui, sans-serif', grid: { stroke: line, width: 1 }, ticks: { show: false } };
  const dots = (fill: string, size: number): uPlot.Series => ({
    stroke: fill,
    paths: () => null,
    points: { show: true, size, fill, stroke: fill, width: 0 },
  });
  return {
    width,
    height: HEIGHT,
    legend: { show: false },
    cursor: { sync: { key: SYNC }, drag: { x: false, y: false }, y: false, points: { show: false } },
    // One run alone lies in the middle of an hour.
    scales: {
      x: { time: true, range: (_, min, max) => (max > min ? [min, max] : [min - 1800, max + 1800]) },
      y: { range: (_, __, max) => [0, Math.max(max * 1.1, 10)] },
    },
    axes: [
      {
        ...axis,
        space: 70,
        values: (chart, splits) => {
          const span = (chart.scales['x']?.max ?? 0) - (chart.scales['x']?.min ?? 0);
          return splits.map((at) => (span > 3 * DAY_S ? formatDay(at * 1000, zone).slice(5) : formatMinute(at * 1000, zone)));
        },
      },
      { ...axis, size: 64, values: (_, splits) => splits.map((at) => formatStretch(at)) },
    ],
    series: [
      {},
      { stroke: scheme === 'dark' ? colour('dark-3') : colour('gray-4'), width: 1, points: { show: false } },
      dots(colour(scheme === 'dark' ? 'green-6' : 'green-7'), 5),
      dots(colour(scheme === 'dark' ? 'red-6' : 'red-7'), 8),
      dots(colour('gray-6'), 6),
    ],
    hooks: { setCursor: [(chart) => point(chart.cursor.idx ?? null)] },
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), zone),
  };
}
