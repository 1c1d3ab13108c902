import { Anchor, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { StateBadge } from '../../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../../parts/states.ts';
import { Instant } from '../../../time/Instant.tsx';
import { formatStretch } from '../../../time/format.ts';
import { itemsOf, beginOf, keyOf } from './geometry.ts';
import type { Item } from './geometry.ts';
import type { TimelineState } from './useTimeline.ts';

/** Rows of either kind. */
const MOST = 100;
const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString());

/** The same as the timeline draws, in words: the runs, the newest first, then what is planned, the soonest first. */
export function TimelineTable({ timeline: { camera, rows, feed, now }, height }: { timeline: TimelineState; height: number }) {
  const { from, until } = camera.view;
  const at = now();
  const items = rows.flatMap(itemsOf).filter((item) => beginOf(item) < until && endOf(item, at) >= from);
  const runs = items.filter(({ kind }) => kind === 'run').toSorted((a, b) => beginOf(b) - beginOf(a));
  const planned = items.filter(({ kind }) => kind === 'planned').toSorted((a, b) => beginOf(a) - beginOf(b));
  const shown = [...runs.slice(0, MOST), ...planned.slice(0, MOST)];
  return (
    <Table.ScrollContainer
      minWidth={640}
      maxHeight={height}
      h={height}
      tabIndex={0}
      role="region"
      aria-label="Runs and planned fires as a table"
    >
      <Table stickyHeader verticalSpacing={4} fz="sm">
        <Table.Caption>
          {shown.length < items.length
            ? `The newest ${Math.min(MOST, runs.length)} of ${runs.length} runs and the next ${Math.min(MOST, planned.length)} of ${planned.length} planned fires in this part of time. Zoom in to see the others.`
            : `${runs.length} runs and ${planned.length} planned fires in this part of time.`}
        </Table.Caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Schedule or task</Table.Th>
            <Table.Th>State</Table.Th>
            <Table.Th>Due</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th ta="right">Late by</Table.Th>
            <Table.Th ta="right">Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {shown.map((item) => {
            const scheduleId = item.kind === 'run' ? item.bar.run.scheduleId : item.outline.plan.scheduleId;
            const name = scheduleId === null ? undefined : feed.names.schedules.get(scheduleId)?.name;
            if (item.kind === 'planned') {
              const { plan } = item.outline;
              return (
                <Table.Tr key={keyOf(item)}>
                  <Table.Td>
                    <Anchor component={Link} href={`/schedules/${plan.scheduleId}`} inherit>
                      {name ?? item.row.title}
                    </Anchor>
                  </Table.Td>
                  <Table.Td>Planned</Table.Td>
                  <Table.Td>
                    <Instant at={iso(plan.dueAt)} as="both" size="sm" />
                  </Table.Td>
                  <Table.Td />
                  <Table.Td />
                  <Table.Td ta="right">{plan.expectedMs === null ? '' : `about ${formatStretch(plan.expectedMs)}`}</Table.Td>
                </Table.Tr>
              );
            }
            const { run } = item.bar;
            return (
              <Table.Tr key={run.id}>
                <Table.Td>
                  <Anchor component={Link} href={`/runs/${run.id}`} inherit>
                    {name ?? run.taskKey}
                  </Anchor>
                </Table.Td>
                <Table.Td>
                  <StateBadge look={RUN_LOOKS[run.state]} />
                </Table.Td>
                <Table.Td>
                  <Instant at={iso(run.dueAt)} as="short" size="sm" />
                </Table.Td>
                <Table.Td>
                  <Instant at={iso(run.startedAt)} as="short" size="sm" />
                </Table.Td>
                <Table.Td ta="right">{run.latenessMs === null ? '' : formatStretch(Math.max(0, run.latenessMs))}</Table.Td>
                <Table.Td ta="right">
                  {run.startedAt === null ? '' : formatStretch((run.finishedAt ?? at) - run.startedAt)}
                </Table.Td>
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
      {shown.length === 0 && (
        <Text c="dimmed" size="sm">
          Nothing runs or is planned in this part of time.
        </Text>
      )}
    </Table.ScrollContainer>
  );
}

function endOf(item: Item, now: number): number {
  if (item.kind === 'planned') return item.outline.plan.dueAt + (item.outline.plan.expectedMs ?? 0);
  return item.bar.until ?? Math.max(now, item.bar.from);
}
