import { Group, NativeSelect, NumberInput, TextInput } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { UNIT_WORDS, readDuration, writeDuration } from '../time/durationParts.ts';
import type { DurationUnit } from '../time/durationParts.ts';

interface DurationFieldProps {
  label: string;
  description?: ReactNode;
  /** ISO 8601; empty: none */
  value: string;
  onChange(value: string): void;
  units: readonly DurationUnit[];
  error: string | null;
  placeholder?: string;
}

/** A duration as a number and its unit; one that is no such thing stays as it was written. */
export function DurationField({ label, description, value, onChange, units, error, placeholder }: DurationFieldProps) {
  const [chosen, setChosen] = useState<DurationUnit>(units[0] ?? 'SECONDS');
  const parts = readDuration(value);
  const asked = { label, description, error, ...(placeholder !== undefined && { placeholder }) };
  if (value !== '' && parts === null)
    return <TextInput {...asked} value={value} onChange={({ currentTarget }) => onChange(currentTarget.value)} />;
  const unit = parts?.unit ?? chosen;
  const offered = units.includes(unit) ? units : [...units, unit];
  return (
    <NumberInput
      {...asked}
      min={0}
      allowDecimal={unit === 'SECONDS'}
      value={parts?.amount ?? ''}
      onChange={(amount) => onChange(typeof amount === 'number' ? writeDuration({ amount, unit }) : '')}
      rightSectionWidth={112}
      rightSection={
        <Group pr={2} w="100%">
          <NativeSelect
            variant="unstyled"
            size="sm"
            w="100%"
            aria-label={`Unit of ${label}`}
            data={offered.map((each) => ({ value: each, label: UNIT_WORDS[each] }))}
            value={unit}
            onChange={({ currentTarget }) => {
              const next = currentTarget.value as DurationUnit;
              setChosen(next);
              if (parts) onChange(writeDuration({ amount: parts.amount, unit: next }));
            }}
          />
        </Group>
      }
    />
  );
}
