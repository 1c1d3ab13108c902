import { Button, Group, Text } from '@mantine/core';
import { MayButton } from '../../parts/MayButton.tsx';
import type { RowAct } from './ScheduleRow.tsx';
import { nounOf } from './targets.ts';
import { MOST_TRIGGERED } from './TriggerDialog.tsx';

interface BulkBarProps {
  count: number;
  total: number;
  /** All that match are selected, also those that come into view later. */
  all: boolean;
  filtered: boolean;
  selectAll(): void;
  clear(): void;
  act(what: Extract<RowAct, 'pause' | 'resume' | 'trigger'>): void;
}

/** What can be done with all that is selected. */
export function BulkBar({ count, total, all, filtered, selectAll, clear, act }: BulkBarProps) {
  const blocked = count > MOST_TRIGGERED ? `At most ${MOST_TRIGGERED} can be triggered at once.` : null;
  return (
    <Group gap="xs" role="group" aria-label="Selected schedules">
      <Text size="sm" fw={600} role="status">
        {count.toLocaleString('en')} selected
      </Text>
      {!all && count < total && (
        <Button variant="subtle" size="compact-sm" onClick={selectAll}>
          Select all {nounOf(total)}
          {filtered ? ' that match' : ''}
        </Button>
      )}
      <MayButton role="OPERATOR" size="compact-sm" variant="light" onClick={() => act('pause')}>
        Pause
      </MayButton>
      <MayButton role="OPERATOR" size="compact-sm" variant="light" onClick={() => act('resume')}>
        Resume
      </MayButton>
      <MayButton role="OPERATOR" size="compact-sm" variant="light" blocked={blocked} onClick={() => act('trigger')}>
        Trigger now
      </MayButton>
      <Button variant="subtle" color="gray" size="compact-sm" onClick={clear}>
        Clear
      </Button>
    </Group>
  );
}
