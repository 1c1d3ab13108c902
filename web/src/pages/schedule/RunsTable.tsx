import { Anchor, Skeleton, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import type { CombinedError } from 'urql';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { ORIGIN_LOOKS, RUN_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { formatStretch } from '../../time/format.ts';
import type { ScheduleRunsQuery } from './schedule.generated.ts';

const SHOWN = 25;
interface RunsTableProps {
  list: NonNullable<ScheduleRunsQuery['schedule']>['runs'] | undefined;
  error: CombinedError | undefined;
  retry(): void;
  zone: string;
}

/** The newest runs of the schedule. */
export function RunsTable({ list, error, retry, zone }: RunsTableProps) {
  if (!list) return error ? <ErrorNotice error={error} retry={retry} /> : <Skeleton h={400} />;
  if (list.nodes.length === 0)
    return <EmptyState title="No run yet">A run is written each time it fires, and each time somebody triggers it.</EmptyState>;
  return (
    <>
      <Table.ScrollContainer minWidth={640}>
        <Table verticalSpacing={6} fz="sm" highlightOnHover>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Scheduled for ({zone})</Table.Th>
              <Table.Th>State</Table.Th>
              <Table.Th>Origin</Table.Th>
              <Table.Th>Attempt</Table.Th>
              <Table.Th ta="right">Late</Table.Th>
              <Table.Th ta="right">Took</Table.Th>
              <Table.Th>Ended</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {list.nodes.slice(0, SHOWN).map((run) => (
              <Table.Tr key={run.id}>
                <Table.Td>
                  <Anchor component={Link} href={`/runs/${run.id}`} size="sm">
                    <Instant at={run.scheduledFor} zone={zone} as="short" />
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <StateBadge look={RUN_LOOKS[run.state]} />
                </Table.Td>
                <Table.Td>{ORIGIN_LOOKS[run.origin].word}</Table.Td>
                <Table.Td>
                  {run.attempt} of {run.maxAttempts}
                </Table.Td>
                <Table.Td ta="right">{run.latenessMs === null ? '–' : formatStretch(run.latenessMs)}</Table.Td>
                <Table.Td ta="right">{run.durationMs === null ? '–' : formatStretch(run.durationMs)}</Table.Td>
                <Table.Td>
                  <Instant at={run.finishedAt} zone={zone} size="sm" />
                </Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
      <Text size="xs" c="dimmed" mt="xs">
        The newest {Math.min(SHOWN, list.nodes.length)} of {list.totalCount.toLocaleString('en')}
        {list.totalCountCapped ? ' and more' : ''}.
      </Text>
    </>
  );
}
