import { Alert, Button, Checkbox, Grid, Group, Paper, Stack, Text, TextInput, Title } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { useState } from 'react';
import { useClient } from 'urql';
import { useAct } from '../../api/useAct.ts';
import { useLive } from '../../api/useLive.ts';
import { randomKey } from '../../api/randomKey.ts';
import { focusFault } from '../../parts/focusFault.ts';
import { MayButton } from '../../parts/MayButton.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { useLeaveGuard } from '../../parts/useLeaveGuard.tsx';
import { navigate } from '../../shell/location.ts';
import { formatInstant, BROWSER_ZONE } from '../../time/format.ts';
import { ConflictDialog } from './ConflictDialog.tsx';
import {
  CreateScheduleDocument,
  EditedScheduleDocument,
  EditedVersionDocument,
  UpdateScheduleDocument,
} from './editor.generated.ts';
import type { EditedScheduleQuery } from './editor.generated.ts';
import { faultsOf } from '../../parts/faults.ts';
import type { Fault } from '../../parts/faults.ts';
import { FormProvider, brokenTexts, useFormState } from '../../form/form.tsx';
import { PolicySections } from './PolicySections.tsx';
import { PreviewPanel } from './PreviewPanel.tsx';
import { sameJson } from '../../parts/path.ts';
import { FIELD_WORDS, cleanSpec, differingFields, patchOf } from './spec.ts';
import type { Spec } from './spec.ts';
import { useChosenTask } from './TaskPicker.tsx';
import { WhatSection, WithSection } from './WhatSection.tsx';
import { WhenSection } from './WhenSection.tsx';
import { usePreview } from './usePreview.ts';
import { keepWalls } from './zone.ts';

export type Edited = NonNullable<EditedScheduleQuery['schedule']>;

interface EditorProps {
  initial: Spec;
  /** As it was read; null: it is to be created. */
  edited: Edited | null;
}

