import { Anchor, Group, Progress, Skeleton, Table, Text } from '@mantine/core';
import { Link } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { ORIGIN_LOOKS, RUN_LOOKS } from '../../parts/states.ts';
import { navigate } from '../../shell/location.ts';
import { Instant } from '../../time/Instant.tsx';
import { useNow } from '../../time/clock.ts';
import { formatStretch } from '../../time/format.ts';
import type { RunsQuery } from './runs.generated.ts';

type ListedRun = RunsQuery['runs']['nodes'][number];

/** Later than this stands out. Milliseconds. */
const LATE_MS = 10_000;
const SKELETONS = 12;

/** @param runs  undefined: not read yet */
export function RunsTable({ runs, stale }: { runs: readonly ListedRun[] | undefined; stale: boolean }) {
  return (
    <Table.ScrollContainer minWidth={1000}>
      <Table verticalSpacing={6} highlightOnHover={runs !== undefined} style={stale ? { opacity: 0.5 } : {}} aria-busy={stale}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={150}>State</Table.Th>
            <Table.Th>Task</Table.Th>
            <Table.Th>Schedule</Table.Th>
            <Table.Th w={90}>Origin</Table.Th>
            <Table.Th className="nowrap">Scheduled for</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th w={90} ta="right">
              Lateness
            </Table.Th>
            <Table.Th w={110} ta="right">
              Duration
            </Table.Th>
            <Table.Th w={80} ta="right">
              Attempt
            </Table.Th>
            <Table.Th>Worker</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {runs === undefined
            ? Array.from({ length: SKELETONS }, (_, i) => (
                <Table.Tr key={i}>
                  <Table.Td colSpan={10}>
                    <Skeleton h={21} />
                  </Table.Td>
                </Table.Tr>
              ))
            : runs.map((run) => <Row key={run.id} run={run} />)}
        </Table.Tbody>
      </Table>
    </Table.ScrollContainer>
  );
}

function Row({ run }: { run: ListedRun }) {
  const look = RUN_LOOKS[run.state];
  const href = `/runs/${run.id}`;
  return (
    <Table.Tr
      style={{ cursor: 'pointer' }}
      onClick={(event) => {
        // Links go where they say; who marks text wants to copy it.
        if ((event.target as Element).closest('a') === null && getSelection()?.isCollapsed !== false) navigate(href);
      }}
    >
      <Table.Td>
        <Group gap={8} wrap="nowrap">
          <Anchor
            component={Link}
            href={href}
            underline="never"
            aria-label={`${look.word}: run of ${run.task.key}`}
            lh={1}
            flex="none"
          >
            <StateBadge look={look} />
          </Anchor>
          {run.error && run.error.code !== 'CANCELED' && (
            <Text size="xs" c="dimmed" className="cell" title={run.error.code} maw={140}>
              {run.error.code}
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Anchor component={Link} href={`/tasks/${encodeURIComponent(run.task.key)}`} size="sm" className="cell">
          {run.task.key}
        </Anchor>
      </Table.Td>
      <Table.Td>
        {run.schedule ? (
          <Anchor component={Link} href={`/schedules/${run.schedule.id}`} size="sm" className="cell">
            {run.schedule.name}
          </Anchor>
        ) : (
          <None />
        )}
      </Table.Td>
      <Table.Td>
        <Text size="sm" className="nowrap">
          {ORIGIN_LOOKS[run.origin].word}
        </Text>
      </Table.Td>
      <Table.Td>
        <Instant at={run.scheduledFor} as="short" size="sm" />
      </Table.Td>
      <Table.Td>
        <Instant at={run.startedAt} as="short" size="sm" />
      </Table.Td>
      <Table.Td ta="right">
        {run.latenessMs === null ? (
          <None />
        ) : (
          <Text size="sm" className="number" {...(run.latenessMs > LATE_MS ? { c: 'orange.9', fw: 600 } : {})}>
            {formatStretch(run.latenessMs)}
          </Text>
        )}
      </Table.Td>
      <Table.Td ta="right">
        <Took run={run} />
      </Table.Td>
      <Table.Td ta="right">
        <Text size="sm" className="number">
          {run.attempt} / {run.maxAttempts}
        </Text>
      </Table.Td>
      <Table.Td>
        {run.worker ? (
          <Text size="sm" className="cell">
            {run.worker.hostname}
          </Text>
        ) : (
          <None />
        )}
      </Table.Td>
    </Table.Tr>
  );
}

const None = () => (
  <Text span size="sm" c="dimmed">
    –
  </Text>
);

function Took({ run }: { run: ListedRun }) {
  if (run.durationMs !== null)
    return (
      <Text size="sm" className="number">
        {formatStretch(run.durationMs)}
      </Text>
    );
  if (run.startedAt === null || (run.state !== 'RUNNING' && run.state !== 'CANCELING')) return <None />;
  return <Ticking startedAt={Date.parse(run.startedAt)} percent={run.progress?.percent ?? null} />;
}

function Ticking({ startedAt, percent }: { startedAt: number; percent: number | null }) {
  const { clockOffset } = useSession();
  const seconds = Math.max(0, Math.floor((useNow() + clockOffset - startedAt) / 1000));
  return (
    <>
      <Group gap={6} justify="flex-end" wrap="nowrap">
        {percent !== null && (
          <Text size="xs" c="dimmed" className="number">
            {Math.floor(percent)} %
          </Text>
        )}
        <Text size="sm" className="number">
          {seconds === 0 ? '0 s' : formatStretch(seconds * 1000)}
        </Text>
      </Group>
      {percent !== null && <Progress size={3} value={percent} aria-label={`${Math.floor(percent)} % done`} />}
    </>
  );
}
