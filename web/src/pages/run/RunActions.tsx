import { Alert, Select, Text, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { useAct, faultText } from '../../api/useAct.ts';
import { newKey } from '../../api/wishKey.ts';
import { useSession } from '../../api/session.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { RUN_LOOKS, UNFINISHED } from '../../parts/states.ts';
import { sayDone } from '../../parts/toasts.tsx';
import { navigate } from '../../shell/location.ts';
import { readRetryInput } from './retryInput.ts';
import { CancelRunDocument, RetryRunDocument, RunPayloadDocument } from './run.generated.ts';
import type { RetryRunInput } from '../../api/schema.generated.ts';
import type { ShownRun } from './RunStatus.tsx';

interface RunActionsProps {
  run: ShownRun;
  /** In their order. */
  steps: readonly string[];
  /** Asked for elsewhere: the dialog that is open, and from which step. */
  retrying: { step: string | null } | null;
  setRetrying(retrying: { step: string | null } | null): void;
}

/** Cancel and retry, each with why it cannot be done. */
export function RunActions({ run, steps, retrying, setRetrying }: RunActionsProps) {
  const [canceling, setCanceling] = useState(false);
  const over = !UNFINISHED.includes(run.state);
  const isCanceling = run.state === 'CANCELING';
  return (
    <>
      <MayButton
        role="OPERATOR"
        variant="default"
        blocked={over ? `It has ended: it is ${RUN_LOOKS[run.state].word.toLowerCase()}.` : null}
        onClick={() => setCanceling(true)}
      >
        {isCanceling ? 'Cancel by force' : 'Cancel'}
      </MayButton>
      <MayButton role="OPERATOR" blocked={whyNoRetry(run)} onClick={() => setRetrying({ step: null })}>
        Retry
      </MayButton>
      {canceling && <CancelDialog run={run} onClose={() => setCanceling(false)} />}
      {retrying && <RetryDialog run={run} steps={steps} from={retrying.step} onClose={() => setRetrying(null)} />}
    </>
  );
}

/** @returns null: it can be retried */
export function whyNoRetry(run: ShownRun): string | null {
  if (UNFINISHED.includes(run.state)) return 'Only what has ended can be run once more. Cancel it first.';
  return run.task.pause === null ? null : `Its task is paused: ${run.task.pause.reason}. Resume it first.`;
}

function CancelDialog({ run, onClose }: { run: ShownRun; onClose(): void }) {
  const act = useAct();
  const force = run.state === 'CANCELING';
  const held = force || run.state === 'RUNNING';
  return (
    <ReasonDialog
      title={force ? 'Cancel this run by force?' : 'Cancel this run?'}
      confirm={force ? 'Cancel by force' : 'Cancel the run'}
      color="red"
      onClose={onClose}
      onConfirm={async (reason) => {
        const input = { id: run.id, force, ...(reason !== '' && { reason }) };
        const outcome = await act(CancelRunDocument, { input }, 'cancelRun');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone(
          outcome.payload.run?.state === 'CANCELING' ? 'The run is being canceled' : 'The run is canceled',
          outcome.payload.run?.state === 'CANCELING' ? 'Its worker has up to 10 seconds to break it off.' : '',
        );
        return null;
      }}
    >
      {force ? (
        <Alert color="orange">
          The attempt is taken away from its worker at once. What the worker does after that is not recorded, and may still go on
          for a while.
        </Alert>
      ) : (
        <Text size="sm">
          {held
            ? 'Its worker is told to break the attempt off, and has up to 10 seconds for it. It is not tried again.'
            : 'It has not begun, and never will. What waits for it goes on.'}
        </Text>
      )}
    </ReasonDialog>
  );
}

const WHOLE = ' whole';

interface RetryDialogProps {
  run: ShownRun;
  steps: readonly string[];
  from: string | null;
  onClose(): void;
}

function RetryDialog({ run, steps, from, onClose }: RetryDialogProps) {
  const { viewer } = useSession();
  const act = useAct();
  const [{ data, fetching }] = useQuery({
    query: RunPayloadDocument,
    variables: { id: run.id },
    requestPolicy: 'cache-first',
    pause: viewer.actor.kind === 'ANONYMOUS',
  });
  const [step, setStep] = useState<string>(from ?? WHOLE);
  /** null: as it was. */
  const [edited, setEdited] = useState<string | null>(null);
  const [key] = useState(() => newKey());
  const [fault, setFault] = useState<string | null>(null);
  const before = data?.run?.input == null ? '' : JSON.stringify(data.run.input, null, 2);

  return (
    <ReasonDialog
      title="Run it once more?"
      confirm="Retry"
      onClose={onClose}
      onConfirm={async (reason) => {
        const read = readRetryInput(edited, before);
        setFault(read.ok ? null : read.fault);
        if (!read.ok) return 'The input cannot be sent as it is.';
        const input: RetryRunInput = {
          id: run.id,
          ...(step !== WHOLE && { fromStep: step }),
          ...(read.input !== undefined && { input: read.input }),
          ...(reason !== '' && { reason }),
        };
        // What was sent and not answered does nothing when it is sent again; what was changed in between is another wish.
        const outcome = await act(RetryRunDocument, { input: { ...input, idempotencyKey: key(input) } }, 'retryRun');
        if (!outcome.ok) return faultText(outcome.faults);
        const again = outcome.payload.run;
        sayDone('It runs once more', 'This is the page of that run.');
        if (again) navigate(`/runs/${again.id}`);
        return null;
      }}
    >
      <Text size="sm">A run of its own, for the same occurrence, under the policies that its task and schedule have by now.</Text>
      {steps.length > 0 && (
        <Select
          label="From"
          description="Steps that were begun before it and succeeded are not done again."
          data={[{ value: WHOLE, label: 'The beginning' }, ...steps.map((name) => ({ value: name, label: name }))]}
          value={step}
          allowDeselect={false}
          searchable={steps.length > 10}
          onChange={(value) => setStep(value ?? WHOLE)}
        />
      )}
      <Textarea
        label="Input"
        description={
          edited === null || edited === before ? 'As it was. Edit it to give it another one.' : 'Another one than before.'
        }
        placeholder={fetching ? 'Reading …' : 'none'}
        value={edited ?? before}
        onChange={(event) => {
          setEdited(event.currentTarget.value);
          setFault(null);
        }}
        error={fault}
        autosize
        minRows={3}
        maxRows={14}
        spellCheck={false}
        styles={{ input: { fontFamily: 'var(--mantine-font-family-monospace)', fontSize: 12 } }}
      />
    </ReasonDialog>
  );
}
