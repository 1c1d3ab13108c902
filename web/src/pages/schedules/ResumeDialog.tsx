import { Skeleton, Text } from '@mantine/core';
import { useEffect, useState } from 'react';
import type { Client } from 'urql';
import type { MisfireMode } from '../../api/schema.generated.ts';
import { useAct } from '../../api/useAct.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { MisfireChoice } from '../../parts/MisfireChoice.tsx';
import { ReasonField, givenReason } from '../../parts/ReasonField.tsx';
import { AT_ONCE } from './bulk.ts';
import { heldText } from './held.ts';
import { HeldBackDocument, ResumeSelectedDocument } from './schedules.generated.ts';
import { ask } from './source.ts';
import type { Target } from './targets.ts';
import { useBulk } from './useBulk.ts';

interface ResumeDialogProps {
  target: Target;
  client: Client;
  onClose(done: boolean): void;
}

/** Asks what becomes of what was held back, and says how much that is. */
export function ResumeDialog({ target, client, onClose }: ResumeDialogProps) {
  const act = useAct();
  const bulk = useBulk(target);
  const [misfire, setMisfire] = useState<MisfireMode>('SKIP');
  const [reason, setReason] = useState('');
  const [held, setHeld] = useState<string | null>(null);

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

  return (
    <FormDialog
      title={`Resume ${target.title}`}
      confirm="Resume"
      cancel="Cancel"
      size="md"
      ready
      status={bulk.status}
      onClose={() => onClose(bulk.done())}
      onConfirm={() =>
        bulk.run('resumed', (ids) => {
          const input = { select: { ids }, misfire, reason: givenReason(reason) };
          return act(ResumeSelectedDocument, { input }, 'resumeSchedules');
        })
      }
    >
      {held === null ? <Skeleton h={22} w="70%" /> : <Text size="sm">{held}</Text>}
      <MisfireChoice
        label="What becomes of the occurrences that passed meanwhile"
        value={misfire}
        onChange={setMisfire}
        most={null}
      />
      <ReasonField value={reason} onChange={setReason} />
    </FormDialog>
  );
}
