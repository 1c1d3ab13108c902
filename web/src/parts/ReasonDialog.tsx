import { TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { FormDialog } from './FormDialog.tsx';
import { ReasonField } from './ReasonField.tsx';

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
export function ReasonDialog({ children, required = false, typed, onConfirm, ...dialog }: ReasonDialogProps) {
  const [reason, setReason] = useState('');
  const [name, setName] = useState('');
  const ready = (!required || reason.trim() !== '') && (typed === undefined || name === typed);
  return (
    <FormDialog {...dialog} cancel="Keep it as it is" size="md" ready={ready} onConfirm={() => onConfirm(reason.trim())}>
      {children}
      <ReasonField value={reason} onChange={setReason} required={required} first />
      {typed !== undefined && (
        <TextInput
          label={`Type ${typed} to confirm`}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          autoComplete="off"
        />
      )}
    </FormDialog>
  );
}
