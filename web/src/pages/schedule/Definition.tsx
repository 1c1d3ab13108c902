import { Anchor, Button, Card, Code, Collapse, Group, ScrollArea, Text, Title } from '@mantine/core';
import { useDisclosure } from '@mantine/hooks';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { LabelChips } from '../../parts/LabelChips.tsx';
import { Instant } from '../../time/Instant.tsx';
import { formatDuration } from '../../time/format.ts';
import { policyLines } from './policyWords.ts';
import classes from './schedule.module.css';
import type { ShownSchedule } from './shown.ts';

/** What it is told to do, in words, and as the API takes it. */
export function Definition({ schedule }: { schedule: ShownSchedule }) {
  const { task, timeZone: zone, labels, input, spec } = schedule;
  const [raw, { toggle }] = useDisclosure();
  const bounds = [
    schedule.startAt && (
      <span key="start">
        from <Instant at={schedule.startAt} zone={zone} as="full" size="sm" />{' '}
      </span>
    ),
    schedule.endAt && (
      <span key="end">
        until <Instant at={schedule.endAt} zone={zone} as="full" size="sm" />
      </span>
    ),
  ].filter(Boolean);
  return (
    <Card withBorder padding="md">
      <Group justify="space-between" mb="xs">
        <Title order={2}>Definition</Title>
        <Text size="xs" c="dimmed">
          Version {schedule.version}, <Instant at={schedule.updatedAt} zone={zone} size="xs" /> by{' '}
          {schedule.updatedBy.name ?? schedule.updatedBy.id}
        </Text>
      </Group>
      <dl className={classes['facts']}>
        <Fact label="Task">
          <Anchor component={Link} href={`/tasks/${encodeURIComponent(task.key)}`} size="sm">
            {task.name}
          </Anchor>{' '}
          <Text span size="sm" c="dimmed">
            {task.key}
          </Text>
        </Fact>
        <Fact label="When">{schedule.trigger.summary}</Fact>
        <Fact label="Zone">
          {zone}
          {dstWords(schedule)}
        </Fact>
        {bounds.length > 0 && <Fact label="Only">{bounds}</Fact>}
        {schedule.spread !== 'PT0S' && (
          <Fact label="Spread">due up to {formatDuration(schedule.spread)} later, always by the same stretch</Fact>
        )}
        {schedule.jitter !== 'PT0S' && (
          <Fact label="Jitter">due up to {formatDuration(schedule.jitter)} later, each time another</Fact>
        )}
        {schedule.maxRuns !== null && <Fact label="At most">{schedule.maxRuns} runs</Fact>}
        {policyLines(schedule).map(({ label, words }) => (
          <Fact key={label} label={label}>
            {words}
          </Fact>
        ))}
        <Fact label="Kept by">
          {schedule.managedBy === null ? 'people, here and over the API' : <Code>{schedule.managedBy}</Code>}
        </Fact>
        {labels.length > 0 && (
          <Fact label="Labels">
            <LabelChips labels={labels} />
          </Fact>
        )}
        {input && (
          <Fact label="Input">
            <Code block className={classes['code'] ?? ''}>
              {JSON.stringify(input, null, 2)}
            </Code>
          </Fact>
        )}
      </dl>
      {spec && (
        <>
          <Group gap="xs" mt="sm">
            <Button size="compact-sm" variant="default" onClick={toggle} aria-expanded={raw}>
              {raw ? 'Hide the raw form' : 'Show the raw form'}
            </Button>
            <CopyButton text={() => JSON.stringify(spec, null, 2)} label="Copy the raw form" />
          </Group>
          <Collapse expanded={raw}>
            <ScrollArea.Autosize mah={420} mt="xs" viewportProps={{ tabIndex: 0 }}>
              <Code block>{JSON.stringify(spec, null, 2)}</Code>
            </ScrollArea.Autosize>
            <Text size="xs" c="dimmed" mt={4}>
              createSchedule and applySchedules take it as it is.
            </Text>
          </Collapse>
        </>
      )}
    </Card>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <Text component="dt" size="sm" c="dimmed">
        {label}
      </Text>
      <Text component="dd" size="sm" m={0} miw={0} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </>
  );
}

const GAPS = { RUN_AFTER: 'after the jump', SHIFT: 'the same distance later', SKIP: 'not at all' } as const;
const OVERLAPS = { FIRST: 'the first time', LAST: 'the second time', BOTH: 'both times' } as const;

/** Only what was chosen: the trigger's own rule needs no words. */
function dstWords({ dst: { gap, overlap } }: ShownSchedule): string {
  const words = [
    gap === null ? null : `times that the clock jumps over run ${GAPS[gap]}`,
    overlap === null ? null : `times that come twice run ${OVERLAPS[overlap]}`,
  ].filter((each) => each !== null);
  return words.length === 0 ? '' : ` (${words.join('; ')})`;
}
