import { Alert, Button, Group, Radio, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Client } from 'urql';
import { Dialog } from '../../parts/Dialog.tsx';
import type { MisfireMode } from '../../api/schema.generated.ts';
import { useAct } from '../../api/useAct.ts';
import { sayDone } from '../../parts/toasts.tsx';
import { AT_ONCE, inBatches } from './bulk.ts';
import { heldText } from './held.ts';
import { HeldBackDocument, ResumeSelectedDocument } from './schedules.generated.ts';
import { ask } from './source.ts';
import type { Target } from './targets.ts';
import { nounOf } from './targets.ts';

const MODES: readonly { value: MisfireMode; label: string; words: string }[] = [
  {
    value: 'SKIP',
    label: 'Let it pass',
    words: 'What was held back does not run. The ledger has it as paused. Right when only the newest state counts.',
  },
  {
    value: 'FIRE_ONCE',
    label: 'Run the latest once',
    words:
      'Of each schedule one run, for the latest occurrence; the ledger has the others as coalesced. Right for what catches up by itself, such as a sync.',
  },
  {
    value: 'FIRE_ALL',
    label: 'Run all of them',
    words:
      'Each occurrence gets its run, the oldest first, as many of the newest as the schedule’s catch-up limit allows. Right when each one counts, such as daily bills.',
  },
];

interface ResumeDialogProps {
  target: Target;
  client: Client;
  onClose(done: boolean): void;
}

/** Asks what becomes of what was held back, and says how much that is. */
export function ResumeDialog({ target, client, onClose }: ResumeDialogProps) {
  const act = useAct();
  const [mode, setMode] = useState<MisfireMode>('SKIP');
  const [reason, setReason] = useState('');
  const [held, setHeld] = useState<string | null>(null);
  const [busy, setBusy] = useState<string | null>(null);
  const [fault, setFault] = useState<string | null>(null);

  useEffect(() => {
    let gone = false;
    const look = async () => {
      const ids = (await target.choices()).slice(0, AT_ONCE).map(({ id }) => id);
      const { nodes } = await ask(client, HeldBackDocument, { ids });
      if (gone) return;
      const looked = nodes.filter((node) => node?.__typename === 'Schedule');
      setHeld(heldText(looked, target.count));
    };
    look().catch(() => gone || setHeld('How much was held back could not be read.'));
    return () => {
      gone = true;
    };
  }, [target, client]);

  async function resume() {
    setBusy('Looking up which ones …');
    try {
      const ids = (await target.choices()).map(({ id }) => id);
      const result = await inBatches(
        ids,
        (batch) =>
          act(
            ResumeSelectedDocument,
            { input: { select: { ids: batch }, misfire: mode, reason: reason.trim() === '' ? null : reason.trim() } },
            'resumeSchedules',
          ),
        (done) => setBusy(`${done} of ${ids.length}`),
      );
      if (result.fault === null) {
        sayDone(`${nounOf(result.done)} resumed`);
        onClose(true);
      } else setFault(result.fault);
    } catch {
      setFault('The server cannot be reached. Nothing was changed.');
    }
    setBusy(null);
  }

  return (
    <Dialog onClose={() => onClose(false)} title={`Resume ${target.title}`} centered>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (busy === null) void resume();
        }}
      >
        <Stack>
          {held === null ? <Skeleton h={22} w="70%" /> : <Text size="sm">{held}</Text>}
          <Radio.Group
            label="What becomes of the occurrences that passed meanwhile"
            value={mode}
            onChange={(value) => setMode(value as MisfireMode)}
          >
            <Stack gap="sm" mt="xs">
              {MODES.map(({ value, label, words }) => (
                <Radio key={value} value={value} label={label} description={words} />
              ))}
            </Stack>
          </Radio.Group>
          <TextInput
            label="Reason"
            description="Others read it in the history. May be left empty."
            maxLength={2000}
            value={reason}
            onChange={(event) => setReason(event.currentTarget.value)}
          />
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
            <Button type="submit" loading={busy !== null}>
              Resume
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
