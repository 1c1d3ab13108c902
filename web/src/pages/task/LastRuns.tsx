import { Anchor, Skeleton, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { Panel } from '../../parts/Panel.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { formatStretch } from '../../time/format.ts';
import { TaskRunsDocument } from './task.generated.ts';

/** Its newest runs, whatever they are of, as they go. */
export function LastRuns({ taskKey }: { taskKey: string }) {
  const { data, error, reread } = useLive({
    query: TaskRunsDocument,
    variables: { key: taskKey },
    on: (change) => change.of === 'run' && change.taskKey === taskKey,
  });
  const runs = data?.task?.runs.nodes;
  return (
    <Panel
      title="Last runs"
      actions={
        <Anchor component={Link} href={`/runs?task=${encodeURIComponent(taskKey)}`} size="sm">
          All its runs
        </Anchor>
      }
    >
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && <Skeleton h={320} />}
      {runs?.length === 0 && <EmptyState title="It has never run">Trigger it to see its first run here.</EmptyState>}
      {runs && runs.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table verticalSpacing={6}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={150}>State</Table.Th>
                <Table.Th w={130}>For</Table.Th>
                <Table.Th w={100}>Took</Table.Th>
                <Table.Th>Schedule</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {runs.map((run) => (
                <Table.Tr key={run.id}>
                  <Table.Td>
                    <Anchor component={Link} href={`/runs/${run.id}`} underline="never" style={{ lineHeight: 0 }}>
                      <StateBadge look={RUN_LOOKS[run.state]} />
                    </Anchor>
                    {run.error && (
                      <Text size="xs" c="dimmed">
                        {run.error.code}
                      </Text>
                    )}
                  </Table.Td>
                  <Table.Td>
                    <Instant at={run.scheduledFor} size="sm" />
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" className="nowrap">
                      {run.durationMs === null ? '–' : formatStretch(run.durationMs)}
                    </Text>
                  </Table.Td>
                  <Table.Td>
                    {run.schedule ? (
                      <Anchor component={Link} href={`/schedules/${run.schedule.id}`} size="sm">
                        {run.schedule.name}
                      </Anchor>
                    ) : (
                      <Text size="sm" c="dimmed">
                        by hand
                      </Text>
                    )}
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </Panel>
  );
}
