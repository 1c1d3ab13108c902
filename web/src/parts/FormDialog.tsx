import { Alert, Button, Group, Stack } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { Dialog } from './Dialog.tsx';
import { useTelling } from './useTelling.ts';

interface FormDialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  /** What is given so far can be sent. */
  ready: boolean;
  onClose(): void;
  /** @returns what is wrong, to be shown; null: done */
  onConfirm(): Promise<string | null>;
}

/** A dialog with fields: sent by Enter, closed when it is done. */
export function FormDialog({ title, children, confirm, ready, onClose, onConfirm }: FormDialogProps) {
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const tell = useTelling(title, setFault);
  async function submit() {
    setBusy(true);
    const problem = await onConfirm();
    setBusy(false);
    tell(problem);
    if (problem === null) onClose();
  }
  return (
    <Dialog onClose={onClose} title={title} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (ready && !busy) void submit();
        }}
      >
        <Stack>
          {children}
          {fault !== null && (
            <Alert color="red" role="alert">
              {fault}
            </Alert>
          )}
          <Group justify="flex-end">
            <Button variant="default" onClick={onClose}>
              Close
            </Button>
            <Button type="submit" loading={busy} disabled={!ready}>
              {confirm}
            </Button>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}
