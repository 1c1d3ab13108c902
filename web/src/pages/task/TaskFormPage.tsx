import {
  Alert,
  Anchor,
  Button,
  Group,
  JsonInput,
  NativeSelect,
  NumberInput,
  PasswordInput,
  SimpleGrid,
  Skeleton,
  Stack,
  Text,
  Textarea,
  TextInput,
} from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import type { HttpMethod } from '../../api/schema.generated.ts';
import { useMay, useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { DurationField } from '../../parts/DurationField.tsx';
import { faultAt, faultsElsewhere, fieldFaults } from '../../parts/fieldFaults.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { focusFault } from '../../parts/focusFault.ts';
import { NeedsRole } from '../../parts/NeedsRole.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { Panel } from '../../parts/Panel.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { useLeaveGuard } from '../../parts/useLeaveGuard.tsx';
import { navigate } from '../../shell/location.ts';
import { RowsField } from './RowsField.tsx';
import { SigningField } from './SigningField.tsx';
import { CreateHttpTaskDocument, TaskToEditDocument, UpdateHttpTaskDocument } from './task.generated.ts';
import { EMPTY, faultsIn, formOf, inputOf, patchOf, WITH_BODY } from './taskForm.ts';
import type { SecretRow, TaskForm } from './taskForm.ts';

/** The form of an HTTP task: a new one, or one that is there. */
export default function TaskFormPage({ name }: Record<string, string>) {
  const may = useMay('EDITOR');
  const key = name === undefined ? null : decodeURIComponent(name);
  if (!may)
    return (
      <>
        <PageHead title={key === null ? 'New HTTP task' : `Edit ${key}`} />
        <NeedsRole role="EDITOR">Who edits tasks says what the server calls.</NeedsRole>
      </>
    );
  return key === null ? <Form was={null} id={null} /> : <Edit taskKey={key} />;
}

function Edit({ taskKey }: { taskKey: string }) {
  const { viewer } = useSession();
  const [{ data, error }, reread] = useQuery({
    query: TaskToEditDocument,
    variables: { key: taskKey, operator: true, known: viewer.actor.kind !== 'ANONYMOUS' },
    requestPolicy: 'network-only',
  });
  if (error && !data) return <ErrorNotice error={error} retry={reread} />;
  if (!data)
    return (
      <>
        <PageHead title={`Edit ${taskKey}`} />
        <Stack maw={820}>
          <Skeleton h={280} />
          <Skeleton h={420} />
        </Stack>
      </>
    );
  if (!data.task || data.task.kind === 'CODE')
    return (
      <>
        <PageHead title={taskKey} />
        <EmptyState title={data.task ? 'It is a code task' : 'There is no such task'}>
          {data.task ? (
            'Its definition is in its code: change it there, and start the worker anew.'
          ) : (
            <Anchor component={Link} href="/tasks">
              To all tasks
            </Anchor>
          )}
        </EmptyState>
      </>
    );
  return <Form was={formOf(data.task)} id={data.task.id} />;
}

/** Places of the form at which faults are shown. */
const FIELDS = [
  'key', 'name', 'group', 'description', 'url', 'method', 'headers', 'secretHeaders', 'signingSecret', 'body', 'successStatuses', 'labels',
  'execution.timeout', 'execution.priority', 'execution.concurrency', 'execution.retry.maxAttempts', 'execution.retry.initialInterval',
  'execution.retry.backoffCoefficient', 'execution.retry.maxInterval', 'execution.retry.jitter', 'execution.retry.nonRetryableErrors',
  'retention.runs', 'retention.count',
]; // prettier-ignore

const METHODS: readonly HttpMethod[] = ['POST', 'GET', 'PUT', 'PATCH', 'DELETE', 'HEAD'];

function Form({ was, id }: { was: TaskForm | null; id: string | null }) {
  const act = useAct();
  const [start] = useState(was ?? EMPTY);
  const [form, setForm] = useState<TaskForm>(start);
  const [faults, setFaults] = useState<readonly FieldFault[]>([]);
  const [busy, setBusy] = useState(false);
  const set = (changes: Partial<TaskForm>) => setForm((now) => ({ ...now, ...changes }));
  const at = (field: string) => faultAt(faults, field);
  const back = id === null ? '/tasks' : `/tasks/${encodeURIComponent(start.key)}`;
  const other = faultsElsewhere(faults, FIELDS);
  const touched = JSON.stringify(form) !== JSON.stringify(start);
  const { question, release } = useLeaveGuard(touched);

  async function submit() {
    const seen = faultsIn(form, id === null);
    const refuse = (told: readonly FieldFault[]) => focusFault(document.querySelector('#content'), () => setFaults(told));
    if (seen.length > 0) return refuse(seen);
    setFaults([]);
    setBusy(true);
    const outcome =
      id === null
        ? await act(CreateHttpTaskDocument, { input: inputOf(form) }, 'createHttpTask')
        : await act(UpdateHttpTaskDocument, { task: { id }, patch: patchOf(form, start) }, 'updateHttpTask');
    setBusy(false);
    if (!outcome.ok) return refuse(fieldFaults(outcome.faults, ['input', 'patch', 'http']));
    release();
    sayDone(id === null ? 'Created' : 'Changed', form.name);
    navigate(`/tasks/${encodeURIComponent(outcome.payload.task?.key ?? form.key)}`);
  }

  const text = (field: 'key' | 'name' | 'group' | 'description' | 'url' | 'successStatuses') => ({
    value: form[field],
    error: at(field),
    onChange: (event: { currentTarget: { value: string } }) => set({ [field]: event.currentTarget.value }),
  });
  const number = (field: 'priority' | 'concurrency' | 'maxAttempts' | 'backoffCoefficient' | 'keepCount', fault: string) => ({
    value: form[field],
    error: at(fault),
    // What is out of range is the server's to refuse, in words; nothing that was typed is changed.
    clampBehavior: 'none' as const,
    onChange: (value: number | string) => set({ [field]: value === '' ? '' : Number(value) }),
  });
  const duration = (field: 'timeout' | 'initialInterval' | 'maxInterval' | 'jitter' | 'keepFor', fault: string) => ({
    value: form[field],
    error: at(fault),
    onChange: (value: string) => set({ [field]: value }),
  });

  return (
    <>
      <PageHead
        title={id === null ? 'New HTTP task' : `Edit ${start.name}`}
        hint={
          id === null
            ? 'A request that a worker sends each time a schedule fires, or when somebody triggers it.'
            : 'It holds for attempts that start from then on. Runs that are written already keep the policies they were written with.'
        }
      />
      <form
        noValidate
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <Stack maw={820}>
          <Panel title="Task">
            <Stack>
              <SimpleGrid cols={{ base: 1, sm: 2 }}>
                <TextInput
                  label="Key"
                  description={
                    id === null ? 'What scripts and schedules call it by: letters, digits and . _ - / :' : 'It cannot be changed.'
                  }
                  placeholder="shop.orders-sync"
                  required={id === null}
                  readOnly={id !== null}
                  {...text('key')}
                />
                <TextInput label="Name" description="For people." placeholder="Sync the orders" required {...text('name')} />
              </SimpleGrid>
              <TextInput label="Group" description="Tasks of one group stand together in filters." {...text('group')} />
              <Textarea label="Description" autosize minRows={2} maxRows={8} maxLength={2000} {...text('description')} />
              <RowsField
                label="Labels"
                description="For filters and freezes; its runs get them, too."
                rows={form.labels}
                empty={{ name: '', value: '' }}
                onChange={(labels) => set({ labels })}
                faultOf={(_, index) => at(`labels.${index}`)}
                fault={faults.find(({ field }) => field === 'labels')?.message ?? null}
                words={{ name: 'Label', value: 'Value', add: 'Add a label' }}
              />
            </Stack>
          </Panel>

          <Panel title="Request">
            <Stack>
              <Group align="flex-start" gap="xs">
                <NativeSelect
                  label="Method"
                  w={110}
                  data={[...METHODS]}
                  value={form.method}
                  error={at('method')}
                  onChange={(event) => set({ method: event.currentTarget.value as HttpMethod })}
                />
                <TextInput
                  label="URL"
                  flex={1}
                  miw={220}
                  type="url"
                  placeholder="https://example.com/hook"
                  required
                  {...text('url')}
                />
              </Group>
              <RowsField
                label="Headers"
                description="Sent as they stand here. Whoever has the role OPERATOR can read them."
                rows={form.headers}
                empty={{ name: '', value: '' }}
                onChange={(headers) => set({ headers })}
                faultOf={(row) => (row.name.trim() === '' ? null : at(`headers.${row.name.trim()}`))}
                fault={faults.find(({ field }) => field === 'headers')?.message ?? null}
                words={{ name: 'Header', value: 'Value', add: 'Add a header' }}
              />
              <RowsField<SecretRow>
                label="Secret headers"
                description="Stored encrypted, sent to the host of the URL only, and never shown again: to nobody."
                rows={form.secretHeaders}
                empty={{ name: '', value: '', kept: false }}
                onChange={(secretHeaders) => set({ secretHeaders })}
                faultOf={(row) => (row.name.trim() === '' ? null : at(`secretHeaders.${row.name.trim()}`))}
                fault={faults.find(({ field }) => field === 'secretHeaders')?.message ?? null}
                words={{ name: 'Header', value: 'Secret value', add: 'Add a secret header' }}
                fixed={({ kept }) => kept}
                valueField={(row, change) =>
                  row.kept ? (
                    <Group gap="xs" wrap="nowrap">
                      <Text size="sm" c="dimmed">
                        •••••• kept
                      </Text>
                      <Button
                        size="compact-xs"
                        variant="default"
                        aria-label={`Replace ${row.name}`}
                        onClick={() => change({ ...row, kept: false })}
                      >
                        Replace
                      </Button>
                    </Group>
                  ) : (
                    <PasswordInput
                      aria-label={`Secret value of ${row.name === '' ? 'the header' : row.name}`}
                      placeholder="6 to 4,096 characters"
                      autoComplete="off"
                      value={row.value}
                      onChange={(event) => change({ ...row, value: event.currentTarget.value })}
                    />
                  )
                }
              />
              <SigningField
                value={form.signingSecret}
                fault={at('signingSecret')}
                onChange={(signingSecret) => set({ signingSecret })}
              />
              {WITH_BODY.includes(form.method) ? (
                <JsonInput
                  label="Body"
                  description="JSON. A run that has an input sends that in its place. Empty: none."
                  autosize
                  minRows={3}
                  maxRows={20}
                  spellCheck={false}
                  classNames={{ input: 'mono' }}
                  value={form.body}
                  error={at('body')}
                  onChange={(body) => set({ body })}
                />
              ) : (
                <Text size="sm" c="dimmed">
                  A {form.method} request has no body.
                </Text>
              )}
              <TextInput
                label="Succeeds with"
                description="Statuses that make the run a success, such as 200-299,304. Others are a failure."
                {...text('successStatuses')}
              />
            </Stack>
          </Panel>

          <Panel title="Policies">
            <Text size="sm" c="dimmed" mb="sm">
              Schedules may say otherwise for their own runs.
            </Text>
            <SimpleGrid cols={{ base: 1, sm: 2 }}>
              <DurationField
                label="Time limit"
                description="For each attempt."
                units={['SECONDS', 'MINUTES', 'HOURS']}
                {...duration('timeout', 'execution.timeout')}
              />
              <NumberInput
                label="Concurrency"
                description="Most runs at once; others wait."
                placeholder="any number"
                min={1}
                allowDecimal={false}
                {...number('concurrency', 'execution.concurrency')}
              />
              <NumberInput
                label="Attempts"
                description="With the first one; 1: no retries."
                min={1}
                allowDecimal={false}
                {...number('maxAttempts', 'execution.retry.maxAttempts')}
              />
              <DurationField
                label="First wait"
                description="Before the second attempt."
                units={['SECONDS', 'MINUTES', 'HOURS']}
                {...duration('initialInterval', 'execution.retry.initialInterval')}
              />
              <NumberInput
                label="Growth of the wait"
                description="Each is so many times the one before."
                min={1}
                {...number('backoffCoefficient', 'execution.retry.backoffCoefficient')}
              />
              <DurationField
                label="Longest wait"
                description="Empty: one day."
                units={['MINUTES', 'SECONDS', 'HOURS']}
                {...duration('maxInterval', 'execution.retry.maxInterval')}
              />
              <DurationField
                label="Jitter"
                description="Up to this much more, at random."
                units={['SECONDS', 'MINUTES']}
                {...duration('jitter', 'execution.retry.jitter')}
              />
              <TextInput
                label="Not tried again after"
                description="Codes of errors, with commas between them."
                placeholder="HTTP_STATUS"
                value={form.nonRetryableErrors}
                error={at('execution.retry.nonRetryableErrors')}
                onChange={(event) => set({ nonRetryableErrors: event.currentTarget.value })}
              />
              <NumberInput
                label="Priority"
                description="-100 to 100. Of runs that wait the higher goes first."
                allowDecimal={false}
                {...number('priority', 'execution.priority')}
              />
              <div />
              <DurationField
                label="Keep runs for"
                description="After their end. Empty: as the server says."
                units={['DAYS', 'HOURS', 'WEEKS']}
                {...duration('keepFor', 'retention.runs')}
              />
              <NumberInput
                label="Keep the newest"
                description="Runs of each schedule."
                placeholder="any number"
                min={1}
                allowDecimal={false}
                {...number('keepCount', 'retention.count')}
              />
            </SimpleGrid>
          </Panel>

          {other !== null && (
            <Alert color="red" role="alert" title="It was refused">
              {other}
            </Alert>
          )}
          {faults.length > 0 && other === null && (
            <Text size="sm" c="var(--mantine-color-error)" role="alert">
              {faults.length === 1 ? 'One field needs another value.' : `${faults.length} fields need other values.`} They are
              marked above.
            </Text>
          )}
          <Group>
            <Button type="submit" loading={busy} disabled={id !== null && !touched}>
              {id === null ? 'Create the task' : 'Save'}
            </Button>
            <Button variant="default" component={Link} href={back}>
              {touched ? 'Leave it as it was' : 'Back'}
            </Button>
          </Group>
        </Stack>
      </form>
      {question}
    </>
  );
}
