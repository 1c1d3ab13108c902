import { List, Text, TextInput } from '@mantine/core';
import { IconEdit, IconPlayerPause, IconPlayerPlay, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { faultText, useAct } from '../../api/useAct.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ReasonField } from '../../parts/ReasonField.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { pauseEnd } from '../../parts/pauseEnd.ts';
import { sayDone, sayFault } from '../../parts/toasts.tsx';
import { UntilField } from '../../parts/UntilField.tsx';
import { navigate } from '../../shell/location.ts';
import { BROWSER_ZONE } from '../../time/format.ts';
import { wallOf } from '../../time/wallClock.ts';
import { ResumeTaskDocument, DeleteTaskDocument, PauseTaskDocument } from './task.generated.ts';
import type { ShownTask } from './TaskPage.tsx';
import { TriggerTaskDialog } from './TriggerTaskDialog.tsx';

/** What can be done with a task. */
export function TaskActions({ task }: { task: ShownTask }) {
  const act = useAct();
  const [dialog, setDialog] = useState<'TRIGGER' | 'PAUSE' | 'DELETE' | null>(null);
  const [busy, setBusy] = useState(false);
  const close = () => setDialog(null);
  const { totalCount } = task.schedules;

  async function resume() {
    setBusy(true);
    const outcome = await act(ResumeTaskDocument, { task: { id: task.id } }, 'resumeTask');
    setBusy(false);
    if (outcome.ok) sayDone('Resumed', task.name);
    else sayFault('Not resumed', faultText(outcome.faults));
  }

  return (
    <>
      <MayButton
        role="OPERATOR"
        leftSection={<IconPlayerPlay size={16} />}
        blocked={task.pause ? 'It is paused: resume it first.' : null}
        onClick={() => setDialog('TRIGGER')}
      >
        Trigger
      </MayButton>
      <MayButton role="OPERATOR" variant="default" leftSection={<IconPlayerPause size={16} />} onClick={() => setDialog('PAUSE')}>
        {task.pause ? 'Change the pause' : 'Pause'}
      </MayButton>
      {task.pause && (
        <MayButton role="OPERATOR" variant="default" loading={busy} onClick={() => void resume()}>
          Resume
        </MayButton>
      )}
      <MayButton
        role="EDITOR"
        variant="default"
        leftSection={<IconEdit size={16} />}
        blocked={task.kind === 'CODE' ? 'Its definition is in its code: change it there.' : null}
        onClick={() => navigate(`/tasks/${encodeURIComponent(task.key)}/edit`)}
      >
        Edit
      </MayButton>
      <MayButton
        role="EDITOR"
        variant="default"
        leftSection={<IconTrash size={16} />}
        blocked={
          totalCount > 0
            ? `${totalCount === 1 ? 'A schedule runs' : `${totalCount} schedules run`} it: delete ${totalCount === 1 ? 'that' : 'those'} first.`
            : null
        }
        onClick={() => setDialog('DELETE')}
      >
        Delete
      </MayButton>
      {dialog === 'TRIGGER' && <TriggerTaskDialog task={task} onClose={close} />}
      {dialog === 'PAUSE' && <PauseTaskDialog task={task} onClose={close} />}
      {dialog === 'DELETE' && <DeleteTaskDialog task={task} onClose={close} />}
    </>
  );
}

interface DialogProps {
  task: ShownTask;
  onClose(): void;
}

function PauseTaskDialog({ task, onClose }: DialogProps) {
  const act = useAct();
  const { clockOffset } = useSession();
  const zone = BROWSER_ZONE;
  const [reason, setReason] = useState(task.pause?.reason ?? '');
  const [until, setUntil] = useState(task.pause?.until ? wallOf(Date.parse(task.pause.until), zone) : '');
  const end = pauseEnd(until, zone, Date.now() + clockOffset);
  return (
    <FormDialog
      title={task.pause ? 'Change the pause' : `Pause ${task.name}`}
      confirm={task.pause ? 'Change' : 'Pause'}
      ready={reason.trim() !== '' && end.fault === null}
      onClose={onClose}
      onConfirm={async () => {
        const variables = {
          task: { id: task.id },
          reason: reason.trim(),
          until: end.until,
        };
        const outcome = await act(PauseTaskDocument, variables, 'pauseTask');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Paused', task.name);
        return null;
      }}
    >
      <List size="sm">
        <List.Item>
          None of its {task.schedules.totalCount || ''} schedules fires; what comes due meanwhile stands in the ledger as paused.
        </List.Item>
        <List.Item>Nobody can trigger it, or retry a run of it.</List.Item>
        <List.Item>What is queued or runs already goes on.</List.Item>
      </List>
      <ReasonField value={reason} onChange={setReason} required where="here and in the audit trail" first />
      <UntilField zone={zone} value={until} onChange={setUntil} fault={end.fault} />
    </FormDialog>
  );
}

function DeleteTaskDialog({ task, onClose }: DialogProps) {
  const act = useAct();
  const [typed, setTyped] = useState('');
  return (
    <FormDialog
      title={`Delete ${task.name}?`}
      confirm="Delete the task"
      ready={typed === task.key}
      onClose={onClose}
      onConfirm={async () => {
        const outcome = await act(DeleteTaskDocument, { task: { id: task.id } }, 'deleteTask');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Deleted', task.name);
        navigate('/tasks');
        return null;
      }}
    >
      <Text size="sm">
        Its runs stay in the history. Runs that wait are canceled, what runs goes on to its end, and the key is free at once.
        {task.kind === 'CODE' &&
          task.workers.length > 0 &&
          ' Workers have its code: at the next start of one it is registered again.'}
      </Text>
      <TextInput
        label={`Type ${task.key} to confirm`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
    </FormDialog>
  );
}