/** The form of a schedule's definition, with what it would fire beside it. */
export function Editor({ initial, edited }: EditorProps) {
  const state = useFormState(initial, keepWalls);
  // What the changes are counted from: the definition as it was read, or theirs after a merge.
  const [base, setBase] = useState({ spec: initial, version: edited?.version ?? 0 });
  const [theirs, setTheirs] = useState<Edited | null>(null);
  const [triggerNow, setTriggerNow] = useState(false);
  const [reason, setReason] = useState('');
  const [busy, setBusy] = useState(false);
  // Of this form: pressed twice, or sent again over a bad line, it makes one schedule.
  const [idempotencyKey] = useState(randomKey);
  const client = useClient();
  const act = useAct();
  const preview = usePreview(state.value);

  const task = useChosenTask(state.value['task']);
  // Beside the form, or right behind the trigger that it is of.
  const wide = useMediaQuery('(min-width: 75em)', undefined, { getInitialValueInEffect: false });
  const broken = brokenTexts(state.texts);
  const changed = differingFields(base.spec, state.value);
  const unsaved = changed.length > 0 || broken.length > 0;
  const { question, release } = useLeaveGuard(unsaved);
  const faults = [
    ...preview.faults,
    ...state.refused.filter((fault) => !preview.faults.some((other) => sameJson(other.path, fault.path))),
  ];
  const newer = useNewerVersion(edited?.id ?? null, base.version);

  async function readTheirs(id: string) {
    const { data } = await client.query(EditedScheduleDocument, { ref: { id } }, { requestPolicy: 'network-only' }).toPromise();
    if (data?.schedule) setTheirs(data.schedule);
    else
      state.refuse([
        { path: [], message: 'The schedule could not be read again: it may have been deleted. Your changes are still here.' },
      ]);
  }

  function refuse(told: readonly { message: string; path?: readonly string[] | null }[]) {
    focusFault(document.querySelector('#content'), () => state.refuse(faultsOf(told)));
  }

  async function save() {
    setBusy(true);
    const saved = edited === null ? await create() : await update(edited.id);
    setBusy(false);
    if (saved === null) return;
    release();
    sayDone(edited === null ? 'Created' : 'Saved', saved.name);
    navigate(`/schedules/${saved.id}`);
  }

  async function create() {
    const spec = cleanSpec(state.value);
    const local: Fault[] = spec['task'] === undefined ? [{ path: ['task'], message: 'Choose the task that is run.' }] : [];
    if (local.length > 0) {
      refuse(local.map((fault) => ({ ...fault, path: [...fault.path] })));
      return null;
    }
    const outcome = await act(
      CreateScheduleDocument,
      { input: { spec: spec as never, triggerNow, idempotencyKey } },
      'createSchedule',
    );
    if (outcome.ok) return outcome.payload.schedule;
    refuse(outcome.faults);
    return null;
  }

  async function update(id: string) {
    const input = {
      ref: { id },
      patch: patchOf(base.spec, state.value),
      expectedVersion: base.version,
      ...(reason.trim() !== '' && { reason: reason.trim() }),
    };
    const outcome = await act(UpdateScheduleDocument, { input }, 'updateSchedule');
    if (outcome.ok) return outcome.payload.schedule;
    if (outcome.faults.some((fault) => 'code' in fault && fault.code === 'VERSION_CONFLICT')) await readTheirs(id);
    else refuse(outcome.faults);
    return null;
  }

  const declared = edited?.managedBy?.startsWith('task:') === true;
  const blocked =
    broken.length > 0
      ? 'There is text that is no JSON yet.'
      : edited !== null && changed.length === 0
        ? 'Nothing has been changed.'
        : declared
          ? 'It is declared in the code of its task, and edited there.'
          : null;

  return (
    <FormProvider value={{ ...state, faults }}>
      <PageHead
        title={edited === null ? 'New schedule' : `Edit ${edited.name}`}
        hint={
          edited === null
            ? 'What is run, when, and how it behaves.'
            : `Version ${base.version}. What was due before the change is not run again.`
        }
      />
      <Stack>
        {declared && (
          <Alert color="yellow" title="Declared in code">
            This schedule comes with the code of its task and can only be edited there. Duplicate it to have one of your own.
          </Alert>
        )}
        {edited?.managedBy != null && !declared && (
          <Alert color="yellow" title={`Kept by ${edited.managedBy}`}>
            When that is applied again, what you change here is undone.
          </Alert>
        )}
        {newer !== null && theirs === null && (
          <Alert color="orange" role="status" title="It has been changed meanwhile">
            <Group>
              <Text size="sm">{newer === 'GONE' ? 'The schedule is deleted.' : `Somebody has saved version ${newer}.`}</Text>
              {newer !== 'GONE' && edited !== null && (
                <Button size="compact-sm" variant="default" onClick={() => void readTheirs(edited.id)}>
                  Compare it with yours
                </Button>
              )}
            </Group>
          </Alert>
        )}
        <Grid gap="md">
          <Grid.Col span={wide ? 7 : 12}>
            <Stack>
              <WhatSection task={task} />
              <WhenSection creating={edited === null} />
              {!wide && (
                <Paper withBorder p="md">
                  <PreviewPanel preview={preview} />
                </Paper>
              )}
              <WithSection task={task} />
              <Paper withBorder p="md" component="section" aria-label="Policies">
                <Title order={2} mb="sm">
                  How it behaves
                </Title>
                <PolicySections task={task} />
              </Paper>
            </Stack>
          </Grid.Col>
          {wide && (
            <Grid.Col span={5}>
              <Paper
                withBorder
                p="md"
                pos="sticky"
                top={68}
                mah="calc(100vh - 150px)"
                style={{ overflow: 'auto' }}
                tabIndex={0}
                role="group"
                aria-label="Preview of the trigger"
              >
                <PreviewPanel preview={preview} />
              </Paper>
            </Grid.Col>
          )}
        </Grid>
        <Paper withBorder p="sm" shadow="md" pos="sticky" bottom={8} style={{ zIndex: 5 }} component="section" aria-label="Save">
          <Stack gap="xs">
            <Refused faults={state.refused} />
            <Group justify="space-between" gap="sm">
              {edited === null ? (
                <Group gap="lg">
                  <Checkbox
                    label="Also run it now, once"
                    checked={triggerNow}
                    onChange={({ currentTarget }) => setTriggerNow(currentTarget.checked)}
                  />
                  <Checkbox
                    label="Create it paused"
                    checked={state.value['paused'] === true}
                    onChange={({ currentTarget }) => state.set(['paused'], currentTarget.checked ? true : undefined)}
                  />
                </Group>
              ) : (
                <TextInput
                  flex="1 1 220px"
                  maw={420}
                  aria-label="Reason"
                  placeholder="Reason, for the history (may be left empty)"
                  maxLength={2000}
                  value={reason}
                  onChange={({ currentTarget }) => setReason(currentTarget.value)}
                />
              )}
              <Group gap="xs">
                <Text size="sm" c="dimmed" visibleFrom="sm">
                  {edited !== null &&
                    (changed.length === 0
                      ? 'No changes'
                      : `Changed: ${changed.map((name) => FIELD_WORDS[name] ?? name).join(', ')}`)}
                </Text>
                <Button variant="default" onClick={() => navigate(edited === null ? '/schedules' : `/schedules/${edited.id}`)}>
                  Cancel
                </Button>
                <MayButton role="EDITOR" blocked={blocked} loading={busy} onClick={() => void save()}>
                  {edited === null ? 'Create schedule' : 'Save changes'}
                </MayButton>
              </Group>
            </Group>
          </Stack>
        </Paper>
      </Stack>
      {question}
      {theirs !== null && (
        <ConflictDialog
          base={base.spec}
          mine={state.value}
          theirs={{ timeZone: 'UTC', ...(theirs.spec as Spec) }}
          baseVersion={base.version}
          theirVersion={theirs.version}
          who={`${theirs.updatedBy.name ?? theirs.updatedBy.id} saved it at ${formatInstant(Date.parse(theirs.updatedAt), BROWSER_ZONE)} ${BROWSER_ZONE}.`}
          onClose={() => setTheirs(null)}
          onGoOn={(merged) => {
            setBase({ spec: { timeZone: 'UTC', ...(theirs.spec as Spec) }, version: theirs.version });
            state.replace(merged);
            setTheirs(null);
          }}
        />
      )}
    </FormProvider>
  );
}

/** The version on the server when it is another one than the form began with. */
function useNewerVersion(id: string | null, version: number): number | 'GONE' | null {
  const { data } = useLive({
    query: EditedVersionDocument,
    variables: { ref: { id: id ?? '' } },
    on: (change) => change.of === 'schedule' && change.id === id,
    pause: id === null,
  });
  if (id === null || !data) return null;
  if (data.schedule === null) return 'GONE';
  return data.schedule.version > version ? data.schedule.version : null;
}

/** What the server did not take, and where that is. */
function Refused({ faults }: { faults: readonly Fault[] }) {
  if (faults.length === 0) return null;
  return (
    <Alert
      color="red"
      role="alert"
      p="xs"
      title={faults.length === 1 ? 'It was not saved' : `It was not saved: ${faults.length} things are to be put right`}
    >
      {faults.map(({ path, message }, index) => (
        <Text key={index} size="sm" style={{ overflowWrap: 'anywhere' }}>
          {path.length > 0 && <b>{FIELD_WORDS[path[0] as string] ?? path[0]}: </b>}
          {message}
        </Text>
      ))}
    </Alert>
  );
}
