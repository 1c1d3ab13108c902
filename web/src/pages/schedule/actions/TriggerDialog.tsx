import { Select, Text } from '@mantine/core';
import { useState } from 'react';
import type { OverlapPolicy } from '../../../api/schema.generated.ts';
import { newKey } from '../../../api/wishKey.ts';
import { faultText, useAct } from '../../../api/useAct.ts';
import { sayDone } from '../../../parts/toasts.tsx';
import { OVERLAP_WORDS } from '../policyWords.ts';
import { TriggerScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { FormDialog } from '../../../parts/FormDialog.tsx';
import { ReasonField, givenReason } from '../../../parts/ReasonField.tsx';
import { faultsOf } from '../../../parts/faults.ts';
import { sameJson } from '../../../parts/path.ts';
import { RunInput, useRunInput } from '../../../form/RunInput.tsx';

/** Runs it at once, with its own input or another. */
export function TriggerDialog({ schedule, onClose }: { schedule: ShownSchedule; onClose(): void }) {
  const act = useAct();
  const { form, input, whole } = useRunInput(schedule.input ?? null);
  const changed = !sameJson(input, schedule.input ?? null);
  const [overlap, setOverlap] = useState<OverlapPolicy>(schedule.overlapPolicy);
  const [reason, setReason] = useState('');
  const [key] = useState(() => newKey());
  return (
    <FormDialog
      title="Trigger it now"
      confirm="Trigger"
      ready={whole}
      noValidate
      onClose={onClose}
      onConfirm={async () => {
        const wish = {
          ref: { id: schedule.id },
          ...(changed && { input }),
          ...(overlap !== schedule.overlapPolicy && { overlapPolicy: overlap }),
          reason: givenReason(reason),
        };
        const outcome = await act(TriggerScheduleDocument, { input: { ...wish, idempotencyKey: key(wish) } }, 'triggerSchedule');
        if (!outcome.ok) {
          const faults = faultsOf(outcome.faults);
          form.refuse(faults);
          return faultText(faults);
        }
        sayDone('Triggered', 'Its run stands first under Runs.');
        return null;
      }}
    >
      <Text size="sm">
        It runs once, at once, outside of the schedule: the next time stays what it is, and it does not count towards a limit of
        runs.
      </Text>
      <RunInput
        form={form}
        task={schedule.task}
        description={changed ? "Another one than the schedule's, for this run only." : "The schedule's own."}
      />
      <Select
        label="While a run of it has not ended"
        data={Object.entries(OVERLAP_WORDS).map(([value, words]) => ({
          value,
          label: `${words}${value === schedule.overlapPolicy ? ' (as the schedule says)' : ''}`,
        }))}
        value={overlap}
        onChange={(value) => value !== null && setOverlap(value as OverlapPolicy)}
        allowDeselect={false}
      />
      <ReasonField value={reason} onChange={setReason} first={schedule.task.inputSchema === null} />
    </FormDialog>
  );
}
