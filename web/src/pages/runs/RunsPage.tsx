import { Anchor, Button, Group, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useMemo, useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import type { LiveAnswer } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { useFilters } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE } from '../../time/format.ts';
import { CancelAll } from './CancelAll.tsx';
import { FilterBar } from './FilterBar.tsx';
import { RunsTable } from './RunsTable.tsx';
import { concerns, filterCount, filterOf } from './runFilters.ts';
import { RunsCountDocument, RunsDocument } from './runs.generated.ts';
import type { RunsQuery } from './runs.generated.ts';
import './runs.css';

const PAGE = 50;
/** Counting reads more than a page does. */
const COUNT_MS = 10_000;

/** All runs, the newest first. */
export default function RunsPage() {
  const [search, change] = useFilters();
  const { clockOffset } = useSession();
  const minute = useNow(60_000) + clockOffset;
  const text = search.toString();
  const filter = useMemo(() => filterOf(new URLSearchParams(text), minute), [text, minute]);
  const filtered = filterCount(search) > 0;
  const after = search.get('after');
  const before = search.get('before');
  const variables = before !== null ? { last: PAGE, before, filter } : { first: PAGE, after, filter };
  const newest = after === null && before === null;

  const live: LiveAnswer<RunsQuery> = useLive({
    query: RunsDocument,
    variables,
    holds: true,
    on: (event) =>
      event.of === 'run' &&
      (live.data?.runs.nodes.some(({ id }) => id === event.id) === true || (newest && concerns(filter, event))),
  });
  const counted = useLive({ query: RunsCountDocument, variables: { filter }, on: () => false, every: COUNT_MS, holds: true });

  // What was shown before stays, paler, until the answer to another question has come: nothing jumps. A range that has moved on by
  // a minute is no other question.
  const [answered, setAnswered] = useState(text);
  if (live.data !== undefined && !live.held && answered !== text) setAnswered(text);
  const stale = live.held && answered !== text;
  const { pageInfo, nodes } = live.data?.runs ?? {};
  const failed = live.error !== undefined && (stale || live.data === undefined);
  const empty = !stale && nodes?.length === 0;
  const [countedFor, setCountedFor] = useState(text);
  if (counted.data !== undefined && !counted.held && countedFor !== text) setCountedFor(text);
  const total = counted.held && countedFor !== text ? undefined : counted.data?.runs;

  return (
    <>
      <PageHead
        title="Runs"
        hint={`Every execution of a task, the newest occurrence first. Times are those of ${BROWSER_ZONE}.`}
        actions={<CancelAll filter={filter} filtered={filtered} />}
      />
      <FilterBar search={search} change={change} />
      {failed && live.error && <ErrorNotice error={live.error} retry={live.reread} />}
      {!failed && !empty && <RunsTable runs={nodes} stale={stale} />}
      {empty &&
        (filtered ? (
          <EmptyState
            title="No run matches"
            action={
              <Anchor
                component="button"
                onClick={() => change(Object.fromEntries([...search.keys()].map((name) => [name, null])))}
              >
                Show all runs
              </Anchor>
            }
          >
            Take a filter away, or widen the time.
          </EmptyState>
        ) : (
          <EmptyState title="No run yet">
            A run appears here when a schedule fires, or when somebody triggers a task. Those that ended long ago are removed by
            the retention.
          </EmptyState>
        ))}
      <Group justify="space-between" mt="sm" mih={36} component="nav" aria-label="Pages">
        <Text size="sm" c="dimmed">
          {total && countText(total, filtered)}
        </Text>
        <Group gap="xs">
          {!newest && (
            <Button variant="subtle" size="sm" onClick={() => change({ after: null, before: null })}>
              Newest
            </Button>
          )}
          <Button
            variant="default"
            size="sm"
            leftSection={<IconChevronLeft size={16} />}
            disabled={newest || pageInfo?.hasPreviousPage !== true}
            onClick={() => change({ before: pageInfo?.startCursor ?? null, after: null })}
          >
            Newer
          </Button>
          <Button
            variant="default"
            size="sm"
            rightSection={<IconChevronRight size={16} />}
            disabled={pageInfo?.hasNextPage !== true}
            onClick={() => change({ after: pageInfo?.endCursor ?? null, before: null })}
          >
            Older
          </Button>
        </Group>
      </Group>
    </>
  );
}

function countText(
  { totalCount, totalCountCapped }: { totalCount: number; totalCountCapped: boolean },
  filtered: boolean,
): string {
  const count = `${totalCountCapped ? 'More than ' : ''}${totalCount.toLocaleString('en')} ${totalCount === 1 ? 'run' : 'runs'}`;
  return filtered ? `${count} ${totalCount === 1 && !totalCountCapped ? 'matches' : 'match'}` : count;
}
