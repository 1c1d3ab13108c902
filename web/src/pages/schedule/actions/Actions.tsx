import { Group, Text } from '@mantine/core';
import {
  IconCopy,
  IconEdit,
  IconHistory,
  IconPlayerPause,
  IconPlayerPlay,
  IconPlayerTrackNext,
  IconTrash,
} from '@tabler/icons-react';
import { useState } from 'react';
import { faultText, useAct } from '../../../api/useAct.ts';
import { MayButton } from '../../../parts/MayButton.tsx';
import { ReasonDialog } from '../../../parts/ReasonDialog.tsx';
import { sayDone } from '../../../parts/toasts.tsx';
import { navigate, useFilters } from '../../../shell/location.ts';
import { DeleteScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { BackfillDialog } from './BackfillDialog.tsx';
import { blockedBy } from './blocked.ts';
import { PauseDialog } from './PauseDialog.tsx';
import { ResumeDialog } from './ResumeDialog.tsx';
import { TriggerDialog } from './TriggerDialog.tsx';

type Dialog = 'trigger' | 'pause' | 'resume' | 'backfill' | 'delete';

/** What can be done with it; what cannot be done now says why. */
export function Actions({ schedule }: { schedule: ShownSchedule }) {
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const [, setFilters] = useFilters();
  const close = () => setDialog(null);
  const blocked = blockedBy(schedule);
  const paused = schedule.state === 'PAUSED';
  const props = { schedule, onClose: close };
  return (
    <Group gap="xs" role="group" aria-label="Actions">
      <MayButton
        role="OPERATOR"
        size="xs"
        leftSection={<IconPlayerPlay size={14} aria-hidden />}
        blocked={blocked.trigger}
        onClick={() => setDialog('trigger')}
      >
        Trigger
      </MayButton>
      {paused && (
        <MayButton
          role="OPERATOR"
          size="xs"
          variant="light"
          leftSection={<IconPlayerTrackNext size={14} aria-hidden />}
          onClick={() => setDialog('resume')}
        >
          Resume
        </MayButton>
      )}
      <MayButton
        role="OPERATOR"
        size="xs"
        variant="default"
        leftSection={<IconPlayerPause size={14} aria-hidden />}
        blocked={blocked.pause}
        onClick={() => setDialog('pause')}
      >
        {paused ? 'Change the pause' : 'Pause'}
      </MayButton>
      <MayButton
        role="OPERATOR"
        size="xs"
        variant="default"
        leftSection={<IconHistory size={14} aria-hidden />}
        blocked={blocked.backfill}
        onClick={() => setDialog('backfill')}
      >
        Backfill
      </MayButton>
      <MayButton
        role="EDITOR"
        size="xs"
        variant="default"
        leftSection={<IconEdit size={14} aria-hidden />}
        blocked={blocked.edit}
        onClick={() => navigate(`/schedules/${schedule.id}/edit`)}
      >
        Edit
      </MayButton>
      <MayButton
        role="EDITOR"
        size="xs"
        variant="default"
        leftSection={<IconCopy size={14} aria-hidden />}
        onClick={() => navigate(`/schedules/new?from=${schedule.id}`)}
      >
        Duplicate
      </MayButton>
      <MayButton
        role="EDITOR"
        size="xs"
        variant="default"
        c="var(--mantine-color-error)"
        leftSection={<IconTrash size={14} aria-hidden />}
        blocked={blocked.edit}
        onClick={() => setDialog('delete')}
      >
        Delete
      </MayButton>
      {dialog === 'trigger' && <TriggerDialog {...props} />}
      {dialog === 'pause' && <PauseDialog {...props} />}
      {dialog === 'resume' && <ResumeDialog {...props} />}
      {dialog === 'backfill' && <BackfillDialog {...props} onBegun={(id) => setFilters({ backfill: id })} />}
      {dialog === 'delete' && <DeleteDialog {...props} />}
    </Group>
  );
}

function DeleteDialog({ schedule, onClose }: { schedule: ShownSchedule; onClose(): void }) {
  const act = useAct();
  return (
    <ReasonDialog
      title="Delete this schedule?"
      confirm="Delete it"
      color="red"
      typed={schedule.name}
      onClose={onClose}
      onConfirm={async (reason) => {
        const input = { ref: { id: schedule.id }, expectedVersion: schedule.version, reason: reason === '' ? null : reason };
        const outcome = await act(DeleteScheduleDocument, { input }, 'deleteSchedule');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Deleted', schedule.name);
        navigate('/schedules', { replace: true });
        return null;
      }}
    >
      <Text size="sm">
        It fires no more. Runs that wait are canceled, runs under way finish, its history stays. This cannot be undone.
      </Text>
    </ReasonDialog>
  );
}
