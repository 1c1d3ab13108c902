import { Text } from '@mantine/core';
import { faultText, useAct } from '../../../api/useAct.ts';
import { ReasonDialog } from '../../../parts/ReasonDialog.tsx';
import { sayDone } from '../../../parts/toasts.tsx';
import { formatInstant } from '../../../time/format.ts';
import type { LedgerItem } from '../ledgerRows.ts';
import { SkipOccurrenceDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';

/** Takes a planned occurrence out, or a skip back. */
export function SkipDialog({ schedule, item, onClose }: { schedule: ShownSchedule; item: LedgerItem; onClose(): void }) {
  const act = useAct();
  const undo = item.verdict === 'SKIPPED_BY_USER';
  const at = `${formatInstant(Date.parse(item.scheduledFor), schedule.timeZone)} ${schedule.timeZone}`;
  return (
    <ReasonDialog
      title={undo ? 'Let it run after all?' : 'Skip this occurrence?'}
      confirm={undo ? 'Take the skip back' : 'Skip it'}
      required
      onClose={onClose}
      onConfirm={async (reason) => {
        const input = { ref: { id: schedule.id }, scheduledFor: item.scheduledFor, reason, undo };
        const outcome = await act(SkipOccurrenceDocument, { input }, 'skipOccurrence');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone(undo ? 'It is planned again' : 'It is skipped', at);
        return null;
      }}
    >
      <Text size="sm">
        {undo ? `${at} fires again when it comes.` : `${at} passes without a run; all others stay as they are.`}
      </Text>
    </ReasonDialog>
  );
}
