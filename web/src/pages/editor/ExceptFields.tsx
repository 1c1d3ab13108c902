import { Group, NativeSelect, Select, SimpleGrid, Stack } from '@mantine/core';
import type { ReactNode } from 'react';
import { useQuery } from 'urql';
import { CalendarNamesDocument } from './editor.generated.ts';
import { ChoiceAt, ListAt, TextAt } from '../../form/fields.tsx';
import { useField } from '../../form/form.tsx';
import { useToday } from './zone.ts';
import type { Path } from '../../parts/path.ts';
import { EXCLUSION_KINDS, EXCLUSION_WORDS, exclusionBeginning, exclusionKindOf } from './triggers.ts';
import type { ExclusionKey } from './triggers.ts';

/** What a trigger leaves out, and what becomes of it. */
export function ExceptFields({ path, nested }: { path: Path; nested(path: Path, label: string): ReactNode }) {
  return (
    <>
      <ListAt
        path={[...path, 'excluding']}
        label="Without"
        description="Days and windows are those of the schedule's time zone."
        add="Leave out more"
        least={1}
        beginning={() => ({ daysOfWeek: 'SAT,SUN' })}
      >
        {(item, index) => <Exclusion path={item} label={`Left out ${index + 1}`} nested={nested} />}
      </ListAt>
      <ChoiceAt
        path={[...path, 'shift']}
        label="What falls on a day that is left out"
        description="At the same time of day. What a window or a trigger leaves out is always dropped."
        options={[
          { value: '', label: 'Does not run' },
          { value: 'NEXT_ALLOWED_DAY', label: 'Moves to the next day that is not left out' },
          { value: 'PREVIOUS_ALLOWED_DAY', label: 'Moves to the day before that is not left out' },
        ]}
      />
    </>
  );
}

function Exclusion({ path, label, nested }: { path: Path; label: string; nested(path: Path, label: string): ReactNode }) {
  const { value, set, error } = useField(path, true);
  const today = useToday();
  const kind = exclusionKindOf(value);
  const at = (...names: string[]): Path => [...path, ...names];
  return (
    <Stack gap="xs" role="group" aria-label={label}>
      <Group align="flex-start" gap="xs">
        <NativeSelect
          aria-label={`What ${label.toLowerCase()} is`}
          error={error}
          data={[
            ...(kind === null ? [{ value: '', label: 'Written as JSON' }] : []),
            ...EXCLUSION_KINDS.map((each) => ({ value: each, label: EXCLUSION_WORDS[each] })),
          ]}
          value={kind ?? ''}
          onChange={({ currentTarget }) => set(exclusionBeginning(currentTarget.value as ExclusionKey, today))}
        />
        <div style={{ flex: '1 1 200px', minWidth: 0 }}>
          {kind === 'daysOfWeek' && (
            <TextAt
              path={at('daysOfWeek')}
              label="Days"
              placeholder="SAT,SUN"
              description="As in cron: SAT,SUN, MON-FRI, MON#1, FRIL."
              mono
              keepsEmpty
            />
          )}
          {kind === 'calendar' && <CalendarAt path={at('calendar')} />}
          {kind === 'dates' && (
            <SimpleGrid cols={2}>
              <TextAt path={at('dates', 'from')} label="From" type="date" />
              <TextAt path={at('dates', 'through')} label="Through" type="date" />
            </SimpleGrid>
          )}
          {kind === 'dailyWindow' && (
            <SimpleGrid cols={2}>
              <TextAt path={at('dailyWindow', 'from')} label="From" type="time" />
              <TextAt path={at('dailyWindow', 'until')} label="Until, exclusive" type="time" />
            </SimpleGrid>
          )}
        </div>
      </Group>
      {kind === 'trigger' && nested(at('trigger'), 'The trigger that is left out')}
    </Stack>
  );
}

function CalendarAt({ path }: { path: Path }) {
  const { value, set, error } = useField(path);
  const [{ data }] = useQuery({ query: CalendarNamesDocument, variables: {} });
  const names = data?.calendars.map(({ name }) => name) ?? [];
  const name = typeof value === 'string' && value !== '' ? value : null;
  return (
    <Select
      label="Calendar"
      placeholder={data && names.length === 0 ? 'There is no calendar yet' : 'Choose a calendar'}
      error={error}
      data={name === null || names.includes(name) ? names : [name, ...names]}
      value={name}
      onChange={(next) => set(next ?? '')}
      searchable
      allowDeselect={false}
    />
  );
}
