import { Text } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../../../api/session.tsx';
import { faultText, useAct } from '../../../api/useAct.ts';
import { sayDone } from '../../../parts/toasts.tsx';
import { PauseScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { wallOf } from '../../../time/wallClock.ts';
import { FormDialog } from '../../../parts/FormDialog.tsx';
import { ReasonField } from '../../../parts/ReasonField.tsx';
import { pauseEnd } from '../../../parts/pauseEnd.ts';
import { UntilField } from '../../../parts/UntilField.tsx';

/** Holds it back, with the reason that everybody reads, for a while or until somebody resumes it. */
export function PauseDialog({ schedule, onClose }: { schedule: ShownSchedule; onClose(): void }) {
  const act = useAct();
  const { clockOffset } = useSession();
  const { id, name, timeZone: zone, pause } = schedule;
  const [reason, setReason] = useState(pause?.reason ?? '');
  const [until, setUntil] = useState(pause?.until ? wallOf(Date.parse(pause.until), zone) : '');
  const end = pauseEnd(until, zone, Date.now() + clockOffset);
  return (
    <FormDialog
      title={pause ? 'Change the pause' : 'Pause it'}
      confirm={pause ? 'Change' : 'Pause'}
      ready={reason.trim() !== '' && end.fault === null}
      onClose={onClose}
      onConfirm={async () => {
        const input = {
          select: { ids: [id] },
          reason: reason.trim(),
          until: end.until,
        };
        const outcome = await act(PauseScheduleDocument, { input }, 'pauseSchedules');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Paused', name);
        return null;
      }}
    >
      <Text size="sm">What comes due meanwhile does not run, and stands in the ledger as paused. Runs under way go on.</Text>
      <ReasonField value={reason} onChange={setReason} required where="here and in the history" first />
      <UntilField zone={zone} value={until} onChange={setUntil} fault={end.fault} />
    </FormDialog>
  );
}
