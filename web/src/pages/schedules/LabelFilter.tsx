import { TextInput } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { labelSelector } from './filters.ts';
import { FilterMenu } from './FilterMenu.tsx';
import { LabelChoiceDocument } from './schedules.generated.ts';

/** Labels that schedules changed of late have, and a field for any other. */
export function LabelFilter({ chosen, onChange }: { chosen: readonly string[]; onChange(chosen: string[]): void }) {
  const [asked, setAsked] = useState(false);
  const [text, setText] = useState('');
  const [{ data }] = useQuery({ query: LabelChoiceDocument, variables: {}, pause: !asked });
  const typed = text.trim();
  const wrong = typed !== '' && labelSelector(typed) === null;
  const known = data?.schedules.nodes.flatMap(({ labels }) => labels.map(({ key, value }) => `${key}=${value}`)) ?? [];
  const near = [...new Set(known)].sort().filter((label) => label.toLowerCase().includes(typed.toLowerCase()));
  const options = [...new Set([...chosen, ...near.slice(0, 50)])];
  return (
    <FilterMenu
      label="Label"
      options={options.map((label) => ({ value: label, label }))}
      chosen={chosen}
      onChange={onChange}
      onOpen={() => setAsked(true)}
      empty={typed === '' ? 'None of the schedules that were changed last has a label.' : 'Enter adds it.'}
      search={
        <TextInput
          size="sm"
          placeholder="team=payments"
          aria-label="A label"
          description="team=payments, team (any value) or !team (none). Enter adds it."
          value={text}
          error={wrong && 'A label is a key, or a key = a value.'}
          onChange={(event) => setText(event.currentTarget.value)}
          onKeyDown={(event) => {
            if (event.key !== 'Enter' || typed === '' || wrong) return;
            event.preventDefault();
            onChange([...new Set([...chosen, typed])]);
            setText('');
          }}
          data-autofocus
        />
      }
    />
  );
}
