import { Alert, Button, Group, Modal, Stack } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';

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
  async function submit() {
    setBusy(true);
    const problem = await onConfirm();
    setBusy(false);
    setFault(problem);
    if (problem === null) onClose();
  }
  return (
    <Modal opened onClose={onClose} title={title} centered size="lg">
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
    </Modal>
  );
}
