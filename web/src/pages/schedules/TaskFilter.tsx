import { TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { FilterMenu } from './FilterMenu.tsx';
import { TaskChoiceDocument } from './schedules.generated.ts';

/** Tasks are looked for on the server: there may be thousands. */
export function TaskFilter({ chosen, onChange }: { chosen: readonly string[]; onChange(chosen: string[]): void }) {
  const [asked, setAsked] = useState(false);
  const [search, setSearch] = useState('');
  const [settled] = useDebouncedValue(search, 200);
  const [{ data }] = useQuery({ query: TaskChoiceDocument, variables: { search: settled.slice(0, 200) }, pause: !asked });
  const found = data?.tasks.nodes.map(({ key }) => key) ?? [];
  const keys = [...new Set([...chosen, ...found])];
  return (
    <FilterMenu
      label="Task"
      options={keys.map((key) => ({ value: key, label: key }))}
      chosen={chosen}
      onChange={onChange}
      onOpen={() => setAsked(true)}
      empty={data ? 'No task has these words.' : 'Reading the tasks …'}
      search={
        <TextInput
          size="sm"
          placeholder="Find a task"
          aria-label="Find a task"
          value={search}
          onChange={(event) => setSearch(event.currentTarget.value)}
          data-autofocus
        />
      }
    />
  );
}
