import {
  Alert,
  Anchor,
  Button,
  Group,
  MultiSelect,
  Radio,
  SegmentedControl,
  SimpleGrid,
  Stack,
  TagsInput,
  Text,
  TextInput,
} from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { Dialog } from '../../parts/Dialog.tsx';
import type { MisfireMode } from '../../api/schema.generated.ts';
import { useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { faultAt, faultsElsewhere, fieldFaults } from '../../parts/fieldFaults.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { instantOf, InstantField } from '../../parts/InstantField.tsx';
import { TRIGGER_WORDS } from '../../parts/triggerWords.ts';
import { ZonePicker } from '../../parts/ZonePicker.tsx';
import { BROWSER_ZONE } from '../../time/format.ts';
import { wallOf } from '../../time/wallClock.ts';
import { filterOf, inputOf, missing } from './freezeForm.ts';
import type { FreezeForm } from './freezeForm.ts';
import { EXITS, occurrences } from './freezeList.ts';
import { CreateFreezeDocument, FreezeSelectionDocument } from './freezes.generated.ts';

const HOUR = 3_600_000;
const LENGTHS = [
  { label: '1 hour', ms: HOUR },
  { label: '4 hours', ms: 4 * HOUR },
  { label: '1 day', ms: 24 * HOUR },
  { label: '1 week', ms: 168 * HOUR },
];
/** What fires by hand only is held back by nothing. */
const KINDS = Object.entries(TRIGGER_WORDS).flatMap(([value, label]) => (value === 'MANUAL' ? [] : [{ value, label }]));
const FIELDS = ['reason', 'from', 'until', 'select', 'exit'];

/** Asks for a freeze; afterwards it says how much that will hold back. */
export function CreateFreezeDialog({ onClose, onDone }: { onClose(): void; onDone(): void }) {
  const act = useAct();
  const { clockOffset } = useSession();
  const now = () => Date.now() + clockOffset;
  const [form, setForm] = useState<FreezeForm>(() => ({
    reason: '', zone: BROWSER_ZONE, later: false, from: wallOf(Math.ceil(now() / HOUR) * HOUR, BROWSER_ZONE), until: '', by: 'NAMES',
    names: [], taskKeys: [], labels: [], kinds: [], managedBy: '', search: '', exit: 'SKIP',
  })); // prettier-ignore
  const [faults, setFaults] = useState<readonly FieldFault[]>([]);
  const [busy, setBusy] = useState(false);
  const [preview, setPreview] = useState<number | null>(null);
  const set = (changes: Partial<FreezeForm>) => setForm((before) => ({ ...before, ...changes }));

  const from = form.later ? instantOf(form.from, form.zone) : null;
  const until = instantOf(form.until, form.zone);
  const lacks = missing(form, until, from);
  const other = faultsElsewhere(faults, FIELDS);

  async function create() {
    if (until === null) return;
    setBusy(true);
    const outcome = await act(CreateFreezeDocument, { input: inputOf(form, from, until) }, 'createFreeze');
    setBusy(false);
    if (!outcome.ok) return setFaults(fieldFaults(outcome.faults, ['input']));
    onDone();
    setPreview(outcome.payload.suppressedPreview);
  }

  if (preview !== null)
    return (
      <Dialog onClose={onClose} title="The freeze is there">
        <Stack>
          <Alert
            color={preview === 0 ? 'yellow' : 'cyan'}
            role="status"
            title={`It is going to hold back ${occurrences(preview)}`}
          >
            {preview === 0
              ? 'None of what it selects would fire in that time. Schedules that are created meanwhile are held back when a filter selects them.'
              : `As far as can be said by now, of what it selects. ${EXITS.find(({ value }) => value === form.exit)?.description ?? ''}`}
          </Alert>
          <Group justify="flex-end">
            <Button onClick={onClose} data-autofocus>
              Good
            </Button>
          </Group>
        </Stack>
      </Dialog>
    );

  return (
    <Dialog onClose={onClose} title="New freeze" size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (lacks === null && !busy) void create();
        }}
      >
        <Stack>
          <TextInput
            label="Reason"
            description="The ledger gives it for everything that is held back."
            required
            value={form.reason}
            maxLength={2000}
            error={faultAt(faults, 'reason')}
            onChange={(event) => set({ reason: event.currentTarget.value })}
            data-autofocus
          />
          <What form={form} set={set} fault={faultAt(faults, 'select')} />
          <ZonePicker
            label="Time zone"
            description="In which both times are read."
            value={form.zone}
            onChange={(zone) => zone !== null && set({ zone })}
          />
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <Stack gap={6}>
              <Radio.Group
                label="Begins"
                value={form.later ? 'later' : 'now'}
                onChange={(value) => set({ later: value === 'later' })}
              >
                <Group mt={4}>
                  <Radio value="now" label="At once" />
                  <Radio value="later" label="At a time" />
                </Group>
              </Radio.Group>
              {form.later && (
                <InstantField
                  label="From"
                  zone={form.zone}
                  value={form.from}
                  onChange={(value) => set({ from: value })}
                  error={faultAt(faults, 'from')}
                  required
                />
              )}
            </Stack>
            <Stack gap={6}>
              <InstantField
                label="Until"
                zone={form.zone}
                value={form.until}
                onChange={(value) => set({ until: value })}
                error={faultAt(faults, 'until')}
                required
              />
              <Group gap={6}>
                {LENGTHS.map(({ label, ms }) => (
                  <Button
                    key={label}
                    size="compact-xs"
                    variant="default"
                    onClick={() => set({ until: wallOf((from === null ? now() : Date.parse(from)) + ms, form.zone) })}
                  >
                    {label}
                  </Button>
                ))}
              </Group>
            </Stack>
          </SimpleGrid>
          <Radio.Group
            label="When it ends, what becomes of what it held back?"
            description="It goes by this and not by the misfire policies of the schedules."
            value={form.exit}
            error={faultAt(faults, 'exit')}
            onChange={(value) => set({ exit: value as MisfireMode })}
          >
            <Stack gap="xs" mt="xs">
              {EXITS.map(({ value, label, description }) => (
                <Radio key={value} value={value} label={label} description={description} />
              ))}
            </Stack>
          </Radio.Group>
          {other !== null && (
            <Alert color="red" role="alert">
              {other}
            </Alert>
          )}
          <Group justify="space-between" wrap="nowrap">
            <Text size="sm" c="dimmed" aria-live="polite">
              {lacks}
            </Text>
            <Group gap="xs" wrap="nowrap">
              <Button variant="default" onClick={onClose}>
                Close
              </Button>
              <Button type="submit" loading={busy} disabled={lacks !== null}>
                Freeze
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

interface WhatProps {
  form: FreezeForm;
  set(changes: Partial<FreezeForm>): void;
  fault: string | null;
}

/** Which schedules are meant, and how many that is at this moment. */
function What({ form, set, fault }: WhatProps) {
  return (
    <Stack gap="xs" role="group" aria-label="What it holds back">
      <Text size="sm" fw={500}>
        What it holds back
      </Text>
      <SegmentedControl
        value={form.by}
        onChange={(by) => set({ by: by as FreezeForm['by'] })}
        aria-label="Selected by"
        data={[
          { value: 'NAMES', label: 'Schedules by name' },
          { value: 'FILTER', label: 'By a filter' },
          { value: 'ALL', label: 'All schedules' },
        ]}
      />
      {form.by === 'NAMES' && <NamePicker names={form.names} onChange={(names) => set({ names })} />}
      {form.by === 'FILTER' && (
        <>
          <Text size="sm" c="dimmed">
            All that is given must match. Schedules that come to match while it lasts are held back, too.
          </Text>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <TagsInput
              label="Labels"
              placeholder={form.labels.length === 0 ? 'team=shop' : ''}
              splitChars={[',']}
              value={[...form.labels]}
              onChange={(labels) => set({ labels })}
            />
            <TagsInput
              label="Task keys"
              placeholder={form.taskKeys.length === 0 ? 'orders.sync' : ''}
              splitChars={[',']}
              value={[...form.taskKeys]}
              onChange={(taskKeys) => set({ taskKeys })}
            />
            <MultiSelect
              label="Kinds of trigger"
              data={KINDS}
              value={[...form.kinds]}
              onChange={(kinds) => set({ kinds })}
              clearable
              clearButtonProps={{ 'aria-label': 'Any kind' }}
            />
            <TextInput
              label="Managed by"
              value={form.managedBy}
              onChange={(event) => set({ managedBy: event.currentTarget.value })}
            />
            <TextInput
              label="Search"
              description="Words of the name, description or task key."
              value={form.search}
              maxLength={200}
              onChange={(event) => set({ search: event.currentTarget.value })}
            />
          </SimpleGrid>
        </>
      )}
      {form.by !== 'NAMES' && <Matching form={form} />}
      {fault !== null && (
        <Text size="sm" c="var(--mantine-color-error)" role="alert">
          {fault}
        </Text>
      )}
    </Stack>
  );
}

/** Searches on the server while one types. */
function NamePicker({ names, onChange }: { names: readonly string[]; onChange(names: string[]): void }) {
  const [search, setSearch] = useState('');
  const [asked] = useDebouncedValue(search.slice(0, 200), 200);
  const [{ data, fetching }] = useQuery({
    query: FreezeSelectionDocument,
    variables: { filter: asked.trim() === '' ? null : { search: asked.trim() } },
  });
  const found = data?.schedules.nodes.map(({ name }) => name) ?? [];
  return (
    <MultiSelect
      label="Schedules"
      placeholder={names.length === 0 ? 'Search by name, description or task' : ''}
      data={[...new Set([...names, ...found])]}
      value={[...names]}
      onChange={onChange}
      searchable
      searchValue={search}
      onSearchChange={setSearch}
      filter={({ options }) => options}
      hidePickedOptions
      clearable
      clearButtonProps={{ 'aria-label': 'None of them' }}
      nothingFoundMessage={fetching ? 'Searching …' : 'No schedule matches.'}
    />
  );
}

function Matching({ form }: { form: FreezeForm }) {
  const [filter] = useDebouncedValue(JSON.stringify(filterOf(form)), 300);
  const nothing = form.by === 'FILTER' && filter === '{}';
  const [{ data, fetching }] = useQuery({
    query: FreezeSelectionDocument,
    variables: { filter: JSON.parse(filter) as object },
    pause: nothing,
  });
  if (nothing) return null;
  // While another filter is asked about the data are still those of the one before.
  const { totalCount = null, totalCountCapped = false, nodes = [] } = (!fetching && data?.schedules) || {};
  const count = totalCount === null ? '…' : totalCountCapped ? 'more than 10,000' : totalCount.toLocaleString('en');
  return (
    <Text size="sm" aria-live="polite">
      {totalCount === 1 ? 'One schedule matches' : `${count} schedules match`} at this moment
      {nodes.length > 0 && ': '}
      {nodes.slice(0, 5).map(({ id, name }, index) => (
        <span key={id}>
          {index > 0 && ', '}
          <Anchor component={Link} href={`/schedules/${id}`} target="_blank" rel="noreferrer" inherit underline="always">
            {name}
          </Anchor>
        </span>
      ))}
      {nodes.length > 0 && (totalCount ?? 0) > 5 ? ' …' : '.'}
    </Text>
  );
}
