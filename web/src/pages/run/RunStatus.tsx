import { Alert, Group, Paper, Progress, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { useSession } from '../../api/session.tsx';
import { RUN_LOOKS, UNFINISHED } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { useNow } from '../../time/clock.ts';
import { formatStretch } from '../../time/format.ts';
import { coarse, estimate } from './estimate.ts';
import type { Estimate } from './estimate.ts';
import { UsualDurationDocument } from './run.generated.ts';
import type { RunQuery } from './run.generated.ts';

export type ShownRun = NonNullable<RunQuery['run']>;

/** So far back one looks for how long such runs take. */
const WINDOW = 'P30D';
/** Fewer say nothing about the next one. */
const LEAST_RUNS = 3;

/** What it does at this moment, how far it is and how long it has to go; what went wrong. */
export function RunStatus({ run, retryAt }: { run: ShownRun; retryAt: string | null }) {
  return (
    <Stack gap="sm">
      {run.error && <RunFault error={run.error} state={run.state} />}
      {UNFINISHED.includes(run.state) ? <Underway run={run} retryAt={retryAt} /> : <Ended run={run} />}
    </Stack>
  );
}

function RunFault({ error, state }: { error: NonNullable<ShownRun['error']>; state: ShownRun['state'] }) {
  const canceled = error.code === 'CANCELED';
  return (
    <Alert
      role="alert"
      color={canceled ? 'gray' : state === 'RETRY_WAIT' ? 'yellow' : 'red'}
      title={canceled ? 'Canceled' : `${error.code} · ${error.name}`}
    >
      <Text size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
        {error.message}
      </Text>
      {!canceled && !error.retryable && (
        <Text size="xs" c="dimmed" mt={4}>
          Not tried again: another attempt would fail the same way.
        </Text>
      )}
    </Alert>
  );
}

function Underway({ run, retryAt }: { run: ShownRun; retryAt: string | null }) {
  const { state, startedAt, progress } = run;
  const runs = (state === 'RUNNING' || state === 'CANCELING') && startedAt !== null;
  if (!runs) {
    return (
      <Paper withBorder p="md">
        <Text size="sm" component="div">
          <Waiting run={run} retryAt={retryAt} />
        </Text>
      </Paper>
    );
  }
  const percent = progress?.percent ?? null;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="xs" mb={8} mih={22}>
        <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
          {state === 'CANCELING' ? 'Its worker is breaking the attempt off' : (progress?.message ?? 'Running')}
        </Text>
        <Text size="sm" className="nowrap" fw={500}>
          {progress === null ? '' : amount(progress)}
        </Text>
      </Group>
      <Progress
        size="lg"
        value={percent ?? 100}
        striped={percent === null}
        animated
        color={RUN_LOOKS[state].color}
        aria-label={percent === null ? 'Running; how far it is nobody knows' : `${Math.floor(percent)} % done`}
      />
      <Remaining run={run} startedAt={Date.parse(startedAt)} />
    </Paper>
  );
}

const short = (value: number) => value.toLocaleString('en', { maximumFractionDigits: 1 });

function amount({ done, total, percent }: NonNullable<ShownRun['progress']>): string {
  if (total === null) return short(done);
  return `${short(done)} of ${short(total)}${percent === null ? '' : ` · ${Math.floor(percent)} %`}`;
}

function Remaining({ run, startedAt }: { run: ShownRun; startedAt: number }) {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const { schedule, task, progress } = run;
  const [{ data }] = useQuery({
    query: UsualDurationDocument,
    variables: {
      window: WINDOW,
      filter: { states: ['SUCCEEDED'], ...(schedule ? { scheduleIds: [schedule.id] } : { taskKeys: [task.key] }) },
    },
    requestPolicy: 'cache-first',
  });
  const medianMs = data && data.stats.total >= LEAST_RUNS ? data.stats.durationP50Ms : null;
  const at = progress && { done: progress.done, total: progress.total, updatedAt: Date.parse(progress.updatedAt) };
  const guess = estimate({ startedAt, progress: at, medianMs }, now);
  return (
    <Group justify="space-between" gap="xs" mt={8} mih={20}>
      <Text size="sm" c="dimmed">
        {formatStretch(Math.floor(Math.max(0, now - startedAt) / 1000) * 1000)} so far
        {run.timesOutAt !== null && (
          <>
            {' · '}times out <Instant at={run.timesOutAt} inherit />
          </>
        )}
      </Text>
      <Text size="sm" c="dimmed">
        {guess && run.state === 'RUNNING' ? guessText(guess, schedule ? 'this schedule' : 'this task') : ''}
      </Text>
    </Group>
  );
}

const roughly = (ms: number): string => formatStretch(coarse(ms));

function guessText(guess: Estimate, whose: string): string {
  switch (guess.from) {
    case 'progress':
      return guess.remainingMs < 1000
        ? 'Estimate: it should end at any moment'
        : `Estimate: about ${roughly(guess.remainingMs)} left, at its pace so far`;
    case 'median':
      return `Estimate: about ${roughly(guess.remainingMs)} left; runs of ${whose} take ${formatStretch(guess.medianMs)} (median)`;
    case 'overdue':
      return `${roughly(guess.overMs)} longer than runs of ${whose} usually take (median ${formatStretch(guess.medianMs)})`;
  }
}

/** Why it does not run at this moment. */
function Waiting({ run, retryAt }: { run: ShownRun; retryAt: string | null }) {
  switch (run.state) {
    case 'SCHEDULED':
      return (
        <>
          It starts <Instant at={run.effectiveAt} as="both" fw={500} inherit />.
        </>
      );
    case 'BUFFERED':
      return (
        <>
          It waits for a run before it to end, or for a slot of its task, since <Instant at={run.createdAt} inherit />.
        </>
      );
    case 'QUEUED':
      return (
        <>
          It waits for a worker since <Instant at={run.queuedAt} inherit />.
          {run.task.state === 'UNAVAILABLE' && ' No live worker can run this task: start one that has its code.'}
        </>
      );
    default:
      return (
        <>
          Attempt {run.attempt} of {run.maxAttempts} has failed; the next one is due <Instant at={retryAt} as="both" inherit />.
        </>
      );
  }
}

function Ended({ run }: { run: ShownRun }) {
  const { progress, state } = run;
  return (
    <Paper withBorder p="md">
      <Group justify="space-between" gap="xs">
        <Text size="sm" component="div">
          <b>{RUN_LOOKS[state].word}</b> <Instant at={run.finishedAt} inherit />
          {run.durationMs !== null && `, after ${formatStretch(run.durationMs)}`}
          {run.attempt > 1 && `, in attempt ${run.attempt} of ${run.maxAttempts}`}.
        </Text>
        {progress !== null && (
          <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
            {[progress.message, amount(progress)].filter(Boolean).join(' · ')}
          </Text>
        )}
      </Group>
    </Paper>
  );
}
