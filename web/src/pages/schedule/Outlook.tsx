import { Anchor, Badge, Card, Group, SimpleGrid, Stack, Table, Text, Title, Tooltip } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { percent } from '../../parts/percent.ts';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { BROWSER_ZONE, formatStretch } from '../../time/format.ts';
import type { ShownSchedule } from './shown.ts';

/** What comes next, and how it has been lately. */
export function Outlook({ schedule }: { schedule: ShownSchedule }) {
  const { stats, lastRun, timeZone: zone, nextFireTimes, remainingRuns } = schedule;
  const foreign = zone !== BROWSER_ZONE;
  return (
    <Card withBorder padding="md">
      <Title order={2} mb="xs">
        Next
      </Title>
      {nextFireTimes.length === 0 ? (
        <Text size="sm" c="dimmed" mih={150}>
          {whyNothing(schedule)}
        </Text>
      ) : (
        <Table.ScrollContainer minWidth={foreign ? 400 : 260} mih={150}>
          <Table verticalSpacing={4} horizontalSpacing="xs" fz="sm">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Due</Table.Th>
                <Table.Th>{zone}</Table.Th>
                {foreign && <Table.Th>{BROWSER_ZONE}</Table.Th>}
                <Table.Th aria-label="Marks" />
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {nextFireTimes.map((fire, i) => (
                <Table.Tr key={fire.at}>
                  <Table.Td>
                    <Instant at={fire.effectiveAt} zone={zone} fz="sm" fw={i === 0 ? 600 : 400} />
                  </Table.Td>
                  <Table.Td>
                    <Instant at={fire.at} zone={zone} as="short" fz="sm" />
                  </Table.Td>
                  {foreign && (
                    <Table.Td>
                      <Instant at={fire.at} as="short" fz="sm" c="dimmed" />
                    </Table.Td>
                  )}
                  <Table.Td>
                    <DstMark fire={fire} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {remainingRuns !== null && (
        <Text size="sm" c="dimmed">
          {remainingRuns} of {schedule.maxRuns} runs are left.
        </Text>
      )}
      <Title order={2} mt="md" mb="xs">
        Last 7 days
      </Title>
      <SimpleGrid cols={{ base: 2, xs: 3 }} spacing="xs" component="dl" m={0}>
        <Figure label="Runs">{stats.total}</Figure>
        <Figure label="Succeeded">{stats.successRate === null ? '–' : percent(stats.successRate)}</Figure>
        <Figure label="Lateness, p95">{stretch(stats.latenessP95Ms)}</Figure>
        <Figure label="Duration, median">{stretch(stats.durationP50Ms)}</Figure>
        <Figure label="Duration, p95">{stretch(stats.durationP95Ms)}</Figure>
        <Figure label="Last run">
          {lastRun === null ? (
            '–'
          ) : (
            <Group gap="0 6px">
              <Anchor component={Link} href={`/runs/${lastRun.id}`} size="sm" underline="never">
                <StateBadge look={RUN_LOOKS[lastRun.state]} />
              </Anchor>
              <Instant at={lastRun.finishedAt ?? lastRun.startedAt ?? lastRun.scheduledFor} zone={zone} size="xs" c="dimmed" />
            </Group>
          )}
        </Figure>
      </SimpleGrid>
    </Card>
  );
}

function Figure({ label, children }: { label: string; children: ReactNode }) {
  return (
    <Stack gap={0} component="div">
      <Text size="xs" c="dimmed" component="dt">
        {label}
      </Text>
      <Text fw={600} component="dd" m={0} mih={25} style={{ fontVariantNumeric: 'tabular-nums' }}>
        {children}
      </Text>
    </Stack>
  );
}

const stretch = (ms: number | null): string => (ms === null ? '–' : formatStretch(ms));

function whyNothing({ state, task, trigger }: ShownSchedule): string {
  if (trigger.kind === 'MANUAL') return 'It never fires by itself: only “Trigger” runs it.';
  if (state === 'COMPLETED') return 'Nothing is left: it is completed. An edit that brings further times makes it active again.';
  if (state === 'PAUSED') return 'Nothing, while it is paused.';
  if (task.pause) return 'Nothing, while its task is paused.';
  return 'All that is left is skipped or frozen.';
}

function DstMark({ fire }: { fire: ShownSchedule['nextFireTimes'][number] }) {
  if (!fire.inGap && !fire.inOverlap) return null;
  const label = fire.inGap
    ? 'It stands in for a local time that the clock jumps over that day.'
    : 'The clock goes back that day: this local time comes twice.';
  return (
    <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
      <Badge size="xs" color="grape" variant="light" tabIndex={0} tt="none">
        Clock change
      </Badge>
    </Tooltip>
  );
}
