import { Autocomplete, Button, Collapse, Group, MultiSelect, Pill, Select, Stack, Text, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDebouncedValue } from '@mantine/hooks';
import { IconFilter } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import { useQuery } from 'urql';
import { instantOf } from '../../parts/InstantField.tsx';
import { ORIGIN_LOOKS, RUN_LOOKS } from '../../parts/states.ts';
import { BROWSER_ZONE } from '../../time/format.ts';
import { wallOf } from '../../time/wallClock.ts';
import { FIRST_PAGE, ORIGINS, STATES, durationMs, filterCount, labelsOf, noFilters } from './runFilters.ts';
import { ScheduleNamesDocument, TaskKeysDocument } from './runs.generated.ts';

interface FilterBarProps {
  search: URLSearchParams;
  change(changes: Record<string, string | null>): void;
}

/** Which runs are shown. All of it stands in the address. */
export function FilterBar({ search, change }: FilterBarProps) {
  const count = filterCount(search);
  const [open, setOpen] = useState(false);
  const set = (changes: Record<string, string | null>) => change({ ...changes, ...FIRST_PAGE });
  const fields = <Fields search={search} set={set} />;
  return (
    <Stack gap="xs" mb="md" role="search" aria-label="Filter runs">
      <Group hiddenFrom="sm" gap="xs">
        <Button
          variant="default"
          size="sm"
          leftSection={<IconFilter size={16} />}
          aria-expanded={open}
          onClick={() => setOpen(!open)}
        >
          Filters{count > 0 && ` (${count})`}
        </Button>
        {count > 0 && <Clear change={change} />}
      </Group>
      <Collapse expanded={open} hiddenFrom="sm">
        <Stack gap="xs">{fields}</Stack>
      </Collapse>
      <Group gap="xs" align="flex-end" visibleFrom="sm">
        {fields}
        {count > 0 && <Clear change={change} />}
      </Group>
      <Given search={search} set={set} />
    </Stack>
  );
}

function Clear({ change }: Pick<FilterBarProps, 'change'>) {
  return (
    <Button variant="subtle" size="sm" onClick={() => change(noFilters())}>
      Show all
    </Button>
  );
}

interface FieldProps {
  search: URLSearchParams;
  set(changes: Record<string, string | null>): void;
}

const RANGES = [
  { value: '', label: 'Any time' },
  { value: '1h', label: 'Past hour' },
  { value: '24h', label: 'Past 24 hours' },
  { value: '7d', label: 'Past 7 days' },
  { value: 'own', label: 'From … until …' },
];

function Fields({ search, set }: FieldProps) {
  const own = search.has('from') || search.has('until');
  const [ranged, setRanged] = useState(own);
  const list = (name: string) => (search.get(name) ?? '').split(',').filter((each) => each !== '');
  const looks = <T extends string>(of: Record<T, { word: string }>, values: readonly T[]) =>
    values.map((value) => ({ value, label: of[value].word }));
  return (
    <>
      <MultiSelect
        label="State"
        placeholder={list('state').length === 0 ? 'Any' : ''}
        data={looks(RUN_LOOKS, STATES)}
        value={list('state')}
        onChange={(states) => set({ state: states.join(',') })}
        clearable
        w={{ sm: 190 }}
      />
      <Suggested name="task" label="Task" search={search} set={set} />
      <Suggested name="schedule" label="Schedule" search={search} set={set} />
      <MultiSelect
        label="Origin"
        placeholder={list('origin').length === 0 ? 'Any' : ''}
        data={looks(ORIGIN_LOOKS, ORIGINS)}
        value={list('origin')}
        onChange={(origins) => set({ origin: origins.join(',') })}
        clearable
        w={{ sm: 130 }}
      />
      <Typed
        name="label"
        label="Label"
        placeholder="team=sales"
        width={130}
        search={search}
        set={set}
        fault={(text) => (labelsOf(text).length === 0 ? 'key=value, key or !key' : null)}
      />
      <Select
        label="Scheduled for"
        data={RANGES}
        value={ranged || own ? 'own' : (search.get('within') ?? '')}
        allowDeselect={false}
        onChange={(value) => {
          setRanged(value === 'own');
          set({ within: value === 'own' ? null : value, from: null, until: null });
        }}
        w={{ sm: 150 }}
      />
      {(ranged || own) && (
        <>
          <LocalInstant name="from" label="From" search={search} set={set} />
          <LocalInstant name="until" label="Until" search={search} set={set} />
        </>
      )}
      <Typed
        name="late"
        label="Late by"
        placeholder="30s"
        width={90}
        search={search}
        set={set}
        fault={(text) => (durationMs(text) === null ? 'such as 30s, 5min, 1h' : null)}
      />
    </>
  );
}

