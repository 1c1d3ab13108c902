import { Alert, Button, Group, Stack, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { Dialog } from './Dialog.tsx';
import { useTelling } from './useTelling.ts';

interface ReasonDialogProps {
  title: string;
  /** What is going to happen. */
  children?: ReactNode;
  confirm: string;
  color?: string;
  required?: boolean;
  /** What has to be typed before it can be confirmed, such as the name of what is deleted. */
  typed?: string;
  onClose(): void;
  /** @returns what is wrong, to be shown; null: done */
  onConfirm(reason: string): Promise<string | null>;
}

/** Asks before something is done, and for the reason that history keeps. */
export function ReasonDialog({
  title,
  children,
  confirm,
  color,
  required = false,
  typed,
  onClose,
  onConfirm,
}: ReasonDialogProps) {
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const tell = useTelling(title, setFault);
  const ready = (!required || reason.trim() !== '') && (typed === undefined || name === typed);

  async function submit() {
    setBusy(true);
    const problem = await onConfirm(reason.trim());
    setBusy(false);
    tell(problem);
    if (problem === null) onClose();
  }

  return (
    <Dialog onClose={onClose} title={title}>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void submit();
        }}
      >
        <Stack>
          {children}
          <TextInput
            label="Reason"
            description={required ? 'Others read it in the history.' : 'Others read it in the history. May be left empty.'}
            required={required}
            value={reason}
            maxLength={2000}
            onChange={(event) => setReason(event.currentTarget.value)}
            data-autofocus
          />
          {typed !== undefined && (
            <TextInput
              label={`Type ${typed} to confirm`}
              value={name}
              onChange={(event) => setName(event.currentTarget.value)}
              autoComplete="off"
            />
          )}
          {fault !== null && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Keep it as it is
            </Button>
            <Button type="submit" loading={busy} disabled={!ready} {...(color !== undefined && { color })}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
