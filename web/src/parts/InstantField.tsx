import { TextInput } from '@mantine/core';
import type { ReactNode } from 'react';
import { useSession } from '../api/session.tsx';
import { useNow } from '../time/clock.ts';
import { BROWSER_ZONE, formatInstant, formatRelative } from '../time/format.ts';
import { readWall } from '../time/wallClock.ts';

interface InstantFieldProps {
  label: string;
  /** In which it is read; named beside the field. */
  zone?: string;
  hint?: ReactNode;
  /** What the wall clock of the zone shows, as a datetime-local field has it; empty: none. */
  value: string;
  onChange(value: string): void;
  error?: string | null;
  required?: boolean;
  /** The field that a dialog begins with. */
  first?: boolean;
}

/** A date and time of the wall clock of a zone, with what it comes to: how far away it is, and what the clock does there. */
export function InstantField({
  label,
  zone = BROWSER_ZONE,
  hint,
  value,
  onChange,
  error = null,
  required = false,
  first = false,
}: InstantFieldProps) {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const read = readWall(value, zone);
  const jump =
    read === null
      ? ''
      : read.is === 'GAP'
        ? ` The clock jumps over this time: it is taken as ${formatInstant(read.at, zone)}.`
        : read.is === 'TWICE'
          ? ' The clock shows this time twice: it is the first.'
          : '';
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={`${label} (${zone})`}
      description={
        <>
          {hint}
          {read !== null && ` ${formatRelative(read.at, now)}.${jump}`}
        </>
      }
      value={value}
      error={error}
      required={required}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...(first && { 'data-autofocus': true })}
    />
  );
}

/** As the API takes it; null when there is none. */
export function instantOf(value: string, zone: string): string | null {
  const read = readWall(value, zone);
  return read === null ? null : new Date(read.at).toISOString();
}
