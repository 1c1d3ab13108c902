import { Button, Group, Paper, Skeleton, Text, Title, Tooltip, UnstyledButton, VisuallyHidden } from '@mantine/core';
import { IconChevronDown, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { useSession } from '../../api/session.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatInstant, formatSecond, formatShortMinute, formatStretch } from '../../time/format.ts';
import { rowsOf, scaleOf } from './waterfall.ts';
import type { Phase, Row, Scale, Segment, TimelineRun } from './waterfall.ts';
import './waterfall.css';

/** Rows that are drawn at first: runs may have hundreds of steps. */
const SHOWN = 60;

const PHASES: Record<Phase, string> = {
  SCHEDULED: 'Waits for its time',
  BUFFERED: 'Buffered',
  QUEUED: 'Queued',
  RUNNING: 'Running',
  RETRY_WAIT: 'Waits to retry',
};

interface WaterfallProps {
  /** undefined: not read yet */
  run: TimelineRun | undefined;
  over: boolean;
  /** What is shown below a row when it is opened. */
  details(row: Row): ReactNode;
}

/** What the run did when: attempts with their waits, and below each its steps. */
export function Waterfall({ run, over, details }: WaterfallProps) {
  return (
    <Paper withBorder component="section" aria-labelledby="timeline-title" p="md" pb="sm">
      <Group justify="space-between" mb="xs">
        <Title order={2} size="h3" id="timeline-title">
          Timeline
        </Title>
        <Legend />
      </Group>
      {run ? over ? <Drawn run={run} now={0} details={details} /> : <Ticking run={run} details={details} /> : <Skeleton h={76} />}
    </Paper>
  );
}

function Ticking(props: { run: TimelineRun; details(row: Row): ReactNode }) {
  const { clockOffset } = useSession();
  return <Drawn {...props} now={useNow() + clockOffset} />;
}

function Drawn({ run, now, details }: { run: TimelineRun; now: number; details(row: Row): ReactNode }) {
  const [shown, setShown] = useState(SHOWN);
  const rows = rowsOf(run, now);
  if (rows.every((row) => row.segments.length === 0))
    return (
      <Text size="sm" c="dimmed">
        Nothing has happened yet.
      </Text>
    );
  const scale = scaleOf(rows);
  return (
    <div className="wf">
      <Axis scale={scale} />
      <ul className="wf-rows" aria-label="Attempts and steps">
        {rows.slice(0, shown).map((row) => (
          <Line key={row.key} row={row} scale={scale} details={details} />
        ))}
      </ul>
      {rows.length > shown && (
        <Button size="compact-sm" variant="subtle" onClick={() => setShown(shown + SHOWN * 5)}>
          {rows.length - shown} more rows
        </Button>
      )}
      {scale.cuts.length > 0 && (
        <Text size="xs" c="dimmed" mt={4}>
          Striped columns are long waits, drawn shorter than they were.
        </Text>
      )}
    </div>
  );
}

function Axis({ scale }: { scale: Scale }) {
  return (
    <div className="wf-line" aria-hidden>
      <Text size="xs" c="dimmed">
        {BROWSER_ZONE}
      </Text>
      <div className="wf-axis">
        {scale.ticks.map(({ at, left }) => (
          <span key={at} style={{ left: `${left}%` }}>
            {tickText(at, scale)}
          </span>
        ))}
      </div>
      <span />
    </div>
  );
}

function tickText(at: number, { step, until }: Scale): string {
  if (step < 1000) return `${formatSecond(at, BROWSER_ZONE)}.${String(at % 1000).padStart(3, '0')}`;
  if (step < 60_000) return formatSecond(at, BROWSER_ZONE);
  return formatShortMinute(at, BROWSER_ZONE, until);
}

function Line({ row, scale, details }: { row: Row; scale: Scale; details(row: Row): ReactNode }) {
  const [open, setOpen] = useState(false);
  const work = row.segments.find((segment) => segment.phase === 'RUNNING');
  const said = row.segments.map(sentence).join('. ');
  const kept = row.segments.length === 0;
  return (
    <li>
      <UnstyledButton className="wf-line" aria-expanded={open} onClick={() => setOpen(!open)}>
        <span className={row.kind === 'step' ? 'wf-label wf-step' : 'wf-label'} title={row.label}>
          {open ? <IconChevronDown size={14} aria-hidden /> : <IconChevronRight size={14} aria-hidden />}
          <span>
            {row.kind === 'step' && <VisuallyHidden component="span">Step </VisuallyHidden>}
            {row.label}
            <VisuallyHidden component="span">
              , {RUN_LOOKS[row.state].word}. {said}
            </VisuallyHidden>
          </span>
        </span>
        <span className="wf-bars" aria-hidden={!kept}>
          {scale.cuts.map(({ left, right }) => (
            <span key={left} className="wf-cut" style={{ left: `${left}%`, width: `${right - left}%` }} />
          ))}
          {scale.ticks.map(({ at, left }) => (
            <span key={at} className="wf-grid" style={{ left: `${left}%` }} />
          ))}
          {row.segments.map((segment) => (
            <Bar key={`${segment.phase} ${segment.from}`} segment={segment} scale={scale} thin={row.kind === 'step'} />
          ))}
          {kept && (
            <Text size="xs" c="dimmed" className="wf-kept">
              taken over from the run that it repeats
            </Text>
          )}
        </span>
        <span className="wf-took" aria-hidden>
          {work ? formatStretch(work.until - work.from) : ''}
        </span>
      </UnstyledButton>
      {open && <div className="wf-details">{details(row)}</div>}
    </li>
  );
}

function Bar({ segment, scale, thin }: { segment: Segment; scale: Scale; thin: boolean }) {
  const { phase, from, until, open, state } = segment;
  const left = scale.x(from);
  const width = scale.x(until) - left;
  const running = phase === 'RUNNING';
  const color = RUN_LOOKS[running ? state : phase].color;
  const classes = ['wf-bar', running ? 'wf-work' : 'wf-wait', thin ? 'wf-thin' : '', open && running ? 'wf-open' : ''].join(' ');
  return (
    <Tooltip
      multiline
      label={
        <>
          <b>{running ? RUN_LOOKS[state].word : PHASES[phase]}</b>, {formatStretch(until - from)}
          {open && (running ? ' so far' : '')}
          <br />
          from {precise(from)}
          <br />
          {open
            ? until > from && phase === 'RETRY_WAIT'
              ? `until ${precise(until)}`
              : 'not over yet'
            : `until ${precise(until)}`}
          <br />
          {BROWSER_ZONE}
        </>
      }
    >
      <span
        className={classes}
        style={{
          left: `${left}%`,
          width: `max(${width}%, 3px)`,
          ['--wf-color' as string]: `var(--mantine-color-${color}-${running ? 6 : 5})`,
        }}
      />
    </Tooltip>
  );
}

const precise = (at: number): string => `${formatInstant(at, BROWSER_ZONE)}.${String(at % 1000).padStart(3, '0')}`;

function sentence({ phase, from, until, open, state }: Segment): string {
  const what = phase === 'RUNNING' ? RUN_LOOKS[state].word : PHASES[phase];
  const since = `from ${formatSecond(from, BROWSER_ZONE)}`;
  return open ? `${what} ${since}` : `${what} ${since}, ${formatStretch(until - from)}`;
}

function Legend() {
  return (
    <Group gap="sm" aria-hidden visibleFrom="sm">
      {(['QUEUED', 'RUNNING', 'RETRY_WAIT'] as const).map((phase) => (
        <Group key={phase} gap={6}>
          <span
            className={`wf-sample ${phase === 'RUNNING' ? 'wf-work' : 'wf-wait'}`}
            style={{ ['--wf-color' as string]: `var(--mantine-color-${RUN_LOOKS[phase].color}-${phase === 'RUNNING' ? 6 : 5})` }}
          />
          <Text size="xs" c="dimmed">
            {PHASES[phase].toLowerCase()}
          </Text>
        </Group>
      ))}
    </Group>
  );
}
