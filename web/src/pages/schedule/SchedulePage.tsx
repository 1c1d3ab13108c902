import { Alert, Anchor, Group, SimpleGrid, Skeleton, Stack, Tabs, Text } from '@mantine/core';
import { IconAlertTriangle, IconPlayerPause } from '@tabler/icons-react';
import { Suspense, lazy } from 'react';
import { Link } from 'wouter';
import type { Change } from '../../api/live.ts';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { SCHEDULE_LOOKS } from '../../parts/states.ts';
import { useFilters } from '../../shell/location.ts';
import { Instant } from '../../time/Instant.tsx';
import { Actions } from './actions/Actions.tsx';
import { Backfills } from './actions/Backfills.tsx';
import { Definition } from './Definition.tsx';
import { Explain } from './Explain.tsx';
import { Heat } from './Heat.tsx';
import { History } from './History.tsx';
import { Ledger } from './Ledger.tsx';
import { Outlook } from './Outlook.tsx';
import { RunsTable } from './RunsTable.tsx';
import { ScheduleDocument, ScheduleRunsDocument } from './schedule.generated.ts';
import type { ShownSchedule } from './shown.ts';

const RunCharts = lazy(() => import('./RunCharts.tsx'));

const TABS = ['ledger', 'why', 'runs', 'history'] as const;

/** All of one schedule: what it is, what it did and will do, why, and what can be done about it. */
export default function SchedulePage({ id = '' }: { id?: string }) {
  // Of another schedule nothing is to stay, neither what was read nor what was chosen.
  return <Page key={id} id={id} />;
}

function Page({ id }: { id: string }) {
  const { viewer } = useSession();
  const { data, error, reread } = useLive({
    query: ScheduleDocument,
    variables: { id, named: viewer.actor.kind !== 'ANONYMOUS' },
    on: (change: Change): boolean =>
      change.id === id || change.scheduleId === id || (change.of === 'task' && change.id === data?.schedule?.task.id),
    every: 60_000,
  });
  const schedule = data?.schedule;

  if (error && !data)
    return (
      <>
        <PageHead title="Schedule" />
        <ErrorNotice error={error} retry={reread} />
      </>
    );
  if (schedule === null)
    return (
      <>
        <PageHead title="Schedule" />
        <EmptyState
          title="There is no such schedule"
          action={
            <Anchor component={Link} href="/schedules">
              To the schedules
            </Anchor>
          }
        >
          It may have been deleted since. Its runs stay, in the list of runs.
        </EmptyState>
      </>
    );
  return schedule === undefined ? <Waiting /> : <Loaded schedule={schedule} />;
}

function Waiting() {
  return (
    <Stack aria-busy aria-label="Loading">
      <Skeleton h={34} w="min(420px, 80%)" />
      <Skeleton h={30} w="min(620px, 100%)" />
      <SimpleGrid cols={{ base: 1, md: 2 }}>
        <Skeleton h={380} />
        <Skeleton h={380} />
      </SimpleGrid>
      <Skeleton h={230} />
      <Skeleton h={260} />
    </Stack>
  );
}

