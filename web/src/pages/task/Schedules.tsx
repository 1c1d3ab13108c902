import { Anchor } from '@mantine/core';
import { Link } from 'wouter';
import { EmptyState } from '../../parts/Notices.tsx';
import { Panel } from '../../parts/Panel.tsx';
import { ScheduleTable } from '../../parts/ScheduleTable.tsx';
import type { ShownTask } from './TaskPage.tsx';

/** The first of the schedules that run it, and where all of them are. */
export function Schedules({ task }: { task: ShownTask }) {
  const { nodes, totalCount } = task.schedules;
  return (
    <Panel
      title={totalCount === 0 ? 'Schedules' : `Schedules (${totalCount})`}
      actions={
        totalCount > nodes.length && (
          <Anchor component={Link} href={`/schedules?task=${encodeURIComponent(task.key)}`} size="sm">
            All {totalCount}
          </Anchor>
        )
      }
    >
      {nodes.length === 0 ? (
        <EmptyState title="No schedule runs it">
          A schedule says when it is to run. It can be triggered by hand at any time.
        </EmptyState>
      ) : (
        <ScheduleTable schedules={nodes} />
      )}
    </Panel>
  );
}
