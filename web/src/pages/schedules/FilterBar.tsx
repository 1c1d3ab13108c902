import { Button, Chip, Collapse, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks';
import { IconAdjustmentsHorizontal, IconSearch } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { RefObject } from 'react';
import type { ScheduleState, TriggerKind } from '../../api/schema.generated.ts';
import { SCHEDULE_LOOKS } from '../../parts/states.ts';
import { TRIGGER_WORDS } from '../../parts/triggerWords.ts';
import { FilterMenu } from './FilterMenu.tsx';
import { NO_FILTERS, SORT_WORDS, STATES, isFiltered } from './filters.ts';
import type { ListFilters, Sort } from './filters.ts';
import { LabelFilter } from './LabelFilter.tsx';
import { TaskFilter } from './TaskFilter.tsx';

interface FilterBarProps {
  filters: ListFilters;
  change(changes: Partial<ListFilters>): void;
  searchRef: RefObject<HTMLInputElement | null>;
  narrow: boolean;
}

/** What the list is narrowed to, and its order: all of it is kept in the address. */
export function FilterBar({ filters, change, searchRef, narrow }: FilterBarProps) {
  const [opened, more] = useDisclosure();
  const used = [filters.states, filters.kinds, filters.tasks, filters.labels].filter(({ length }) => length > 0).length;
  const count = used + Number(filters.failing) + Number(filters.silent);
  const order = (
    <NativeSelect
      aria-label="Order"
      value={filters.sort}
      onChange={(event) => change({ sort: event.currentTarget.value as Sort })}
      data={Object.entries(SORT_WORDS).map(([value, label]) => ({ value, label }))}
    />
  );
  const rest = (
    <Group gap="xs">
      <FilterMenu
        label="State"
        options={STATES.map((state) => ({ value: state, label: SCHEDULE_LOOKS[state].word }))}
        chosen={filters.states}
        onChange={(states) => change({ states: states as ScheduleState[] })}
      />
      <FilterMenu
        label="Trigger"
        options={Object.entries(TRIGGER_WORDS).map(([value, label]) => ({ value, label }))}
        chosen={filters.kinds}
        onChange={(kinds) => change({ kinds: kinds as TriggerKind[] })}
      />
      <TaskFilter chosen={filters.tasks} onChange={(tasks) => change({ tasks })} />
      <LabelFilter chosen={filters.labels} onChange={(labels) => change({ labels })} />
      <Chip
        checked={filters.failing}
        onChange={(failing) => change({ failing })}
        size="sm"
        radius="md"
        variant="outline"
        title="The last run that was not canceled has failed or timed out"
      >
        Failing
      </Chip>
      <Chip
        checked={filters.silent}
        onChange={(silent) => change({ silent })}
        size="sm"
        radius="md"
        variant="outline"
        title="Active, yet what was due more than a minute ago has not begun"
      >
        Silent
      </Chip>
      {isFiltered(filters) && (
        <Button variant="subtle" px="xs" onClick={() => change({ ...NO_FILTERS, sort: filters.sort })}>
          Clear the filters
        </Button>
      )}
    </Group>
  );
  return (
    // Two lines, whatever is chosen: nothing below them moves.
    <Stack gap="xs">
      <Group gap="xs" wrap="nowrap">
        <SearchField key="search" search={filters.search} change={(search) => change({ search })} searchRef={searchRef} />
        {narrow ? (
          <Button
            variant={count > 0 ? 'light' : 'default'}
            px="sm"
            onClick={more.toggle}
            aria-expanded={opened}
            leftSection={<IconAdjustmentsHorizontal size={16} aria-hidden />}
          >
            {count > 0 ? `Filters: ${count}` : 'Filters'}
          </Button>
        ) : (
          order
        )}
      </Group>
      {narrow ? (
        <Collapse expanded={opened}>
          <Stack gap="xs">
            {rest}
            {order}
          </Stack>
        </Collapse>
      ) : (
        rest
      )}
    </Stack>
  );
}

const SETTLED_MS = 250;

function SearchField({
  search,
  change,
  searchRef,
}: {
  search: string;
  change(search: string): void;
  searchRef: FilterBarProps['searchRef'];
}) {
  const [text, setText] = useState(search);
  const [sent, setSent] = useState(search);
  const send = useDebouncedCallback((value: string) => {
    setSent(value);
    change(value);
  }, SETTLED_MS);
  // The address was changed by something else, such as "Clear the filters".
  useEffect(() => {
    if (search !== sent) {
      setSent(search);
      setText(search);
    }
  }, [search, sent]);
  return (
    <TextInput
      ref={searchRef}
      flex={1}
      miw={160}
      type="search"
      placeholder="Search name, description, task"
      aria-label="Search name, description and task"
      leftSection={<IconSearch size={16} aria-hidden />}
      maxLength={200}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value);
        send(event.currentTarget.value);
      }}
      onKeyDown={(event) => {
        if (event.key === 'Escape') event.currentTarget.blur();
      }}
    />
  );
}
