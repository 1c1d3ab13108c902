import { Anchor, Table } from '@mantine/core';
import { Link } from 'wouter';
import type { RunState, ScheduleState } from '../api/schema.generated.ts';
import { Instant } from '../time/Instant.tsx';
import { StateBadge } from './StateBadge.tsx';
import { RUN_LOOKS, SCHEDULE_LOOKS } from './states.ts';

interface ScheduleTableProps {
  schedules: readonly {
    id: string;
    name: string;
    state: ScheduleState;
    nextFireAt: string | null;
    lastRun: { id: string; state: RunState } | null;
  }[];
}

/** Schedules that have something in common, such as a task or a calendar. */
export function ScheduleTable({ schedules }: ScheduleTableProps) {
  return (
    <Table.ScrollContainer minWidth={460}>
      <Table verticalSpacing={6}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Schedule</Table.Th>
            <Table.Th w={110}>State</Table.Th>
            <Table.Th w={120}>Last run</Table.Th>
            <Table.Th w={130}>Next fire</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {schedules.map((schedule) => (
            <Table.Tr key={schedule.id}>
              <Table.Td>
                <Anchor component={Link} href={`/schedules/${schedule.id}`} size="sm">
                  {schedule.name}
                </Anchor>
              </Table.Td>
              <Table.Td>
                <StateBadge look={SCHEDULE_LOOKS[schedule.state]} />
              </Table.Td>
              <Table.Td>
                {schedule.lastRun && (
                  <Anchor component={Link} href={`/runs/${schedule.lastRun.id}`} underline="never" style={{ lineHeight: 0 }}>
                    <StateBadge look={RUN_LOOKS[schedule.lastRun.state]} />
                  </Anchor>
                )}
              </Table.Td>
              <Table.Td>
                <Instant at={schedule.nextFireAt} size="sm" />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}
