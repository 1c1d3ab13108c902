import { Button, Checkbox, Popover, ScrollArea, Stack, Text } from '@mantine/core';
import { IconChevronDown } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface FilterMenuProps {
  label: string;
  options: readonly { value: string; label: string }[];
  chosen: readonly string[];
  onChange(chosen: string[]): void;
  /** Above the options: a field to look for others. */
  search?: ReactNode;
  /** Said when there is no option. */
  empty?: string;
  onOpen?(): void;
}

/** One filter of several values: a button that says what is chosen, and the choice below it. */
export function FilterMenu({ label, options, chosen, onChange, search, empty, onOpen }: FilterMenuProps) {
  const words = chosen.map((value) => options.find((option) => option.value === value)?.label ?? value);
  const shown = words.length === 0 ? label : words.length === 1 ? `${label}: ${words[0]}` : `${label}: ${words.length}`;
  return (
    <Popover position="bottom-start" width={280} trapFocus returnFocus {...(onOpen && { onOpen })}>
      <Popover.Target>
        <Button
          variant={chosen.length > 0 ? 'light' : 'default'}
          size="sm"
          px="sm"
          fw={400}
          maw={220}
          rightSection={<IconChevronDown size={14} aria-hidden />}
          title={words.join(', ')}
        >
          {shown}
        </Button>
      </Popover.Target>
      <Popover.Dropdown aria-label={label}>
        <Stack gap="xs">
          {search}
          {options.length === 0 ? (
            <Text size="sm" c="dimmed">
              {empty ?? 'Nothing to choose from.'}
            </Text>
          ) : (
            <ScrollArea.Autosize mah={280} type="auto">
              <Checkbox.Group value={[...chosen]} onChange={onChange} aria-label={label}>
                <Stack gap={8} p={2}>
                  {options.map((option) => (
                    <Checkbox
                      key={option.value}
                      value={option.value}
                      label={option.label}
                      styles={{ label: { overflowWrap: 'anywhere' } }}
                    />
                  ))}
                </Stack>
              </Checkbox.Group>
            </ScrollArea.Autosize>
          )}
          {chosen.length > 0 && (
            <Button variant="subtle" size="compact-sm" onClick={() => onChange([])}>
              Clear
            </Button>
          )}
        </Stack>
      </Popover.Dropdown>
    </Popover>
  );
}
