import { Alert, Anchor, Badge, Code, Grid, Group, Skeleton, Stack, Text } from '@mantine/core';
import { IconPlayerPauseFilled } from '@tabler/icons-react';
import { Link, Redirect } from 'wouter';
import { useQuery } from 'urql';
import { useMay, useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { Facts } from '../../parts/Facts.tsx';
import { JsonView } from '../../parts/JsonView.tsx';
import { LabelChips } from '../../parts/LabelChips.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { Panel } from '../../parts/Panel.tsx';
import { retryWords } from '../../parts/retryWords.ts';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { TASK_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { formatDuration } from '../../time/format.ts';
import { InputSchema } from './InputSchema.tsx';
import { LastRuns } from './LastRuns.tsx';
import { Schedules } from './Schedules.tsx';
import { TaskActions } from './TaskActions.tsx';
import { TaskByIdDocument, TaskPageDocument } from './task.generated.ts';
import type { TaskPageQuery } from './task.generated.ts';
import { concurrencyWords, kindWords, retentionWords } from './words.ts';
import { Workers } from './Workers.tsx';

export type ShownTask = NonNullable<TaskPageQuery['task']>;

/** One task: what it is, who runs it, what runs it, and how that went. */
export default function TaskPage({ name = '' }: Record<string, string>) {
  const key = decodeURIComponent(name);
  const operator = useMay('OPERATOR');
  const { viewer } = useSession();
  const { data, error, reread } = useLive({
    query: TaskPageDocument,
    variables: { key, operator, known: viewer.actor.kind !== 'ANONYMOUS' },
    on: ({ of }) => of === 'task' || of === 'schedule',
    every: 15_000,
  });
  if (!data && error)
    return (
      <>
        <PageHead title={key} />
        <ErrorNotice error={error} retry={reread} />
      </>
    );
  if (!data) return <PageSkeleton title={key} />;
  if (!data.task) return <NotByKey name={key} />;
  const { task } = data;
  return (
    <>
      <PageHead
        title={task.name}
        hint={
          <Stack gap={6} mt={2}>
            <Group gap={6}>
              <Code>{task.key}</Code>
              <CopyButton text={task.key} label="Copy the key" />
              <StateBadge look={TASK_LOOKS[task.state]} />
              <Badge variant="default" size="sm" radius="sm" tt="none" fw={500}>
                {task.kind === 'HTTP' ? 'HTTP' : 'Code'}
              </Badge>
              {task.pause && <StateBadge look={{ color: 'yellow', word: 'Paused' }} />}
            </Group>
            {task.description !== null && <Text size="sm">{task.description}</Text>}
          </Stack>
        }
        actions={<TaskActions task={task} />}
      />
      <Stack>
        {task.pause && <PauseNotice pause={task.pause} />}
        {task.state === 'UNAVAILABLE' && (
          <Alert color="orange" title="No worker has it">
            {task.kind === 'HTTP'
              ? 'No worker is alive that could send its request. What is due waits until one starts.'
              : task.scope === 'LOCAL'
                ? 'No live worker has its code. What is due meanwhile is missed.'
                : 'No live worker has its code. What is due waits until one with the code starts; the task can be deleted when it is gone for good.'}
          </Alert>
        )}
        <Grid gap="md">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <Stack>
              <LastRuns taskKey={task.key} />
              <Schedules task={task} />
            </Stack>
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <Stack>
              <Definition task={task} />
              {task.http && <Request http={task.http} operator={operator} />}
              {task.kind === 'CODE' && (
                <Panel title="Input">
                  <InputSchema schema={task.inputSchema} />
                </Panel>
              )}
              <Workers task={task} />
            </Stack>
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}

function PauseNotice({ pause }: { pause: NonNullable<ShownTask['pause']> }) {
  return (
    <Alert color="yellow" icon={<IconPlayerPauseFilled />} title="Paused: none of its schedules fires">
      <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
        {pause.reason}
      </Text>
      <Text size="sm" c="dimmed">
        By {pause.by.name ?? pause.by.id}, <Instant at={pause.since} />
        {pause.until === null ? (
          '; until somebody resumes it.'
        ) : (
          <>
            ; goes on by itself <Instant at={pause.until} as="both" />.
          </>
        )}
      </Text>
    </Alert>
  );
}

function Definition({ task }: { task: ShownTask }) {
  const { execution } = task;
  return (
    <Panel title="Definition">
      <Facts
        items={[
          ['Kind', kindWords(task)],
          [
            'Group',
            <Anchor key="group" component={Link} href={`/tasks?group=${encodeURIComponent(task.group)}`} size="sm">
              {task.group}
            </Anchor>,
          ],
          ['Labels', task.labels.length > 0 && <LabelChips labels={task.labels} />],
          ['Time limit', `${formatDuration(execution.timeout)} for each attempt`],
          ['Retries', retryWords(execution)],
          ['Concurrency', concurrencyWords(execution)],
          ['Priority', execution.priority === 0 ? '0, as most' : `${execution.priority}`],
          ['Runs are kept', retentionWords(task.retention)],
          ['After a start', task.initialDelay !== null && `a worker takes none for ${formatDuration(task.initialDelay)}`],
          ['Known since', <Instant key="since" at={task.registeredAt} as="short" />],
        ]}
      />
    </Panel>
  );
}

function Request({ http, operator }: { http: NonNullable<ShownTask['http']>; operator: boolean }) {
  const headers = Object.entries(http.headers ?? {});
  return (
    <Panel title="Request">
      <Facts
        items={[
          [
            'Sends',
            <span key="url" className="mono">
              <b>{http.method}</b> {http.url}
            </span>,
          ],
          [
            'Headers',
            !operator
              ? 'Shown to the role OPERATOR and up: they may carry secrets.'
              : headers.length > 0 && (
                  <Stack gap={2}>
                    {headers.map(([header, value]) => (
                      <span key={header} className="mono">
                        {header}: {String(value)}
                      </span>
                    ))}
                  </Stack>
                ),
          ],
          [
            'Secret headers',
            http.secretHeaders.length > 0 && (
              <Stack gap={2}>
                {http.secretHeaders.map((header) => (
                  <span key={header} className="mono">
                    {header}: ••••••
                  </span>
                ))}
              </Stack>
            ),
          ],
          ['Signed', http.signed && 'yes, by Standard Webhooks (webhook-id, webhook-timestamp, webhook-signature)'],
          ['Succeeds with', `status ${http.successStatuses}`],
        ]}
      />
      {http.body !== undefined && http.body !== null && (
        <Stack gap={4} mt="sm">
          <Text size="sm" c="dimmed">
            Body, unless the run has an input
          </Text>
          <JsonView value={http.body} name="Body" />
        </Stack>
      )}
    </Panel>
  );
}

/** A link may have named it by its id; else there is none. */
function NotByKey({ name }: { name: string }) {
  const byId = /^task_[0-9a-f]+$/.test(name);
  const [{ data, fetching }] = useQuery({ query: TaskByIdDocument, variables: { id: name }, pause: !byId });
  if (byId && fetching) return <PageSkeleton title={name} />;
  if (data?.task) return <Redirect to={`/tasks/${encodeURIComponent(data.task.key)}`} replace />;
  return (
    <>
      <PageHead title={name} />
      <EmptyState
        title="There is no such task"
        action={
          <Anchor component={Link} href="/tasks">
            To all tasks
          </Anchor>
        }
      >
        It may have been deleted, or its key is another one. Its runs are still there under Runs.
      </EmptyState>
    </>
  );
}

const PageSkeleton = ({ title }: { title: string }) => (
  <>
    <PageHead title={title} hint={<Skeleton h={22} w={260} mt={4} />} />
    <Grid gap="md">
      <Grid.Col span={{ base: 12, lg: 7 }}>
        <Stack>
          <Skeleton h={420} />
          <Skeleton h={160} />
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, lg: 5 }}>
        <Stack>
          <Skeleton h={340} />
          <Skeleton h={160} />
        </Stack>
      </Grid.Col>
    </Grid>
  </>
);
