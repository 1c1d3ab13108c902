import { Alert, Button, Group, Stack, Text } from '@mantine/core';
import { useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { Dialog } from './Dialog.tsx';
import { focusFault } from './focusFault.ts';
import { useTelling } from './useTelling.ts';

interface FormDialogProps {
  title: string;
  children: ReactNode;
  confirm: string;
  /** Of the button that confirms. */
  color?: string;
  /** What leaving without it is called. */
  cancel?: string;
  /** What is given so far can be sent. */
  ready: boolean;
  /** How far it is, while it is done. */
  status?: string | null;
  size?: 'md' | 'lg';
  /** The browser holds nothing back: a field may be required within what may be left out. */
  noValidate?: boolean;
  onClose(): void;
  /** @returns what is wrong, to be shown; null: done */
  onConfirm(): Promise<string | null>;
}

/** A dialog with fields: sent by Enter, closed when it is done. */
export function FormDialog(props: FormDialogProps) {
  const {
    title,
    children,
    confirm,
    color,
    cancel = 'Close',
    ready,
    status = null,
    size = 'lg',
    noValidate = false,
    onClose,
    onConfirm,
  } = props;
  const form = useRef<HTMLFormElement>(null);
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const tell = useTelling(title, setFault);
  async function submit() {
    setBusy(true);
    const problem = await onConfirm();
    setBusy(false);
    if (problem !== null) return focusFault(form.current, () => tell(problem));
    tell(null);
    onClose();
  }
  return (
    <Dialog onClose={onClose} title={title} size={size}>
      <form
        ref={form}
        noValidate={noValidate}
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
            {busy && status !== null && (
              <Text size="sm" c="dimmed" role="status">
                {status}
              </Text>
            )}
            <Button variant="default" onClick={onClose}>
              {cancel}
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