interface TypedProps extends FieldProps {
  name: string;
  label: string;
  placeholder: string;
  width: number;
  /** What is wrong with a text, to be said below it. */
  fault(text: string): string | null;
}

/** A text that goes into the address a moment after it was typed. */
function Typed({ name, label, placeholder, width, fault, search, set }: TypedProps) {
  const given = search.get(name) ?? '';
  const [text, setText] = useState(given);
  useEffect(() => setText(given), [given]);
  const tell = useDebouncedCallback((next: string) => {
    if (next === '' || fault(next) === null) set({ [name]: next });
  }, 400);
  return (
    <TextInput
      label={label}
      placeholder={placeholder}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        tell(event.currentTarget.value);
      }}
      error={text !== '' && text !== given ? fault(text) : null}
      w={{ sm: width }}
    />
  );
}

/** A task or schedule by its name: what is typed is looked for, what is chosen filters. */
function Suggested({ name, label, search, set }: FieldProps & { name: 'task' | 'schedule'; label: string }) {
  const given = search.get(name) ?? '';
  const [text, setText] = useState(given);
  useEffect(() => setText(given), [given]);
  const [active, setActive] = useState(false);
  const [wanted] = useDebouncedValue(text, 250);
  const [tasks] = useQuery({ query: TaskKeysDocument, variables: { search: wanted }, pause: name !== 'task' || !active });
  const [schedules] = useQuery({
    query: ScheduleNamesDocument,
    variables: { search: wanted },
    pause: name !== 'schedule' || !active,
  });
  const data =
    name === 'task'
      ? (tasks.data?.tasks.nodes.map(({ key }) => key) ?? [])
      : (schedules.data?.schedules.nodes.map((each) => each.name) ?? []);
  return (
    <Autocomplete
      label={label}
      placeholder="Any"
      data={data}
      filter={({ options }) => options}
      value={text}
      clearable
      onFocus={() => setActive(true)}
      onChange={(value) => {
        setText(value);
        if (value === '') set({ [name]: null });
      }}
      onOptionSubmit={(value) => set({ [name]: value })}
      onKeyDown={(event) => {
        if (event.key === 'Enter') set({ [name]: text.trim() });
      }}
      onBlur={() => text.trim() !== given && set({ [name]: text.trim() })}
      w={{ sm: 165 }}
    />
  );
}

/** An instant on the clock of this browser; the address has it in UTC. */
function LocalInstant({ name, label, search, set }: FieldProps & { name: string; label: string }) {
  const at = Date.parse(search.get(name) ?? '');
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={`${label} (${BROWSER_ZONE})`}
      value={Number.isNaN(at) ? '' : wallOf(at, BROWSER_ZONE)}
      onChange={(event) => set({ [name]: instantOf(event.currentTarget.value, BROWSER_ZONE), within: null })}
      w={{ sm: 220 }}
    />
  );
}

/** Filters that links of other pages set: they have no field, and can be taken away. */
function Given({ search, set }: FieldProps) {
  const given = ['worker', 'backfill'].filter((name) => search.has(name));
  if (given.length === 0) return null;
  return (
    <Group gap="xs">
      <Text size="sm" c="dimmed">
        Only those of
      </Text>
      {given.map((name) => (
        <Pill
          key={name}
          withRemoveButton
          removeButtonProps={{ 'aria-label': `Take the filter by ${name} away`, tabIndex: 0, 'aria-hidden': false }}
          onRemove={() => set({ [name]: null })}
        >
          {name} {search.get(name)}
        </Pill>
      ))}
    </Group>
  );
}
