import { ActionIcon, Button, Group, Input, Stack, Text, TextInput } from '@mantine/core';
import { IconPlus, IconTrash } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Row } from './taskForm.ts';

interface RowsFieldProps<R extends Row> {
  label: string;
  description: ReactNode;
  rows: readonly R[];
  /** What a further row begins with. */
  empty: R;
  onChange(rows: readonly R[]): void;
  faultOf(row: R, index: number): string | null;
  /** Of the list as a whole. */
  fault: string | null;
  words: { name: string; value: string; add: string };
  /** In place of the field of its value. */
  valueField?(row: R, set: (next: R) => void): ReactNode;
  /** The name stays what it is. */
  fixed?(row: R): boolean;
}

/** Names and values in rows, to be added to and removed from. */
export function RowsField<R extends Row>({
  label,
  description,
  rows,
  empty,
  onChange,
  faultOf,
  fault,
  words,
  valueField,
  fixed,
}: RowsFieldProps<R>) {
  const set = (index: number, next: R) => onChange(rows.toSpliced(index, 1, next));
  return (
    <Stack gap={6} role="group" aria-label={label}>
      <div>
        <Input.Label component="div">{label}</Input.Label>
        <Input.Description>{description}</Input.Description>
      </div>
      {rows.map((row, index) => {
        const wrong = faultOf(row, index);
        return (
          <div key={index}>
            <Group gap={6} wrap="nowrap" align="center">
              <TextInput
                flex="1 1 40%"
                miw={0}
                aria-label={`${words.name} ${index + 1} of ${label}`}
                placeholder={words.name}
                value={row.name}
                readOnly={fixed?.(row) ?? false}
                error={wrong !== null}
                onChange={(event) => set(index, { ...row, name: event.currentTarget.value })}
              />
              <div style={{ flex: '1 1 60%', minWidth: 0 }}>
                {valueField?.(row, (next) => set(index, next)) ?? (
                  <TextInput
                    aria-label={`${words.value} ${index + 1} of ${label}`}
                    placeholder={words.value}
                    value={row.value}
                    error={wrong !== null}
                    onChange={(event) => set(index, { ...row, value: event.currentTarget.value })}
                  />
                )}
              </div>
              <ActionIcon
                variant="subtle"
                color="gray"
                aria-label={`Remove ${row.name === '' ? `${index + 1} of ${label}` : row.name}`}
                onClick={() => onChange(rows.toSpliced(index, 1))}
              >
                <IconTrash size={16} />
              </ActionIcon>
            </Group>
            {wrong !== null && (
              <Text size="xs" c="var(--mantine-color-error)" role="alert">
                {wrong}
              </Text>
            )}
          </div>
        );
      })}
      {fault !== null && <Input.Error role="alert">{fault}</Input.Error>}
      <div>
        <Button
          size="compact-sm"
          variant="default"
          leftSection={<IconPlus size={14} />}
          onClick={() => onChange([...rows, empty])}
        >
          {words.add}
        </Button>
      </div>
    </Stack>
  );
}
