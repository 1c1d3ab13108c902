import { Radio, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { OverlapPolicy } from '../../api/schema.generated.ts';
import { useSession } from '../../api/session.tsx';
import { faultText, useAct } from '../../api/useAct.ts';
import { newKey } from '../../api/wishKey.ts';
import { inputFieldsOf } from '../../form/inputFields.ts';
import { RunInput, useRunInput } from '../../form/RunInput.tsx';
import { faultsAt, faultsOf } from '../../parts/faults.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ReasonField, givenReason } from '../../parts/ReasonField.tsx';
import { instantOf, InstantField } from '../../parts/InstantField.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { navigate } from '../../shell/location.ts';
import { BROWSER_ZONE } from '../../time/format.ts';
import { wallOf } from '../../time/wallClock.ts';
import { InputSchema } from './InputSchema.tsx';
import { sketchOf } from './schemaFields.ts';
import { TriggerTaskDocument } from './task.generated.ts';
import type { ShownTask } from './TaskPage.tsx';
import { OVERLAP_CHOICES } from './words.ts';

/** Runs a task without a schedule: at once or at a time, with an input that its schema describes. */
export function TriggerTaskDialog({ task, onClose }: { task: ShownTask; onClose(): void }) {
  const act = useAct();
  const { clockOffset } = useSession();
  const { form, input, whole } = useRunInput(beginningOf(task.inputSchema));
  const [later, setLater] = useState(false);
  const [at, setAt] = useState(() => wallOf(Math.ceil((Date.now() + clockOffset) / 3_600_000) * 3_600_000, BROWSER_ZONE));
  const [overlap, setOverlap] = useState<OverlapPolicy>('SKIP');
  const [reason, setReason] = useState('');
  const [key] = useState(() => newKey());
  const runAt = later ? instantOf(at, BROWSER_ZONE) : null;
  const faultOf = (field: string) => faultText(faultsAt(form.refused, [field])) || null;

  async function trigger() {
    const question = {
      task: { id: task.id },
      input,
      runAt,
      overlapPolicy: overlap,
      reason: givenReason(reason),
    };
    const outcome = await act(TriggerTaskDocument, { input: { ...question, idempotencyKey: key(question) } }, 'triggerTask');
    if (!outcome.ok) {
      const faults = faultsOf(outcome.faults);
      form.refuse(faults);
      return faultText(faults);
    }
    const { run, runs } = outcome.payload;
    sayDone(later ? 'Planned' : 'Triggered', runs.length > 1 ? `${runs.length} runs, one for each worker.` : task.name);
    if (run && runs.length === 1) navigate(`/runs/${run.id}`);
    return null;
  }

  return (
    <FormDialog
      title={`Trigger ${task.name}`}
      confirm={later ? 'Plan the run' : 'Trigger now'}
      ready={whole && (!later || runAt !== null)}
      noValidate
      onClose={onClose}
      onConfirm={trigger}
    >
      <RunInput form={form} task={task} />
      {task.inputSchema && !isDrawn(task.inputSchema) && <InputSchema schema={task.inputSchema} whole={false} />}
      <Radio.Group label="When" value={later ? 'later' : 'now'} onChange={(value) => setLater(value === 'later')}>
        <Stack gap="xs" mt={4}>
          <Radio value="now" label="At once" />
          <Radio
            value="later"
            label="At a time"
            disabled={task.scope === 'LOCAL'}
            description={task.scope === 'LOCAL' ? 'Only for tasks that run once, not on every worker.' : undefined}
          />
        </Stack>
      </Radio.Group>
      {later && <InstantField label="Run at" value={at} onChange={setAt} error={faultOf('runAt')} required />}
      <Select
        label="While another run of the task has not ended"
        description={later ? 'Decided when its time has come; where it would be refused it is canceled then.' : undefined}
        data={[...OVERLAP_CHOICES]}
        value={overlap}
        onChange={(value) => value !== null && setOverlap(value as OverlapPolicy)}
        allowDeselect={false}
        error={faultOf('overlapPolicy')}
      />
      <ReasonField
        value={reason}
        onChange={setReason}
        where="at the run and in the audit trail"
        first={task.inputSchema === null}
        error={faultOf('reason')}
      />
      <Text size="xs" c="dimmed">
        It runs outside of all schedules: their next times stay what they are.
      </Text>
    </FormDialog>
  );
}

const isDrawn = (schema: unknown): boolean => inputFieldsOf(schema) !== null;

/** What is to be written as JSON begins with what its schema asks for. */
function beginningOf(schema: ShownTask['inputSchema']): Record<string, unknown> | null {
  const sketch = schema === null || isDrawn(schema) ? {} : sketchOf(schema);
  return Object.keys(sketch).length === 0 ? null : sketch;
}
