import { Anchor, Badge, Group, Paper, Stack, Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { useLive } from '../../api/useLive.ts';
import type { LiveAnswer } from '../../api/useLive.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { ORIGIN_LOOKS, RUN_LOOKS, UNFINISHED } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { formatInstant, formatStretch } from '../../time/format.ts';
import { labelText } from '../runs/runFilters.ts';
import { RunFamilyDocument } from './run.generated.ts';
import type { RunFamilyQuery } from './run.generated.ts';
import type { ShownRun } from './RunStatus.tsx';

/** Where the run comes from and all its instants. */
export function RunFacts({ run }: { run: ShownRun }) {
  const { schedule, task, worker, requestedBy, backfill } = run;
  return (
    <Paper withBorder component="section" aria-labelledby="facts-title" p="md">
      <Title order={2} size="h3" id="facts-title" mb="sm">
        Facts
      </Title>
      <Stack component="dl" gap={8} m={0}>
        <Fact name="Task">
          <Anchor component={Link} href={`/tasks/${encodeURIComponent(task.key)}`} inherit>
            {task.key}
          </Anchor>
        </Fact>
        <Fact name="Schedule">
          {schedule ? (
            <Anchor component={Link} href={`/schedules/${schedule.id}`} inherit>
              {schedule.name}
            </Anchor>
          ) : (
            <Text span c="dimmed" inherit>
              none
            </Text>
          )}
        </Fact>
        <Fact name="Origin">{ORIGIN_LOOKS[run.origin].word}</Fact>
        {backfill && (
          <Fact name="Backfill">
            <Anchor component={Link} href={`/runs?backfill=${backfill.id}`} inherit>
              {formatInstant(Date.parse(backfill.from), 'UTC')} to {formatInstant(Date.parse(backfill.until), 'UTC')} UTC
            </Anchor>
          </Fact>
        )}
        {requestedBy && <Fact name="Requested by">{requestedBy.name ?? requestedBy.id}</Fact>}
        {run.reason && <Fact name="Reason">{run.reason}</Fact>}
        <Family run={run} />
        <Fact name="Scheduled for">
          <Instant at={run.scheduledFor} as="short" inherit />
        </Fact>
        {run.effectiveAt !== run.scheduledFor && (
          <Fact name="Due">
            <Instant at={run.effectiveAt} as="short" inherit />
          </Fact>
        )}
        <Fact name="Queued">
          <Instant at={run.queuedAt} as="short" inherit />
        </Fact>
        <Fact name="Started">
          <Instant at={run.startedAt} as="short" inherit />
        </Fact>
        <Fact name="Lateness">{run.latenessMs === null ? <None /> : formatStretch(run.latenessMs)}</Fact>
        <Fact name="Finished">
          <Instant at={run.finishedAt} as="short" inherit />
        </Fact>
        <Fact name="Duration">{run.durationMs === null ? <None /> : formatStretch(run.durationMs)}</Fact>
        <Fact name="Attempt">
          {run.attempt} of {run.maxAttempts}
        </Fact>
        <Fact name="Worker">
          {worker ? (
            <Anchor component={Link} href="/workers" inherit>
              {worker.hostname} (process {worker.pid})
            </Anchor>
          ) : (
            <None />
          )}
        </Fact>
        {run.labels.length > 0 && (
          <Fact name="Labels">
            <Group gap={4}>
              {run.labels.map(({ key, value }) => (
                <Badge
                  key={key}
                  component={Link}
                  href={`/runs?label=${encodeURIComponent(labelText(key, value))}`}
                  variant="default"
                  radius="sm"
                  tt="none"
                  fw={400}
                  style={{ cursor: 'pointer' }}
                >
                  {key}={value}
                </Badge>
              ))}
            </Group>
          </Fact>
        )}
        {run.idempotencyKey && <Fact name="Idempotency key">{run.idempotencyKey}</Fact>}
        <Fact name="Id">
          <Group gap={4} wrap="nowrap">
            <Text span inherit className="mono" size="xs">
              {run.id}
            </Text>
            <CopyButton text={run.id} label="Copy the id" />
          </Group>
        </Fact>
      </Stack>
    </Paper>
  );
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div style={{ display: 'grid', gridTemplateColumns: '104px 1fr', columnGap: 12 }}>
      <Text component="dt" size="sm" c="dimmed">
        {name}
      </Text>
      <Text component="dd" size="sm" m={0} miw={0} style={{ overflowWrap: 'anywhere' }}>
        {children}
      </Text>
    </div>
  );
}

const None = () => (
  <Text span c="dimmed" inherit>
    –
  </Text>
);

/** The run that it repeats, and those that repeat it. */
function Family({ run }: { run: ShownRun }) {
  const over = !UNFINISHED.includes(run.state);
  const family: LiveAnswer<RunFamilyQuery> = useLive({
    query: RunFamilyDocument,
    variables: { id: run.id },
    on: (change) =>
      change.of === 'run' &&
      (family.data?.run?.retries.some(({ id }) => id === change.id) === true ||
        // Only what has ended is repeated, by a run that is new.
        (over && change.kind === 'CREATED' && change.taskKey === run.task.key)),
  });
  const { retryOf, retries } = family.data?.run ?? { retryOf: null, retries: [] };
  return (
    <>
      {retryOf && (
        <Fact name="Retry of">
          <Relative run={retryOf} />
        </Fact>
      )}
      {retries.length > 0 && (
        <Fact name={retries.length === 1 ? 'Retried by' : `Retried (${retries.length})`}>
          <Stack gap={4}>
            {retries.map((each) => (
              <Relative key={each.id} run={each} />
            ))}
          </Stack>
        </Fact>
      )}
    </>
  );
}

function Relative({ run }: { run: { id: string; state: ShownRun['state']; createdAt: string } }) {
  return (
    <Group gap={6}>
      <Anchor component={Link} href={`/runs/${run.id}`} inherit>
        run of <Instant at={run.createdAt} as="short" inherit c="inherit" />
      </Anchor>
      <StateBadge look={RUN_LOOKS[run.state]} size="xs" />
    </Group>
  );
}
