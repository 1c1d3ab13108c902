import { JsonInput, Radio, Select, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { OverlapPolicy } from '../../api/schema.generated.ts';
import { useSession } from '../../api/session.tsx';
import { useAct } from '../../api/useAct.ts';
import { newKey } from '../../api/wishKey.ts';
import { faultAt, fieldFaults, refusalText } from '../../parts/fieldFaults.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { ReasonField, givenReason } from '../../parts/ReasonField.tsx';
import { instantOf, InstantField } from '../../parts/InstantField.tsx';
import { readInput } from '../../parts/readInput.ts';
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
  const [text, setText] = useState(() => {
    const sketch = task.inputSchema ? sketchOf(task.inputSchema) : {};
    return Object.keys(sketch).length === 0 ? '' : JSON.stringify(sketch, null, 2);
  });
  const [later, setLater] = useState(false);
  const [at, setAt] = useState(() => wallOf(Math.ceil((Date.now() + clockOffset) / 3_600_000) * 3_600_000, BROWSER_ZONE));
  const [overlap, setOverlap] = useState<OverlapPolicy>('SKIP');
  const [reason, setReason] = useState('');
  const [faults, setFaults] = useState<readonly FieldFault[]>([]);
  const [key] = useState(() => newKey());
  const input = readInput(text);
  const runAt = later ? instantOf(at, BROWSER_ZONE) : null;

  async function trigger() {
    const question = {
      task: { id: task.id },
      input: input.value,
      runAt,
      overlapPolicy: overlap,
      reason: givenReason(reason),
    };
    const outcome = await act(TriggerTaskDocument, { input: { ...question, idempotencyKey: key(question) } }, 'triggerTask');
    if (!outcome.ok) {
      const found = fieldFaults(outcome.faults, ['input']);
      setFaults(found);
      return refusalText(found, FIELDS);
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
      ready={input.fault === null && (!later || runAt !== null)}
      onClose={onClose}
      onConfirm={trigger}
    >
      <JsonInput
        label="Input"
        description={
          task.kind === 'HTTP'
            ? 'A JSON object that is sent in place of the body. Empty: the body of the task.'
            : task.inputSchema
              ? 'A JSON object. What it may hold stands below.'
              : 'A JSON object, or nothing.'
        }
        value={text}
        onChange={setText}
        autosize
        minRows={3}
        maxRows={14}
        error={input.fault ?? faultAt(faults, 'input')}
        classNames={{ input: 'mono' }}
        spellCheck={false}
      />
      {task.inputSchema && <InputSchema schema={task.inputSchema} whole={false} />}
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
      {later && <InstantField label="Run at" value={at} onChange={setAt} error={faultAt(faults, 'runAt')} required />}
      <Select
        label="While another run of the task has not ended"
        description={later ? 'Decided when its time has come; where it would be refused it is canceled then.' : undefined}
        data={[...OVERLAP_CHOICES]}
        value={overlap}
        onChange={(value) => value !== null && setOverlap(value as OverlapPolicy)}
        allowDeselect={false}
        error={faultAt(faults, 'overlapPolicy')}
      />
      <ReasonField
        value={reason}
        onChange={setReason}
        where="at the run and in the audit trail"
        first
        error={faultAt(faults, 'reason')}
      />
      <Text size="xs" c="dimmed">
        It runs outside of all schedules: their next times stay what they are.
      </Text>
    </FormDialog>
  );
}

const FIELDS = ['input', 'runAt', 'overlapPolicy', 'reason'];
