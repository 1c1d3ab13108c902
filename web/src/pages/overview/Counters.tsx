import { Group, Paper, SimpleGrid, Skeleton, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { ErrorNotice } from '../../parts/Notices.tsx';
import { percent } from '../../parts/percent.ts';
import { Sparkline } from '../../parts/Sparkline.tsx';
import { useNow } from '../../time/clock.ts';
import { formatStretch } from '../../time/format.ts';
import { FiguresDocument, FiguresOfTheDayDocument, SeriesOfTheDayDocument } from './overview.generated.ts';
import { countOf, failedTrend, lateTrend, pathOf, runsTrend, waitTrend } from './trends.ts';
import type { Bucket, Trend } from './trends.ts';

const HALF_HOUR = 30 * 60_000;
const DAY = 24 * 60 * 60_000;
const SPARK = { width: 120, height: 28 };

/** As high as the figures on it, which grow with the screen. */
const WALL_HEIGHT = 'clamp(176px, 12.5vw, 250px)';

/** What is under way, and how the last 24 hours went; each leads to the list behind it. */
export function Counters({ wall = false }: { wall?: boolean }) {
  const { clockOffset } = useSession();
  // The same variables for half an hour: the part that is not over yet is answered whole.
  const edge = Math.ceil((useNow(60_000) + clockOffset) / HALF_HOUR) * HALF_HOUR;
  const figures = useLive({ query: FiguresDocument, variables: {}, on: ({ of }) => of === 'run', every: 15_000 });
  const day = useLive({
    query: FiguresOfTheDayDocument,
    variables: {},
    on: ({ state }) => state === 'FAILED' || state === 'TIMED_OUT',
    every: 10_000,
  });
  const series = useLive({
    query: SeriesOfTheDayDocument,
    variables: { from: new Date(edge - DAY).toISOString(), until: new Date(edge).toISOString() },
    on: () => false,
    every: 60_000,
    holds: true,
  });
  const error = figures.error ?? day.error ?? series.error;
  if (error && !(figures.data && day.data)) return <ErrorNotice error={error} retry={figures.reread} />;

  const trend = (read: (buckets: readonly Bucket[]) => Trend) =>
    series.data ? pathOf(read(series.data.statsSeries), SPARK.width, SPARK.height) : null;
  const stats = day.data?.stats;
  const failed = stats && countOf(stats, 'FAILED', 'TIMED_OUT');
  const { running, queued } = figures.data ?? {};
  return (
    <SimpleGrid cols={{ base: 2, md: 4 }} spacing={wall ? 'lg' : 'sm'} component="section" aria-label="Counters">
      <Counter
        wall={wall}
        label="Running"
        value={running && capped(running)}
        hint={stats && `${stats.total.toLocaleString('en')} runs in 24 h`}
        trend={trend(runsTrend)}
        color="blue"
        href="/runs?state=RUNNING,CANCELING"
      />
      <Counter
        wall={wall}
        label="Queued"
        value={queued && capped(queued)}
        hint={
          stats &&
          (stats.latenessP50Ms === null ? 'nothing has started yet' : `half wait ${stretch(stats.latenessP50Ms)} or less`)
        }
        trend={trend(waitTrend)}
        color="indigo"
        href="/runs?state=QUEUED"
      />
      <Counter
        wall={wall}
        label="Failed in 24 h"
        value={failed?.toLocaleString('en')}
        hint={stats && (stats.successRate === null ? 'nothing has ended yet' : `${percent(stats.successRate)} succeeded`)}
        trend={trend(failedTrend)}
        color="red"
        alarming={failed !== undefined && failed > 0}
        href="/runs?state=FAILED,TIMED_OUT&within=24h"
      />
      <Counter
        wall={wall}
        label="Lateness, p95"
        value={stats && stretch(stats.latenessP95Ms)}
        hint={stats && '95 of 100 start within it'}
        trend={trend(lateTrend)}
        color="teal"
        href={`/runs?within=24h${stats?.latenessP95Ms ? `&late=${Math.floor(stats.latenessP95Ms)}ms` : ''}`}
      />
    </SimpleGrid>
  );
}

const capped = ({ totalCount, totalCountCapped }: { totalCount: number; totalCountCapped: boolean }): string =>
  `${totalCount.toLocaleString('en')}${totalCountCapped ? '+' : ''}`;
const stretch = (ms: number | null): string => (ms === null ? '–' : formatStretch(Math.max(0, ms)));

interface CounterProps {
  label: string;
  /** undefined: not known yet. */
  value: string | undefined;
  hint: string | undefined;
  trend: string | null;
  color: string;
  alarming?: boolean;
  href: string;
  wall: boolean;
}

function Counter({ label, value, hint, trend, color, alarming = false, href, wall }: CounterProps) {
  const [small, large, height] = wall ? ['24px', 'clamp(40px, 4.2vw, 84px)', WALL_HEIGHT] : ['sm', '28px', 94];
  return (
    <Paper
      withBorder
      p={wall ? 'lg' : 'sm'}
      h={height}
      c="inherit"
      style={{ textDecoration: 'none', overflow: 'hidden' }}
      {...(wall ? {} : { component: Link, href })}
    >
      <Text size={small} c="dimmed" truncate>
        {label}
      </Text>
      <Group justify="space-between" align="center" wrap="nowrap" gap="md">
        <Text
          fz={large}
          fw={600}
          lh={1.25}
          c={alarming ? 'var(--mantine-color-error)' : 'inherit'}
          className="nowrap"
          style={{ fontVariantNumeric: 'tabular-nums' }}
        >
          {value ?? <Skeleton component="span" display="inline-block" w={64} h={wall ? 60 : 24} />}
        </Text>
        <div style={{ flex: '0 1 120px', minWidth: 0 }}>
          {trend !== null && <Sparkline path={trend} {...SPARK} color={color} />}
        </div>
      </Group>
      <Text size={wall ? '22px' : 'xs'} lh={wall ? 1.4 : 'xs'} c="dimmed" truncate>
        {hint ?? '\u00a0'}
      </Text>
    </Paper>
  );
}
