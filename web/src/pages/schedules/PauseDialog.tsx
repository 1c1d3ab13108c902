import { Alert, Button, Group, Stack, Text, TextInput } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../../parts/Dialog.tsx';
import { useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { pauseEnd } from '../../parts/pauseEnd.ts';
import { sayDone } from '../../parts/toasts.tsx';
import { UntilField } from '../../parts/UntilField.tsx';
import { BROWSER_ZONE } from '../../time/format.ts';
import { inBatches } from './bulk.ts';
import { PauseSelectedDocument } from './schedules.generated.ts';
import type { Target } from './targets.ts';
import { nounOf } from './targets.ts';

interface ActDialogProps {
  target: Target;
  /** @param done  something was changed */
  onClose(done: boolean): void;
}

/** Asks why and until when. */
export function PauseDialog({ target, onClose }: ActDialogProps) {
  const act = useAct();
  const { clockOffset } = useSession();
  const [reason, setReason] = useState('');
  const [until, setUntil] = useState('');
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  const end = pauseEnd(until, BROWSER_ZONE, Date.now() + clockOffset);
  const ready = reason.trim() !== '' && end.fault === null;

  async function pause() {
    setBusy('Looking up which ones …');
    try {
      const ids = (await target.choices()).map(({ id }) => id);
      const result = await inBatches(
        ids,
        (batch) =>
          act(
            PauseSelectedDocument,
            { input: { select: { ids: batch }, reason: reason.trim(), until: end.until } },
            'pauseSchedules',
          ),
        (done) => setBusy(`${done} of ${ids.length}`),
      );
      if (result.fault === null) {
        sayDone(`${nounOf(result.done)} paused`);
        onClose(true);
      } else setFault(result.fault);
    } catch {
      setFault('The server cannot be reached. Nothing was changed.');
    }
    setBusy(null);
  }

  return (
    <Dialog onClose={() => onClose(false)} title={`Pause ${target.title}`} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && busy === null) void pause();
        }}
      >
        <Stack>
          <Text size="sm">
            {target.count === 1 ? 'It does' : 'They do'} not fire until the pause ends; what is queued or runs goes on. What
            passes meanwhile is kept in the ledger, and can be made up for when somebody resumes{' '}
            {target.count === 1 ? 'it' : 'them'}.
          </Text>
          <TextInput
            label="Reason"
            description="Others read it beside the schedule and in the history."
            required
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          <UntilField zone={BROWSER_ZONE} value={until} onChange={setUntil} fault={end.fault} />
          {until !== '' && (
            <Text size="sm" c="dimmed">
              It ends by itself then, and nothing that passed meanwhile is made up for.
            </Text>
          )}
          {fault !== null && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Group justify="flex-end">
            {busy !== null && (
              <Text size="sm" c="dimmed" role="status">
                {busy}
              </Text>
            )}
            <Button variant="default" onClick={() => onClose(false)}>
              Cancel
            </Button>
            <Button type="submit" disabled={!ready} loading={busy !== null}>
              Pause
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
