import { Alert, Anchor, Group, Paper, Progress, Skeleton, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import { IconHeartOff } from '@tabler/icons-react';
import { Link } from 'wouter';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { WORKER_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { inOrder, totalsOf } from './workerList.ts';
import { WorkersDocument } from './workers.generated.ts';
import type { WorkersQuery } from './workers.generated.ts';

type ShownWorker = WorkersQuery['workers'][number];

/** The processes that execute runs, and what each is doing. */
export default function WorkersPage() {
  const { data, error, reread } = useLive({
    query: WorkersDocument,
    variables: {},
    on: ({ of, state, previousState }) =>
      of === 'worker' || (of === 'run' && (state === 'RUNNING' || previousState === 'RUNNING')),
    every: 5_000,
  });
  const workers = inOrder(data?.workers ?? []);
  const totals = totalsOf(workers);
  return (
    <>
      <PageHead
        title="Workers"
        hint="Processes that execute runs. A worker that is not heard of for 6 seconds is lost; what it ran is tried again."
      />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && (
        <Stack role="status" aria-label="Loading">
          <Skeleton h={22} w={280} />
          <Skeleton h={140} />
          <Skeleton h={140} />
        </Stack>
      )}
      {data && workers.length === 0 && (
        <EmptyState title="No worker">
          Every server is a worker, too, unless it is told otherwise. None has been seen for a day.
        </EmptyState>
      )}
      {data && workers.length > 0 && (
        <Stack>
          <Text size="sm">
            {totals.alive === 1 ? 'One worker is alive' : `${totals.alive} workers are alive`}, with {totals.taken} of{' '}
            {totals.places} places taken{totals.lost > 0 && `; ${totals.lost} lost within the last day`}.
          </Text>
          {workers
            .filter(({ state }) => state !== 'STOPPED')
            .map((worker) => (
              <WorkerCard key={worker.id} worker={worker} />
            ))}
          <Stopped workers={workers.filter(({ state }) => state === 'STOPPED')} />
        </Stack>
      )}
    </>
  );
}

function WorkerCard({ worker }: { worker: ShownWorker }) {
  const gone = worker.state === 'LOST';
  return (
    <Paper component="article" withBorder p="md" aria-label={`Worker ${worker.hostname}, process ${worker.pid}`}>
      <Group justify="space-between" gap="sm" align="flex-start">
        <Stack gap={2} miw={0}>
          <Group gap="xs">
            <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {worker.hostname}
            </Title>
            <StateBadge look={WORKER_LOOKS[worker.state]} />
          </Group>
          <Text size="xs" c="dimmed">
            process {worker.pid} · version {worker.version} · started <Instant at={worker.startedAt} size="xs" /> · last heard of{' '}
            <Instant at={worker.lastHeartbeatAt} size="xs" />
          </Text>
          <Text size="xs" c="dimmed">
            <CodeTasks worker={worker} />
          </Text>
        </Stack>
        {!gone && (
          <Group gap="xs" wrap="nowrap" w={220}>
            <Progress
              flex={1}
              value={(100 * worker.runningCount) / Math.max(1, worker.capacity)}
              aria-label={`${worker.runningCount} of ${worker.capacity} places taken`}
            />
            <Text size="sm" className="nowrap">
              {worker.runningCount} / {worker.capacity} places
            </Text>
          </Group>
        )}
      </Group>
      {worker.state === 'LOST' && (
        <Alert color="red" icon={<IconHeartOff />} mt="sm" title="Lost: it has not been heard of for 6 seconds or more">
          It was killed, is cut off from the database, or is stuck. What it ran counts as a failed attempt and is tried again
          elsewhere, as far as its retries go. Should the process still live, it sees that it was given up and breaks off by
          itself. After a day it is not shown any more.
        </Alert>
      )}
      {worker.state === 'DRAINING' && (
        <Text size="sm" mt="sm">
          It is being stopped: what it has goes on for up to 10 seconds, and it takes nothing more.
        </Text>
      )}
      {worker.runs.length > 0 && (
        <Stack
          gap={6}
          mt="sm"
          component="ul"
          p={0}
          m={0}
          style={{ listStyle: 'none' }}
          aria-label={`What runs on ${worker.hostname}`}
        >
          {worker.runs.map((run) => (
            <RunLine key={run.id} run={run} />
          ))}
        </Stack>
      )}
      {worker.runs.length === 0 && !gone && (
        <Text size="sm" c="dimmed" mt="sm">
          Nothing runs on it at the moment.
        </Text>
      )}
    </Paper>
  );
}

/** Those that have ended in order: nothing is to be done about them. */
function Stopped({ workers }: { workers: readonly ShownWorker[] }) {
  if (workers.length === 0) return null;
  return (
    <section aria-labelledby="stopped-workers">
      <Title order={2} id="stopped-workers" size="h3" mb={4}>
        Stopped within the last day
      </Title>
      <Table.ScrollContainer minWidth={520}>
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Worker</Table.Th>
              <Table.Th>Version</Table.Th>
              <Table.Th>Started</Table.Th>
              <Table.Th>Stopped</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {workers.map((worker) => (
              <Table.Tr key={worker.id}>
                <Table.Td>
                  {worker.hostname}{' '}
                  <Text span size="xs" c="dimmed">
                    process {worker.pid}
                  </Text>
                </Table.Td>
                <Table.Td>{worker.version}</Table.Td>
                <Table.Td>
                  <Instant at={worker.startedAt} as="short" size="sm" />
                </Table.Td>
                <Table.Td>
                  <Instant at={worker.lastHeartbeatAt} size="sm" />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </section>
  );
}

function RunLine({ run }: { run: ShownWorker['runs'][number] }) {
  const percent = run.progress?.percent ?? null;
  return (
    <Group component="li" gap="sm" wrap="wrap">
      <Anchor component={Link} href={`/runs/${run.id}`} size="sm" flex="1 1 200px" miw={0} style={{ overflowWrap: 'anywhere' }}>
        {run.schedule?.name ?? run.task.key}
        {run.schedule && (
          <Text span size="xs" c="dimmed">
            {' '}
            {run.task.key}
          </Text>
        )}
      </Anchor>
      <Group gap={8} flex="2 1 240px" wrap="nowrap" miw={0}>
        {percent === null ? (
          <Text size="xs" c="dimmed" truncate>
            {run.progress?.message ?? 'says nothing of its progress'}
          </Text>
        ) : (
          <>
            <Progress flex={1} miw={80} value={percent} aria-label={`Progress of ${run.task.key}: ${Math.floor(percent)} %`} />
            <Text size="xs" className="nowrap">
              {Math.floor(percent)} %
            </Text>
            <Text size="xs" c="dimmed" truncate maw={220}>
              {run.progress?.message}
            </Text>
          </>
        )}
      </Group>
      <Text size="xs" c="dimmed" w={170}>
        {run.attempt > 1 && `attempt ${run.attempt}, `}since <Instant at={run.startedAt} size="xs" />
      </Text>
    </Group>
  );
}

const SHOWN_TASKS = 4;

function CodeTasks({ worker }: { worker: ShownWorker }) {
  const { tasks } = worker;
  if (tasks.length === 0) return <>no code tasks: it sends HTTP requests only</>;
  return (
    <>
      code of{' '}
      {tasks.slice(0, SHOWN_TASKS).map(({ id, key }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <Anchor component={Link} href={`/tasks/${encodeURIComponent(key)}`} size="xs" underline="always">
            {key}
          </Anchor>
        </span>
      ))}
      {tasks.length > SHOWN_TASKS && (
        <Tooltip
          multiline
          maw={360}
          label={tasks.map(({ key }) => key).join(', ')}
          events={{ hover: true, focus: true, touch: true }}
        >
          <span tabIndex={0}> and {tasks.length - SHOWN_TASKS} more</span>
        </Tooltip>
      )}
    </>
  );
}
