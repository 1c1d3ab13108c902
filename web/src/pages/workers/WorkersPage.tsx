import { Anchor, Group, Progress, Skeleton, Stack, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { WORKER_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { WorkersDocument } from './workers.generated.ts';

/** The processes that execute runs, and what each is doing. */
export default function WorkersPage() {
  const { data, error, reread } = useLive({
    query: WorkersDocument,
    variables: {},
    on: ({ of, state, previousState }) =>
      of === 'worker' || (of === 'run' && (state === 'RUNNING' || previousState === 'RUNNING')),
    every: 10_000,
  });
  return (
    <>
      <PageHead
        title="Workers"
        hint="Processes that execute runs. A worker that is not heard of for 6 seconds is lost; what it ran is tried again."
      />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && <Skeleton h={160} />}
      {data?.workers.length === 0 && (
        <EmptyState title="No worker">
          Every server is a worker, too, unless it is told otherwise. None has been seen for a day.
        </EmptyState>
      )}
      {data && data.workers.length > 0 && (
        <Table.ScrollContainer minWidth={720}>
          <Table verticalSpacing="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Worker</Table.Th>
                <Table.Th>State</Table.Th>
                <Table.Th w={200}>Places taken</Table.Th>
                <Table.Th>Running</Table.Th>
                <Table.Th>Last heard of</Table.Th>
                <Table.Th>Started</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {data.workers.map((worker) => (
                <Table.Tr key={worker.id}>
                  <Table.Td>
                    <Text fw={500}>{worker.hostname}</Text>
                    <Text size="xs" c="dimmed">
                      process {worker.pid}, version {worker.version}, {worker.tasks.length} code tasks
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    <StateBadge look={WORKER_LOOKS[worker.state]} />
                  </Table.Td>
                  <Table.Td>
                    <Group gap="xs" wrap="nowrap">
                      <Progress
                        flex={1}
                        value={(100 * worker.runningCount) / worker.capacity}
                        aria-label={`${worker.runningCount} of ${worker.capacity} places taken`}
                      />
                      <Text size="sm" className="nowrap">
                        {worker.runningCount} / {worker.capacity}
                      </Text>
                    </Group>
                  </Table.Td>
                  <Table.Td>
                    <Stack gap={2}>
                      {worker.runs.slice(0, 5).map((run) => (
                        <Anchor key={run.id} component={Link} href={`/runs/${run.id}`} size="sm">
                          {run.task.key} <Instant at={run.startedAt} c="dimmed" size="xs" />
                        </Anchor>
                      ))}
                      {worker.runs.length > 5 && <Text size="xs">and {worker.runs.length - 5} more</Text>}
                    </Stack>
                  </Table.Td>
                  <Table.Td>
                    <Instant at={worker.lastHeartbeatAt} size="sm" />
                  </Table.Td>
                  <Table.Td>
                    <Instant at={worker.startedAt} as="short" size="sm" />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </>
  );
}
