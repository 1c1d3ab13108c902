import { Anchor, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { Panel } from '../../parts/Panel.tsx';
import type { ShownTask } from './TaskPage.tsx';

const DOING = { INITIAL_WAIT: 'waits after its start', IDLE: 'idle', RUNNING: 'running' } as const;

/** The live workers that can run it, and what they do with regard to it. */
export function Workers({ task }: { task: ShownTask }) {
  return (
    <Panel title="Workers">
      {task.workers.length === 0 ? (
        <Text size="sm" c="dimmed">
          No live worker can run it.
        </Text>
      ) : (
        <Table verticalSpacing={6}>
          <Table.Thead>
            <Table.Tr>
              <Table.Th>Worker</Table.Th>
              <Table.Th>With regard to it</Table.Th>
              <Table.Th ta="right">Runs</Table.Th>
            </Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {task.workers.map(({ worker, state, runningCount }) => (
              <Table.Tr key={worker.id}>
                <Table.Td>
                  <Anchor component={Link} href="/workers" size="sm">
                    {worker.hostname}
                  </Anchor>{' '}
                  <Text span size="xs" c="dimmed">
                    process {worker.pid}
                  </Text>
                </Table.Td>
                <Table.Td>{DOING[state]}</Table.Td>
                <Table.Td ta="right">{runningCount}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      )}
    </Panel>
  );
}
