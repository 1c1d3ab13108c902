import { Radio, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { MisfireMode } from '../../../api/schema.generated.ts';
import { faultText, useAct } from '../../../api/useAct.ts';
import { sayDone } from '../../../parts/toasts.tsx';
import { ResumeScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { FormDialog } from '../../../parts/FormDialog.tsx';

const CHOICES = (most: number): readonly { value: MisfireMode; label: string; description: string }[] => [
  { value: 'SKIP', label: 'They do not run', description: 'The ledger has them as paused. It goes on with the next time.' },
  { value: 'FIRE_ONCE', label: 'The latest runs, once for all', description: 'The others are left to it.' },
  { value: 'FIRE_ALL', label: 'Each of them runs', description: `The oldest first, at most ${most} of the newest.` },
];

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
        const input = { select: { ids: [id] }, misfire, reason: reason.trim() === '' ? null : reason.trim() };
        const outcome = await act(ResumeScheduleDocument, { input }, 'resumeSchedules');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Resumed', name);
        return null;
      }}
    >
      <Radio.Group label={passed} value={misfire} onChange={(value) => setMisfire(value as MisfireMode)}>
        <Stack gap="xs" mt="xs">
          {CHOICES(schedule.misfire.maxCatchupRuns).map(({ value, label, description }) => (
            <Radio
              key={value}
              value={value}
              label={label}
              description={description}
              disabled={value !== 'SKIP' && task.pause !== null}
            />
          ))}
        </Stack>
      </Radio.Group>
      {task.pause !== null && (
        <Text size="sm">Its task {task.key} is paused as well: nothing can be made up for while it is.</Text>
      )}
      <TextInput
        label="Reason"
        description="Others read it in the history. May be left empty."
        value={reason}
        maxLength={2000}
        onChange={(event) => setReason(event.currentTarget.value)}
      />
    </FormDialog>
  );
}
