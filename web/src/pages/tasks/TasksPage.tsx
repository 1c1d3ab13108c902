import {
  ActionIcon,
  Anchor,
  Badge,
  Button,
  Group,
  Select,
  Skeleton,
  Stack,
  Table,
  TagsInput,
  Text,
  TextInput,
  Tooltip,
  UnstyledButton,
} from '@mantine/core';
import { useDebouncedCallback } from '@mantine/hooks';
import { IconArrowDown, IconArrowUp, IconPlayerPauseFilled, IconPlus, IconSearch, IconX } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import type { TaskOrder, TaskOrderField } from '../../api/schema.generated.ts';
import { useLive } from '../../api/useLive.ts';
import bar from '../../parts/FilterBar.module.css';
import { LabelChips } from '../../parts/LabelChips.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { Pager } from '../../parts/Pager.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS, TASK_LOOKS } from '../../parts/states.ts';
import { navigate, useFilters } from '../../shell/location.ts';
import { Instant } from '../../time/Instant.tsx';
import { FILTERS, filterOf, labelTexts, orderOf, pageOf, sortAfter } from './taskFilters.ts';
import { TasksDocument } from './tasks.generated.ts';
import type { TasksQuery } from './tasks.generated.ts';

const FIRST_PAGE = { after: null, before: null } as const;

/** All tasks: what each is, how its last run went, and when it runs next. */
export default function TasksPage() {
  const [search, change] = useFilters();
  const filter = filterOf(search);
  const order = orderOf(search);
  const { data, error, held, reread } = useLive({
    query: TasksDocument,
    variables: { ...pageOf(search), filter, orderBy: order },
    on: ({ of }) => of === 'task',
    every: 15_000,
    // Nothing jumps while one types.
    holds: true,
  });
  const failed = error !== undefined && (held || !data);
  const tasks = failed ? undefined : data?.tasks;
  const set = (changes: Record<string, string | null>) => change({ ...changes, ...FIRST_PAGE });
  const clear = () => set(Object.fromEntries(FILTERS.map((name) => [name, null])));

  return (
    <>
      <PageHead
        title="Tasks"
        hint="What can be run: code that workers bring along, and HTTP requests that are made here. Schedules say when."
        actions={
          <MayButton role="EDITOR" leftSection={<IconPlus size={16} />} onClick={() => navigate('/tasks/_new')}>
            New HTTP task
          </MayButton>
        }
      />
      <Filters search={search} groups={[...new Set(tasks?.nodes.map(({ group }) => group))].toSorted()} set={set} clear={clear} />
      {failed && error && <ErrorNotice error={error} retry={reread} />}
      {!tasks && !error && <TaskSkeleton />}
      {!held &&
        tasks?.nodes.length === 0 &&
        (filter === null ? (
          <EmptyState title="No task yet">
            A code task is a file in the tasks folder of a worker and appears when that starts. An HTTP task is a request to send,
            made here or through the API.
          </EmptyState>
        ) : (
          <EmptyState
            title="No task matches"
            action={
              <Button variant="default" size="xs" onClick={clear}>
                Show all tasks
              </Button>
            }
          />
        ))}
      {tasks && tasks.nodes.length > 0 && (
        <div aria-busy={held}>
          <Table.ScrollContainer minWidth={1040}>
            <Table verticalSpacing={8} highlightOnHover>
              <Table.Thead>
                <Table.Tr>
                  <SortHead field="KEY" order={order} set={set}>
                    Task
                  </SortHead>
                  <Table.Th w={146}>State</Table.Th>
                  <Table.Th w={110}>Group</Table.Th>
                  <Table.Th>Labels</Table.Th>
                  <SortHead field="LAST_RUN_ENDED_AT" order={order} set={set} w={216}>
                    Last run
                  </SortHead>
                  <SortHead field="NEXT_FIRE_AT" order={order} set={set} w={130}>
                    Next fire
                  </SortHead>
                  <Table.Th w={92} ta="right">
                    Schedules
                  </Table.Th>
                  <Table.Th w={84} ta="right">
                    Workers
                  </Table.Th>
                </Table.Tr>
              </Table.Thead>
              <Table.Tbody>
                {tasks.nodes.map((task) => (
                  <TaskRow key={task.id} task={task} search={search} set={set} />
                ))}
              </Table.Tbody>
            </Table>
          </Table.ScrollContainer>
          <Pager
            words={['Previous', 'Next']}
            back={tasks.pageInfo.hasPreviousPage ? () => change({ before: tasks.pageInfo.startCursor, after: null }) : null}
            forth={tasks.pageInfo.hasNextPage ? () => change({ after: tasks.pageInfo.endCursor, before: null }) : null}
          >
            {tasks.totalCountCapped ? 'More than 10,000 tasks' : tasks.totalCount === 1 ? '1 task' : `${tasks.totalCount} tasks`}
          </Pager>
        </div>
      )}
    </>
  );
}

