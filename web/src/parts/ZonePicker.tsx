import { Group, Select, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { BROWSER_ZONE, offsetOf } from '../time/format.ts';
import { ORDER } from './fieldOrder.ts';

let known: readonly string[] | null = null;

/** This browser's zone first, then UTC, then all others in their order. */
function zones(): readonly string[] {
  known ??= [...new Set([BROWSER_ZONE, 'UTC', ...Intl.supportedValuesOf('timeZone')])];
  return known;
}

interface ZonePickerProps {
  label: string;
  description?: ReactNode;
  /** null: none is given. */
  value: string | null;
  error?: string | undefined;
  /** What holds when none is given; without it one must be. */
  usual?: string;
  onChange(zone: string | null): void;
}

/** A time zone by any part of its name. */
export function ZonePicker({ label, description, value, error, usual, onChange }: ZonePickerProps) {
  const [search, setSearch] = useState('');
  // Names that are not in the browser's list are zones, too: Asia/Kolkata where it lists Asia/Calcutta.
  const further = [value, search.trim()].filter((name): name is string => name !== null && name.includes('/') && isZone(name));
  return (
    <Select
      label={label}
      description={description}
      error={error}
      data={[...new Set([...zones(), ...further, ...(value === null ? [] : [value])])]}
      value={value}
      onChange={onChange}
      searchable
      inputWrapperOrder={ORDER}
      // What is typed takes the place of the name that stands there.
      onFocus={({ currentTarget }) => currentTarget.select()}
      clearable={usual !== undefined}
      allowDeselect={false}
      {...(usual !== undefined && { placeholder: `The schedule's: ${usual}` })}
      onSearchChange={setSearch}
      selectFirstOptionOnChange
      limit={60}
      maxDropdownHeight={300}
      nothingFoundMessage="No zone has such a name. Names are a region and a city, such as Europe/Berlin."
      filter={({ options, search: text, limit }) => {
        const words = plain(text).split(' ').filter(Boolean);
        const all = options as { value: string; label: string }[];
        return (text === value ? all : all.filter((option) => words.every((word) => plain(option.label).includes(word)))).slice(
          0,
          limit,
        );
      }}
      renderOption={({ option }) => (
        <Group justify="space-between" wrap="nowrap" gap="xs" w="100%">
          <span>{option.value}</span>
          <Text size="xs" c="dimmed" className="nowrap">
            {option.value === BROWSER_ZONE ? 'this browser · ' : ''}
            {isZone(option.value) ? offsetOf(Date.now(), option.value) : ''}
          </Text>
        </Group>
      )}
    />
  );
}

const plain = (text: string): string =>
  text
    .toLowerCase()
    .replaceAll(/[_\s]+/g, ' ')
    .trim();

function isZone(name: string): boolean {
  try {
    Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