function Loaded({ schedule }: { schedule: ShownSchedule }) {
  const { id } = schedule;
  const [filters, setFilters] = useFilters();
  const asked = filters.get('tab');
  const tab = TABS.find((name) => name === asked) ?? 'ledger';
  const runs = useLive({ query: ScheduleRunsDocument, variables: { id }, on: (change) => change.scheduleId === id });
  const shownRuns = runs.data?.schedule?.runs.nodes;

  return (
    <>
      <PageHead
        title={schedule.name}
        hint={
          <Group gap="xs">
            <StateBadge look={SCHEDULE_LOOKS[schedule.state]} />
            <span>{schedule.trigger.summary}</span>
          </Group>
        }
      />
      <Stack gap="md">
        <Actions schedule={schedule} />
        {schedule.description && <Text size="sm">{schedule.description}</Text>}
        <Notices schedule={schedule} />
        <Backfills schedule={schedule} />
        <SimpleGrid cols={{ base: 1, md: 2 }}>
          <Outlook schedule={schedule} />
          <Definition schedule={schedule} />
        </SimpleGrid>
        <Heat
          id={id}
          onDay={(day) => {
            setFilters({ tab: 'ledger', day });
            document.querySelector('#parts')?.scrollIntoView({ block: 'start' });
          }}
        />
        <Suspense fallback={<Skeleton h={280} />}>
          <RunCharts runs={shownRuns} zone={schedule.timeZone} />
        </Suspense>
        <Tabs
          id="parts"
          value={tab}
          keepMounted={false}
          mih={480}
          onChange={(value) =>
            setFilters({ tab: value, ...(value !== 'why' && { at: null }), ...(value !== 'ledger' && { day: null }) })
          }
        >
          <Tabs.List aria-label="About this schedule" mb="sm">
            <Tabs.Tab value="ledger">Ledger</Tabs.Tab>
            <Tabs.Tab value="why">Why?</Tabs.Tab>
            <Tabs.Tab value="runs">Runs</Tabs.Tab>
            <Tabs.Tab value="history">History</Tabs.Tab>
          </Tabs.List>
          <Tabs.Panel value="ledger">
            <Ledger schedule={schedule} onWhy={(at) => setFilters({ tab: 'why', at, day: null })} />
          </Tabs.Panel>
          <Tabs.Panel value="why">
            <Explain schedule={schedule} />
          </Tabs.Panel>
          <Tabs.Panel value="runs">
            <RunsTable list={runs.data?.schedule?.runs} error={runs.error} retry={runs.reread} zone={schedule.timeZone} />
          </Tabs.Panel>
          <Tabs.Panel value="history">
            <History id={id} />
          </Tabs.Panel>
        </Tabs>
      </Stack>
    </>
  );
}

/** What keeps it from firing, or should be looked at. */
function Notices({ schedule }: { schedule: ShownSchedule }) {
  const { pause, task, timeZone: zone, consecutiveFailures, pauseAfterFailures, pendingOccurrences: held } = schedule;
  return (
    <>
      {pause && (
        <Alert color="yellow" icon={<IconPlayerPause />} title="Paused">
          <Text size="sm">{pause.reason}</Text>
          <Text size="sm">
            By {pause.by.name ?? pause.by.id}, <Instant at={pause.since} zone={zone} size="sm" />.{' '}
            {pause.until === null ? (
              'Until somebody resumes it.'
            ) : (
              <>
                Until <Instant at={pause.until} zone={zone} as="both" size="sm" /> ({zone}): it goes on by itself then.
              </>
            )}{' '}
            {held === null
              ? 'It holds back more than 10,000 occurrences.'
              : `It holds back ${held} ${held === 1 ? 'occurrence' : 'occurrences'} so far.`}
          </Text>
        </Alert>
      )}
      {task.pause && (
        <Alert color="yellow" icon={<IconPlayerPause />} title="Its task is paused">
          <Text size="sm">{task.pause.reason}</Text>
          <Text size="sm">
            No schedule of{' '}
            <Anchor component={Link} href={`/tasks/${encodeURIComponent(task.key)}`} inherit>
              {task.key}
            </Anchor>{' '}
            fires. By {task.pause.by.name ?? task.pause.by.id}, <Instant at={task.pause.since} zone={zone} size="sm" />
            {task.pause.until !== null && (
              <>
                , until <Instant at={task.pause.until} zone={zone} as="both" size="sm" />
              </>
            )}
            .
          </Text>
        </Alert>
      )}
      {task.state === 'UNAVAILABLE' && (
        <Alert color="orange" icon={<IconAlertTriangle />} title="No worker can run it">
          No live worker has the code of {task.key}: what is due waits, and is missed when it waits too long.
        </Alert>
      )}
      {consecutiveFailures > 0 && (
        <Alert
          color="red"
          icon={<IconAlertTriangle />}
          title={consecutiveFailures === 1 ? 'The last run failed' : `The last ${consecutiveFailures} runs failed`}
        >
          {pauseAfterFailures === null
            ? 'It goes on all the same: no number of failures is set after which it is paused.'
            : `After ${pauseAfterFailures} in a row it is paused.`}
        </Alert>
      )}
    </>
  );
}
