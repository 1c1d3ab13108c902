import { ActionIcon, Button, Group, Input, NativeSelect, NumberInput, Stack, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { UNIT_WORDS, readDuration, writeDuration } from '../time/durationParts.ts';
import type { DurationUnit } from '../time/durationParts.ts';
import { ORDER } from '../parts/fieldOrder.ts';
import { useField } from './form.tsx';
import type { Path } from '../parts/path.ts';

export interface Asked {
  path: Path;
  label: string;
  description?: ReactNode;
  required?: boolean;
  placeholder?: string;
}

export const textOf = (value: unknown): string =>
  value === undefined || value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value);
export const shown = (asked: Asked) => ({
  inputWrapperOrder: ORDER,
  label: asked.label,
  description: asked.description,
  required: asked.required ?? false,
  ...(asked.placeholder !== undefined && { placeholder: asked.placeholder }),
});

const MONO = { input: { fontFamily: 'var(--mantine-font-family-monospace)' } };

interface TextAtProps extends Asked {
  mono?: boolean;
  type?: 'text' | 'date' | 'time';
  /** An empty text is kept, as an item of a list is. */
  keepsEmpty?: boolean;
}

export function TextAt({ mono = false, type = 'text', keepsEmpty = false, ...asked }: TextAtProps) {
  const { value, set, error } = useField(asked.path);
  return (
    <TextInput
      {...shown(asked)}
      type={type}
      value={textOf(value)}
      error={error}
      onChange={({ currentTarget }) =>
        set(currentTarget.value === '' && !keepsEmpty && asked.required !== true ? undefined : currentTarget.value)
      }
      {...(type === 'time' && { step: 1 })}
      {...(mono && { styles: MONO, spellCheck: false, autoComplete: 'off' })}
    />
  );
}

interface ChoiceAtProps extends Asked {
  /** value '' stands for nothing being said. */
  options: readonly { value: string; label: string }[];
}

export function ChoiceAt({ options, ...asked }: ChoiceAtProps) {
  const { value, set, error } = useField(asked.path);
  return (
    <NativeSelect
      {...shown(asked)}
      data={[...options]}
      value={textOf(value)}
      error={error}
      onChange={({ currentTarget }) => set(currentTarget.value === '' ? undefined : currentTarget.value)}
    />
  );
}

interface NumberAtProps extends Asked {
  min?: number;
  max?: number;
  whole?: boolean;
  /** What stands for no number: an item of a list is null. */
  empty?: null | undefined;
}

export function NumberAt({ min, max, whole = true, empty, ...asked }: NumberAtProps) {
  const { value, set, error } = useField(asked.path);
  return (
    <NumberInput
      {...shown(asked)}
      value={typeof value === 'number' ? value : textOf(value)}
      error={error}
      allowDecimal={!whole}
      // What is out of range is the server's to refuse, in words; nothing that was typed is changed.
      clampBehavior="none"
      {...(min !== undefined && { min })}
      {...(max !== undefined && { max })}
      onChange={(next) =>
        set(
          next === ''
            ? empty
            : typeof next === 'string' && next.trim() !== '' && !Number.isNaN(Number(next))
              ? Number(next)
              : next,
        )
      }
    />
  );
}

const CLOCK_UNITS: readonly DurationUnit[] = ['SECONDS', 'MINUTES', 'HOURS', 'DAYS'];

interface DurationAtProps extends Asked {
  units?: readonly DurationUnit[];
  unit?: DurationUnit;
}

/** A duration as a number and a unit; one that is no such thing stays as it was written. */
export function DurationAt({ units = CLOCK_UNITS, unit: first = 'MINUTES', ...asked }: DurationAtProps) {
  const { value, set, error } = useField(asked.path);
  const [chosen, setChosen] = useState(first);
  const parts = typeof value === 'string' ? readDuration(value) : null;
  if (value !== undefined && parts === null) return <TextAt {...asked} mono />;
  const unit = parts?.unit ?? chosen;
  const offered = units.includes(unit) ? units : [...units, unit];
  return (
    <NumberInput
      {...shown(asked)}
      error={error}
      min={0}
      allowDecimal={unit === 'SECONDS'}
      value={parts?.amount ?? ''}
      onChange={(amount) => set(typeof amount === 'number' ? writeDuration({ amount, unit }) : undefined)}
      rightSectionWidth={112}
      rightSection={
        <NativeSelect
          variant="unstyled"
          pr={4}
          aria-label={`Unit of ${asked.label}`}
          data={offered.map((each) => ({ value: each, label: UNIT_WORDS[each] }))}
          value={unit}
          onChange={({ currentTarget }) => {
            const next = currentTarget.value as DurationUnit;
            setChosen(next);
            if (parts) set(writeDuration({ amount: parts.amount, unit: next }));
          }}
        />
      }
    />
  );
}

interface ListAtProps {
  path: Path;
  label: string;
  description?: ReactNode;
  add: string;
  /** What a further item begins with. */
  beginning(items: readonly unknown[]): unknown;
  /** The last one cannot be removed. */
  least?: number;
  children(path: Path, index: number): ReactNode;
}

/** Items one below the other, to be added to and removed from. */
export function ListAt({ path, label, description, add, beginning, least = 0, children }: ListAtProps) {
  const { value, set, error } = useField(path, true);
  const items = Array.isArray(value) ? (value as unknown[]) : [];
  return (
    <Stack gap="xs" role="group" aria-label={label}>
      <div>
        <Input.Label component="div">{label}</Input.Label>
        {description && <Input.Description>{description}</Input.Description>}
        {error !== undefined && <Input.Error role="alert">{error}</Input.Error>}
      </div>
      {items.map((_, index) => (
        <Group key={index} gap="xs" wrap="nowrap" align="flex-start">
          <div style={{ flex: 1, minWidth: 0 }}>{children([...path, String(index)], index)}</div>
          {items.length > least && (
            <ActionIcon
              variant="subtle"
              color="gray"
              mt={4}
              aria-label={`Remove ${index + 1} of ${label}`}
              onClick={() => set(items.length === 1 && least === 0 ? undefined : items.toSpliced(index, 1))}
            >
              <IconTrash size={16} />
            </ActionIcon>
          )}
        </Group>
      ))}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          onClick={() => set([...items, beginning(items)])}
        >
          {add}
        </Button>
      </div>
    </Stack>
  );
}
