import { Text } from '@mantine/core';
import { useState } from 'react';
import type { MisfireMode } from '../../../api/schema.generated.ts';
import { faultText, useAct } from '../../../api/useAct.ts';
import { sayDone } from '../../../parts/toasts.tsx';
import { ResumeScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { FormDialog } from '../../../parts/FormDialog.tsx';
import { ReasonField, givenReason } from '../../../parts/ReasonField.tsx';
import { MisfireChoice } from '../../../parts/MisfireChoice.tsx';

/** Lets it go on, and decides about what passed meanwhile. */
export function ResumeDialog({ schedule, onClose }: { schedule: ShownSchedule; onClose(): void }) {
  const act = useAct();
  const { id, name, pendingOccurrences: held, task } = schedule;
  const [misfire, setMisfire] = useState<MisfireMode>('SKIP');
  const [reason, setReason] = useState('');
  const passed =
    held === null
      ? 'More than 10,000 occurrences have passed meanwhile.'
      : held === 0
        ? 'No occurrence has passed meanwhile.'
        : held === 1
          ? 'One occurrence has passed meanwhile.'
          : `${held} occurrences have passed meanwhile.`;
  return (
    <FormDialog
      title="Resume it"
      confirm="Resume"
      ready
      onClose={onClose}
      onConfirm={async () => {
        const input = { select: { ids: [id] }, misfire, reason: givenReason(reason) };
        const outcome = await act(ResumeScheduleDocument, { input }, 'resumeSchedules');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Resumed', name);
        return null;
      }}
    >
      <MisfireChoice
        label={passed}
        value={misfire}
        onChange={setMisfire}
        most={schedule.misfire.maxCatchupRuns}
        blocked={task.pause !== null}
      />
      {task.pause !== null && (
        <Text size="sm">Its task {task.key} is paused as well: nothing can be made up for while it is.</Text>
      )}
      <ReasonField value={reason} onChange={setReason} />
    </FormDialog>
  );
}