function TaskRow({
  task,
  search,
  set,
}: {
  task: TasksQuery['tasks']['nodes'][number];
  search: URLSearchParams;
  set(changes: Record<string, string | null>): void;
}) {
  const running = task.workers.reduce((sum, { runningCount }) => sum + runningCount, 0);
  return (
    <Table.Tr>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <Anchor component={Link} href={`/tasks/${encodeURIComponent(task.key)}`} fw={500} size="sm">
            {task.key}
          </Anchor>
          <Badge size="xs" variant="default" radius="sm" tt="none" fw={500} style={{ flexShrink: 0 }}>
            {task.kind === 'HTTP' ? 'HTTP' : task.scope === 'LOCAL' ? 'Code · all workers' : 'Code'}
          </Badge>
        </Group>
        {task.name !== task.key && (
          <Text size="xs" c="dimmed">
            {task.name}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={4}>
          <StateBadge look={TASK_LOOKS[task.state]} />
          {task.pause && (
            <Tooltip label={task.pause.reason} multiline maw={320} events={{ hover: true, focus: true, touch: true }}>
              <Badge
                tabIndex={0}
                size="sm"
                radius="sm"
                tt="none"
                color="yellow"
                variant="light"
                leftSection={<IconPlayerPauseFilled size={10} />}
              >
                Paused
              </Badge>
            </Tooltip>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Anchor
          component="button"
          size="sm"
          c="inherit"
          onClick={() => set({ group: task.group })}
          title={`Only group ${task.group}`}
        >
          {task.group}
        </Anchor>
      </Table.Td>
      <Table.Td>
        <LabelChips
          labels={task.labels}
          onPick={({ key, value }) =>
            set({ label: [...new Set([...labelTexts(search.get('label')), `${key}=${value}`])].join('\n') })
          }
        />
      </Table.Td>
      <Table.Td>
        {task.lastRun ? (
          <Group gap={6} wrap="nowrap">
            <Anchor
              style={{ flexShrink: 0, lineHeight: 0 }}
              component={Link}
              href={`/runs/${task.lastRun.id}`}
              underline="never"
              aria-label={`Last run of ${task.key}: ${RUN_LOOKS[task.lastRun.state].word}`}
            >
              <StateBadge look={RUN_LOOKS[task.lastRun.state]} />
            </Anchor>
            <Instant at={task.lastRun.scheduledFor} size="xs" c="dimmed" />
          </Group>
        ) : (
          <Text size="sm" c="dimmed">
            never
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Instant at={task.nextFireAt} size="sm" />
      </Table.Td>
      <Table.Td ta="right">
        <Text size="sm" c={task.schedules.totalCount === 0 ? 'dimmed' : 'inherit'}>
          {task.schedules.totalCount}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        <Text size="sm" c={task.workers.length === 0 ? 'var(--mantine-color-error)' : 'inherit'} className="nowrap">
          {task.workers.length}
          {running > 0 && ` · ${running} run`}
        </Text>
      </Table.Td>
    </Table.Tr>
  );
}

interface SortHeadProps {
  field: TaskOrderField;
  order: TaskOrder;
  set(changes: Record<string, string | null>): void;
  children: string;
  w?: number;
}

function SortHead({ field, order, set, children, w }: SortHeadProps) {
  const own = order.field === field;
  const Icon = order.direction === 'DESC' ? IconArrowDown : IconArrowUp;
  return (
    <Table.Th
      {...(w !== undefined && { w })}
      aria-sort={own ? (order.direction === 'DESC' ? 'descending' : 'ascending') : 'none'}
    >
      <UnstyledButton fw={700} fz="sm" onClick={() => set({ sort: sortAfter(order, field) })}>
        <Group gap={4} wrap="nowrap">
          {children}
          <Icon size={14} aria-hidden style={{ visibility: own ? 'visible' : 'hidden' }} />
        </Group>
      </UnstyledButton>
    </Table.Th>
  );
}

interface FiltersProps {
  search: URLSearchParams;
  /** Of what is shown: others can be typed. */
  groups: readonly string[];
  set(changes: Record<string, string | null>): void;
  clear(): void;
}

function Filters({ search, groups, set, clear }: FiltersProps) {
  const given = search.get('search') ?? '';
  const [words, setWords] = useState(given);
  const apply = useDebouncedCallback((text: string) => set({ search: text }), 250);
  useEffect(() => setWords(given), [given]);
  const group = search.get('group');
  const any = FILTERS.some((name) => search.get(name));
  return (
    <div className={bar['bar']} role="search">
      <TextInput
        label="Search"
        placeholder="Key, name, description or group"
        leftSection={<IconSearch size={16} />}
        value={words}
        maxLength={200}
        onChange={({ currentTarget }) => {
          setWords(currentTarget.value);
          apply(currentTarget.value);
        }}
        rightSection={
          words !== '' && (
            <ActionIcon variant="subtle" color="gray" aria-label="Empty the search" onClick={() => set({ search: null })}>
              <IconX size={14} />
            </ActionIcon>
          )
        }
      />
      <Select
        label="State"
        placeholder="Any"
        clearable
        clearButtonProps={{ 'aria-label': 'Any state' }}
        data={Object.entries(TASK_LOOKS).map(([value, { word }]) => ({ value, label: word }))}
        value={search.get('state')}
        onChange={(state) => set({ state })}
      />
      <Select
        label="Kind"
        placeholder="Any"
        clearable
        clearButtonProps={{ 'aria-label': 'Any kind' }}
        data={[
          { value: 'CODE', label: 'Code' },
          { value: 'HTTP', label: 'HTTP' },
        ]}
        value={search.get('kind')}
        onChange={(kind) => set({ kind })}
      />
      <Select
        label="Group"
        placeholder="Any"
        clearable
        searchable
        clearButtonProps={{ 'aria-label': 'Any group' }}
        data={[...new Set([...groups, ...(group === null ? [] : [group])])]}
        value={group}
        onChange={(next) => set({ group: next })}
      />
      <TagsInput
        label="Labels"
        placeholder={labelTexts(search.get('label')).length === 0 ? 'team=shop' : ''}
        splitChars={[',']}
        value={labelTexts(search.get('label'))}
        onChange={(labels) => set({ label: labels.join('\n') })}
      />
      {any && (
        <Button variant="subtle" onClick={clear}>
          Show all
        </Button>
      )}
    </div>
  );
}

const TaskSkeleton = () => (
  <Stack gap={12} mt="sm" aria-label="Loading" role="status">
    {Array.from({ length: 12 }, (_, index) => (
      <Skeleton key={index} h={40} />
    ))}
  </Stack>
);
