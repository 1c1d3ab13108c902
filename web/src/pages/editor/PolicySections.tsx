import { Accordion, Checkbox, Group, SimpleGrid, Stack, TagsInput, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { formatDuration } from '../../time/format.ts';
import { ChoiceAt, DurationAt, ListAt, NumberAt, TextAt } from '../../form/fields.tsx';
import { faultsAt } from '../../parts/faults.ts';
import { useField, useForm } from '../../form/form.tsx';
import { getAt, isRecord } from '../../parts/path.ts';
import type { Spec } from './spec.ts';
import type { ChosenTask } from './TaskPicker.tsx';
import { InstantAt } from './timeFields.tsx';

const OVERLAP: Record<string, { label: string; hint: string }> = {
  '': { label: 'Skip it', hint: 'The occurrence does not run; the ledger says that another run had not ended.' },
  BUFFER_ONE: {
    label: 'Let one wait',
    hint: 'It waits until the other has ended. A second one that comes meanwhile does not run.',
  },
  BUFFER_ALL: { label: 'Let them wait in line', hint: 'They wait and run one after the other, up to the buffer limit.' },
  CANCEL_OTHER: {
    label: 'Cancel the other',
    hint: 'The other is told to end, and this one waits until it has. A newer one takes its place.',
  },
  TERMINATE_OTHER: {
    label: 'Replace the other at once',
    hint: 'The other is canceled at once, whatever its worker still makes of it; this one starts.',
  },
  ALLOW_ALL: { label: 'Run beside it', hint: 'Any number of runs at the same time.' },
};

const MISFIRE: Record<string, { label: string; hint: string }> = {
  '': {
    label: 'Run once for all that were missed',
    hint: 'The latest of them runs, unless one that is on time follows; the others are coalesced.',
  },
  SKIP: { label: 'Do not make up for them', hint: 'What comes later than the grace time is missed.' },
  FIRE_ALL: { label: 'Run each of them', hint: 'In order, the newest of them, behind everything that is due by now.' },
};

const choices = (words: Record<string, { label: string }>) =>
  Object.entries(words).map(([value, { label }]) => ({ value, label }));

interface Section {
  name: string;
  title: string;
  /** Fields of the definition that are edited in it. */
  fields: readonly string[];
  /** What it says at present, in a few words. */
  says(spec: Spec, task: ChosenTask | null): string;
  body(spec: Spec, task: ChosenTask | null): ReactNode;
}

const text = (spec: Spec, ...path: string[]): string => {
  const value = getAt(spec, path);
  return typeof value === 'string' ? value : '';
};
const two = { base: 1, xs: 2 } as const;

const SECTIONS: readonly Section[] = [
  {
    name: 'bounds',
    title: 'From when, until when',
    fields: ['startAt', 'endAt', 'maxRuns', 'pauseAfterFailures'],
    says: (spec) =>
      [
        spec['startAt'] !== undefined && 'has a start',
        spec['endAt'] !== undefined && 'has an end',
        spec['maxRuns'] !== undefined && `${String(spec['maxRuns'])} runs`,
        spec['pauseAfterFailures'] !== undefined && `paused after ${String(spec['pauseAfterFailures'])} failures`,
      ]
        .filter(Boolean)
        .join(', ') || 'no bounds',
    body: () => (
      <SimpleGrid cols={two}>
        <InstantAt path={['startAt']} label="Not before" description="Inclusive." />
        <InstantAt path={['endAt']} label="Not after" description="Inclusive; it is completed then." />
        <NumberAt
          path={['maxRuns']}
          label="Limit of runs"
          description="So many occurrences become runs, then it is completed. By hand they do not count."
          min={1}
          placeholder="no limit"
        />
        <NumberAt
          path={['pauseAfterFailures']}
          label="Pause after failures"
          description="When so many runs in a row have failed, it is paused until somebody resumes it."
          min={1}
          max={1000}
          placeholder="never"
        />
      </SimpleGrid>
    ),
  },
  {
    name: 'overlap',
    title: 'When a run is still under way',
    fields: ['overlapPolicy', 'bufferLimit'],
    says: (spec) => (OVERLAP[text(spec, 'overlapPolicy')] ?? OVERLAP[''])?.label.toLowerCase() ?? '',
    body: (spec) => (
      <SimpleGrid cols={two}>
        <ChoiceAt
          path={['overlapPolicy']}
          label="Overlap policy"
          description={(OVERLAP[text(spec, 'overlapPolicy')] ?? OVERLAP[''])?.hint}
          options={choices(OVERLAP)}
        />
        {(text(spec, 'overlapPolicy') === 'BUFFER_ALL' || spec['bufferLimit'] !== undefined) && (
          <NumberAt
            path={['bufferLimit']}
            label="Buffer limit"
            description="Most that wait at once; what comes then does not run. 1 to 10,000."
            min={1}
            max={10_000}
            placeholder="100"
          />
        )}
      </SimpleGrid>
    ),
  },
  {
    name: 'misfire',
    title: 'When it could not run in time',
    fields: ['misfire'],
    says: (spec) => (MISFIRE[text(spec, 'misfire', 'mode')] ?? MISFIRE[''])?.label.toLowerCase() ?? '',
    body: (spec) => (
      <SimpleGrid cols={two}>
        <ChoiceAt
          path={['misfire', 'mode']}
          label="Misfire policy"
          description={(MISFIRE[text(spec, 'misfire', 'mode')] ?? MISFIRE[''])?.hint}
          options={choices(MISFIRE)}
        />
        <DurationAt
          path={['misfire', 'graceTime']}
          label="Grace time"
          description="Late by no more than this runs as if on time. Some milliseconds late is usual: below 5 seconds healthy fires may count as late."
          placeholder="1 minute"
        />
        <DurationAt
          path={['misfire', 'catchupWindow']}
          label="Catch-up window"
          description="What is older is never made up for."
          unit="HOURS"
          placeholder="1 day"
        />
        <NumberAt
          path={['misfire', 'maxCatchupRuns']}
          label="Most that are made up for"
          description="With “run each of them”: the newest so many. 1 to 1,000."
          min={1}
          max={1000}
          placeholder="100"
        />
      </SimpleGrid>
    ),
  },
  {
    name: 'dst',
    title: 'When the clock is changed',
    fields: ['dst'],
    says: (spec) => (spec['dst'] === undefined ? 'as its kind of trigger does' : 'set here'),
    body: () => (
      <>
        <SimpleGrid cols={two}>
          <ChoiceAt
            path={['dst', 'gap']}
            label="A time that the clock jumps over"
            options={[
              { value: '', label: 'As its kind of trigger does' },
              { value: 'RUN_AFTER', label: 'Runs right after the jump, once' },
              { value: 'SHIFT', label: 'Runs as much later: 02:30 becomes 03:30' },
              { value: 'SKIP', label: 'Does not run that day' },
            ]}
          />
          <ChoiceAt
            path={['dst', 'overlap']}
            label="A time that comes twice"
            options={[
              { value: '', label: 'As its kind of trigger does' },
              { value: 'FIRST', label: 'Runs the first time' },
              { value: 'LAST', label: 'Runs the second time' },
              { value: 'BOTH', label: 'Runs both times' },
            ]}
          />
        </SimpleGrid>
        <Text size="xs" c="dimmed">
          Left alone, cron and calendar run right after the jump and the first time; the others run as much later and the first
          time. What follows the clock all day, such as */10 in minutes, goes on through every change.
        </Text>
      </>
    ),
  },
  {
    name: 'spread',
    title: 'Not all at once',
    fields: ['spread', 'jitter'],
    says: (spec) =>
      text(spec, 'spread')
        ? `spread over ${formatDuration(text(spec, 'spread'))}`
        : text(spec, 'jitter')
          ? `jitter up to ${formatDuration(text(spec, 'jitter'))}`
          : 'on the instant',
    body: () => (
      <SimpleGrid cols={two}>
        <DurationAt
          path={['spread']}
          label="Spread"
          description="Each schedule is later by a stretch of its own within this, always the same. For many schedules at the same time."
          placeholder="none"
        />
        <DurationAt
          path={['jitter']}
          label="Jitter"
          description="Each occurrence is later by another stretch within this. Not together with spread."
          placeholder="none"
        />
      </SimpleGrid>
    ),
  },
  {
    name: 'execution',
    title: 'Time limit, retries, priority',
    fields: ['execution'],
    says: (spec) => (spec['execution'] === undefined ? 'as the task says' : 'set here'),
    body: (_, task) => <ExecutionFields task={task} />,
  },
  {
    name: 'labels',
    title: 'Labels',
    fields: ['labels'],
    says: (spec) => {
      const labels = Array.isArray(spec['labels']) ? spec['labels'].filter(isRecord) : [];
      return labels.length === 0 ? 'none' : labels.map(({ key, value }) => `${String(key)}=${String(value)}`).join(', ');
    },
    body: () => (
      <ListAt
        path={['labels']}
        label="Labels"
        description="For filters. Runs get them, over those of the task."
        add="Add a label"
        beginning={() => ({ key: '', value: '' })}
      >
        {(item, index) => (
          <SimpleGrid cols={2}>
            <TextAt path={[...item, 'key']} label={`Key ${index + 1}`} keepsEmpty mono />
            <TextAt path={[...item, 'value']} label={`Value ${index + 1}`} keepsEmpty mono />
          </SimpleGrid>
        )}
      </ListAt>
    ),
  },
];

/** All that has a usual value: closed while it is as usual, opened where something is wrong. */
export function PolicySections({ task }: { task: ChosenTask | null }) {
  const { value: spec, faults } = useForm();
  const [opened, setOpened] = useState<string[]>(() =>
    SECTIONS.filter(({ fields }) => fields.some((name) => spec[name] !== undefined)).map(({ name }) => name),
  );
  const faulty = SECTIONS.filter(({ fields }) => fields.some((name) => faultsAt(faults, [name]).length > 0)).map(
    ({ name }) => name,
  );
  return (
    <Accordion
      multiple
      variant="separated"
      value={[...new Set([...opened, ...faulty])]}
      onChange={setOpened}
      keepMounted={false}
      order={3}
    >
      {SECTIONS.map(({ name, title, says, body }) => (
        <Accordion.Item key={name} value={name}>
          <Accordion.Control>
            <Group justify="space-between" gap="xs">
              <Text fw={500} size="sm">
                {title}
              </Text>
              <Text size="sm" c="dimmed" style={{ overflowWrap: 'anywhere' }}>
                {says(spec, task)}
              </Text>
            </Group>
          </Accordion.Control>
          <Accordion.Panel>
            <Stack gap="sm">{body(spec, task)}</Stack>
          </Accordion.Panel>
        </Accordion.Item>
      ))}
    </Accordion>
  );
}

function ExecutionFields({ task }: { task: ChosenTask | null }) {
  const retry = useField(['execution', 'retry'], true);
  const inherited = task?.execution;
  return (
    <>
      <SimpleGrid cols={two}>
        <DurationAt
          path={['execution', 'timeout']}
          label="Time limit"
          description={`Of each attempt.${inherited ? ` Left empty, the task's: ${formatDuration(inherited.timeout)}.` : ''}`}
          placeholder="the task's"
        />
        <NumberAt
          path={['execution', 'priority']}
          label="Priority"
          description={`−100 to 100; of runs that wait the higher goes first.${inherited ? ` The task's: ${inherited.priority}.` : ''}`}
          min={-100}
          max={100}
          placeholder="the task's"
        />
      </SimpleGrid>
      <Checkbox
        label="A retry policy of its own"
        description={`It takes the place of the task's as a whole${inherited ? `, which is ${inherited.retry.maxAttempts === 1 ? 'one attempt' : `${inherited.retry.maxAttempts} attempts`}` : ''}.`}
        checked={retry.value !== undefined}
        error={retry.error}
        onChange={({ currentTarget }) => retry.set(currentTarget.checked ? { maxAttempts: 3 } : undefined)}
      />
      {retry.value !== undefined && (
        <SimpleGrid cols={two}>
          <NumberAt
            path={['execution', 'retry', 'maxAttempts']}
            label="Attempts"
            description="1: never tried again. A lost worker has used one."
            min={1}
            max={100}
            required
          />
          <DurationAt
            path={['execution', 'retry', 'initialInterval']}
            label="First wait"
            description="Between the first and the second."
            unit="SECONDS"
            placeholder="1 second"
          />
          <NumberAt
            path={['execution', 'retry', 'backoffCoefficient']}
            label="Each wait longer by"
            description="A factor, 1 to 100."
            whole={false}
            min={1}
            max={100}
            placeholder="2"
          />
          <DurationAt path={['execution', 'retry', 'maxInterval']} label="Longest wait" placeholder="1 day" />
          <DurationAt
            path={['execution', 'retry', 'jitter']}
            label="Added at random"
            description="Up to this much to each wait."
            unit="SECONDS"
            placeholder="none"
          />
          <ErrorCodes />
        </SimpleGrid>
      )}
    </>
  );
}

function ErrorCodes() {
  const { value, set, error } = useField(['execution', 'retry', 'nonRetryableErrors']);
  return (
    <TagsInput
      label="Errors that are not retried"
      description="Codes that end the run at once."
      value={Array.isArray(value) ? value.map(String) : []}
      error={error}
      onChange={(codes) => set(codes.length === 0 ? undefined : codes)}
    />
  );
}
