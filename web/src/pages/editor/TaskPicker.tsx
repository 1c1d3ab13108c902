import { Select, Stack, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { ChosenTaskDocument, TaskChoicesDocument } from './editor.generated.ts';
import type { ChosenTaskQuery } from './editor.generated.ts';
import { ORDER } from '../../parts/fieldOrder.ts';
import { useField } from '../../form/form.tsx';
import { isRecord } from '../../parts/path.ts';

export type ChosenTask = NonNullable<ChosenTaskQuery['task']>;

/** The task of a TaskRef; null while it is read, and when there is none. */
export function useChosenTask(ref: unknown): ChosenTask | null {
  const named = isRecord(ref) && Object.values(ref).some((value) => typeof value === 'string' && value !== '');
  const [{ data, fetching }] = useQuery({ query: ChosenTaskDocument, variables: { ref: ref as { key: string } }, pause: !named });
  // While another one is read the data are still those of the one before.
  return named && !fetching ? (data?.task ?? null) : null;
}

/** Searches on the server while one types. */
export function TaskPicker({ chosen }: { chosen: ChosenTask | null }) {
  const { value, set, error } = useField(['task']);
  const [search, setSearch] = useState('');
  // What stands there once something is chosen is no search.
  const typed = chosen !== null && search === chosen.key ? '' : search;
  const [asked] = useDebouncedValue(typed.slice(0, 200), 200);
  const [{ data, fetching }] = useQuery({ query: TaskChoicesDocument, variables: { search: asked === '' ? null : asked } });
  const found = data?.tasks.nodes ?? [];
  const shown = chosen !== null && !found.some(({ key }) => key === chosen.key) ? [chosen, ...found] : found;
  const key = chosen?.key ?? (isRecord(value) && typeof value['key'] === 'string' && value['key'] !== '' ? value['key'] : null);
  const keys = shown.map((task) => task.key);
  return (
    <Select
      label="Task"
      required
      description={
        chosen === null ? 'What is run. Search by key, name, group or description.' : (chosen.description ?? chosen.name)
      }
      placeholder="Search the tasks"
      error={error}
      data={key === null || keys.includes(key) ? keys : [key, ...keys]}
      value={key}
      onChange={(next) => set(next === null ? undefined : { key: next })}
      searchable
      inputWrapperOrder={ORDER}
      onFocus={({ currentTarget }) => currentTarget.select()}
      onSearchChange={setSearch}
      filter={({ options }) => options}
      allowDeselect={false}
      selectFirstOptionOnChange
      nothingFoundMessage={fetching ? 'Searching …' : 'No task matches.'}
      renderOption={({ option }) => {
        const task = shown.find((each) => each.key === option.value);
        return (
          <Stack gap={0}>
            <span>{option.value}</span>
            <Text size="xs" c="dimmed" lineClamp={1}>
              {task?.kind === 'HTTP' ? 'HTTP · ' : ''}
              {task?.description ?? task?.name}
            </Text>
          </Stack>
        );
      }}
    />
  );
}
