import { Text } from '@mantine/core';
import { useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { pauseEnd } from '../../parts/pauseEnd.ts';
import { ReasonField } from '../../parts/ReasonField.tsx';
import { UntilField } from '../../parts/UntilField.tsx';
import { BROWSER_ZONE } from '../../time/format.ts';
import { PauseSelectedDocument } from './schedules.generated.ts';
import type { Target } from './targets.ts';
import { useBulk } from './useBulk.ts';

interface ActDialogProps {
  target: Target;
  /** @param done  all of it was changed */
  onClose(done: boolean): void;
}

/** Asks why and until when. */
export function PauseDialog({ target, onClose }: ActDialogProps) {
  const act = useAct();
  const bulk = useBulk(target);
  const { clockOffset } = useSession();
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const end = pauseEnd(until, BROWSER_ZONE, Date.now() + clockOffset);
  const one = target.count === 1;
  return (
    <FormDialog
      title={`Pause ${target.title}`}
      confirm="Pause"
      cancel="Cancel"
      size="md"
      ready={reason.trim() !== '' && end.fault === null}
      status={bulk.status}
      onClose={() => onClose(bulk.done())}
      onConfirm={() =>
        bulk.run('paused', (ids) => {
          const input = { select: { ids }, reason: reason.trim(), until: end.until };
          return act(PauseSelectedDocument, { input }, 'pauseSchedules');
        })
      }
    >
      <Text size="sm">
        {one ? 'It does' : 'They do'} not fire until the pause ends; what is queued or runs goes on. What passes meanwhile is kept
        in the ledger, and can be made up for when somebody resumes {one ? 'it' : 'them'}.
      </Text>
      <ReasonField value={reason} onChange={setReason} required where="beside the schedule and in the history" first />
      <UntilField zone={BROWSER_ZONE} value={until} onChange={setUntil} fault={end.fault} />
      {until !== '' && (
        <Text size="sm" c="dimmed">
          It ends by itself then, and nothing that passed meanwhile is made up for.
        </Text>
      )}
    </FormDialog>
  );
}
