import 'uplot/dist/uPlot.min.css';
import { Button, Card, Collapse, Group, ScrollArea, SimpleGrid, Skeleton, Table, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import { useMemo } from 'react';
import { Link } from 'wouter';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { formatInstant, formatStretch } from '../../time/format.ts';
import { FigureChart } from './FigureChart.tsx';
import { figureSeries } from './runFigures.ts';
import type { MeasuredRun } from './runFigures.ts';

/** How long the newest runs took and how late they began, as charts and as a table. */
export default function RunCharts({ runs, zone }: { runs: readonly MeasuredRun[] | undefined; zone: string }) {
  const [table, { toggle }] = useDisclosure();
  const series = useMemo(
    () => runs && { duration: figureSeries(runs, 'durationMs'), lateness: figureSeries(runs, 'latenessMs') },
    [runs],
  );
  return (
    <Card withBorder padding="md">
      <Group justify="space-between" mb="xs">
        <Title order={2}>Last 100 runs</Title>
        <Button size="compact-xs" variant="default" onClick={toggle} aria-expanded={table}>
          {table ? 'Hide the table' : 'Show as a table'}
        </Button>
      </Group>
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        {series ? (
          <>
            <FigureChart title="Duration" series={series.duration} zone={zone} />
            <FigureChart title="Lateness" series={series.lateness} zone={zone} />
          </>
        ) : (
          <>
            <Skeleton h={226} />
            <Skeleton h={226} />
          </>
        )}
      </SimpleGrid>
      <Collapse expanded={table}>
        {runs && table && (
          <ScrollArea.Autosize mah={320} mt="sm" viewportProps={{ tabIndex: 0 }}>
            <Table verticalSpacing={2} fz="xs" stickyHeader>
              <Table.Thead>
                <Table.Tr>
                  <Table.Th>Scheduled for ({zone})</Table.Th>
                  <Table.Th>State</Table.Th>
                  <Table.Th ta="right">Duration</Table.Th>
                  <Table.Th ta="right">Lateness</Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {runs.map((run) => (
                  <Table.Tr key={run.id}>
                    <Table.Td>
                      <Text
                        component={Link}
                        href={`/runs/${run.id}`}
                        size="xs"
                        c="var(--mantine-color-anchor)"
                        className="nowrap"
                      >
                        {formatInstant(Date.parse(run.scheduledFor), zone)}
                      </Text>
                    </Table.Td>
                    <Table.Td>
                      <StateBadge look={RUN_LOOKS[run.state]} size="xs" />
                    </Table.Td>
                    <Table.Td ta="right">{run.durationMs === null ? '–' : formatStretch(run.durationMs)}</Table.Td>
                    <Table.Td ta="right">{run.latenessMs === null ? '–' : formatStretch(run.latenessMs)}</Table.Td>
                  </Table.Tr>
                ))}
              </Table.Tbody>
            </Table>
          </ScrollArea.Autosize>
        )}
      </Collapse>
    </Card>
  );
}
