import { Anchor, Grid, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import { Link } from 'wouter';
import type { Change } from '../../api/live.ts';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS, UNFINISHED } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { LogView } from './LogView.tsx';
import { RowDetails } from './RowDetails.tsx';
import { RunActions, whyNoRetry } from './RunActions.tsx';
import { RunFacts } from './RunFacts.tsx';
import { RunPayload } from './RunPayload.tsx';
import { RunStatus } from './RunStatus.tsx';
import { Waterfall } from './Waterfall.tsx';
import { RunDocument, RunTimelineDocument } from './run.generated.ts';

/** One run: what it does, what it did when, what it said. */
export default function RunPage({ id = '' }: Record<string, string>) {
  return <OneRun key={id} id={id} />;
}

function OneRun({ id }: { id: string }) {
  // Progress and steps are told of as changes of the run: nothing is asked for by the clock.
  const on = (change: Change) => change.of === 'run' && change.id === id;
  const { data, error, reread } = useLive({ query: RunDocument, variables: { id }, on });
  const timeline = useLive({ query: RunTimelineDocument, variables: { id }, on });
  const [retrying, setRetrying] = useState<{ step: string | null } | null>(null);

  const run = data?.run;
  if (error && !data)
    return (
      <>
        <PageHead title="Run" />
        <ErrorNotice error={error} retry={reread} />
      </>
    );
  if (run === null)
    return (
      <>
        <PageHead title="Run" />
        <EmptyState
          title="There is no such run"
          action={
            <Anchor component={Link} href="/runs">
              To all runs
            </Anchor>
          }
        >
          No run has the id {id}. Runs that have ended are removed after a while, by the retention of the server or of their task.
        </EmptyState>
      </>
    );
  if (!run) return <Waits />;

  const over = !UNFINISHED.includes(run.state);
  const { attempts, steps } = timeline.data?.run ?? { attempts: [], steps: [] };
  const retryAt = run.state === 'RETRY_WAIT' ? (attempts.at(-1)?.nextRetryAt ?? null) : null;
  return (
    <>
      <PageHead
        title={run.task.name}
        hint={
          <Group gap="xs" mt={4}>
            <StateBadge look={RUN_LOOKS[run.state]} size="md" />
            <span>
              {run.schedule ? (
                <>
                  of{' '}
                  <Anchor component={Link} href={`/schedules/${run.schedule.id}`} inherit>
                    {run.schedule.name}
                  </Anchor>
                </>
              ) : (
                'without a schedule'
              )}
              , for <Instant at={run.scheduledFor} as="both" inherit />
            </span>
          </Group>
        }
        actions={<RunActions run={run} steps={steps.map(({ name }) => name)} retrying={retrying} setRetrying={setRetrying} />}
      />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
          <Stack gap="md">
            <RunStatus run={run} retryAt={retryAt} />
            {timeline.error && !timeline.data && <ErrorNotice error={timeline.error} retry={timeline.reread} />}
            <Waterfall
              run={timeline.data ? { ...run, attempts, steps } : undefined}
              over={over}
              details={(row) => (
                <RowDetails
                  runId={id}
                  row={row}
                  attempt={attempts.find(({ number }) => number === row.attempt)}
                  step={row.kind === 'step' ? steps.find(({ name }) => name === row.label) : undefined}
                  whyNoRetry={whyNoRetry(run)}
                  retryFrom={(step) => setRetrying({ step })}
                />
              )}
            />
            <LogView runId={id} over={over} isCode={run.task.kind === 'CODE'} />
            <RunPayload run={run} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <RunFacts run={run} />
        </Grid.Col>
      </Grid>
    </>
  );
}

/** As large as what comes. */
function Waits() {
  return (
    <>
      <PageHead title="Run" hint={<Text size="sm">Reading …</Text>} />
      <Grid gap="md">
        <Grid.Col span={{ base: 12, md: 8, xl: 9 }}>
          <Stack gap="md">
            <Skeleton h={56} />
            <Skeleton h={130} />
            <Skeleton h={500} />
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 4, xl: 3 }}>
          <Skeleton h={480} />
        </Grid.Col>
      </Grid>
    </>
  );
}
