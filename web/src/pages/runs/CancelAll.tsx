import { Alert, Skeleton, Text } from '@mantine/core';
import { useState } from 'react';
import { useQuery } from 'urql';
import { faultText, useAct } from '../../api/useAct.ts';
import type { RunFilter } from '../../api/schema.generated.ts';
import { MayButton } from '../../parts/MayButton.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { cancelableOf } from './runFilters.ts';
import { CancelRunsDocument, RunsCountDocument } from './runs.generated.ts';

/** So many are canceled at once. */
const MOST = 1000;

/** Cancels all runs that the filter shows and that have not ended. */
export function CancelAll({ filter, filtered }: { filter: RunFilter; filtered: boolean }) {
  const [open, setOpen] = useState(false);
  const cancelable = cancelableOf(filter);
  const blocked = !filtered
    ? 'Filter the runs first: without a filter every run there is would be canceled.'
    : cancelable === null
      ? 'None of the states that are shown can be canceled.'
      : null;
  return (
    <>
      <MayButton role="OPERATOR" variant="default" blocked={blocked} onClick={() => setOpen(true)}>
        Cancel all that match
      </MayButton>
      {open && cancelable && <CancelAllDialog filter={cancelable} onClose={() => setOpen(false)} />}
    </>
  );
}

const runs = (count: number) => `${count.toLocaleString('en')} ${count === 1 ? 'run' : 'runs'}`;

function CancelAllDialog({ filter, onClose }: { filter: RunFilter; onClose(): void }) {
  const act = useAct();
  const [{ data }, recount] = useQuery({ query: RunsCountDocument, variables: { filter }, requestPolicy: 'network-only' });
  const count = data?.runs.totalCount;
  const tooMany = count !== undefined && count > MOST;
  return (
    <ReasonDialog
      title="Cancel all that match?"
      confirm={count === undefined ? 'Cancel them' : `Cancel ${runs(count)}`}
      color="red"
      required
      onClose={onClose}
      onConfirm={async (reason) => {
        if (count === undefined) return 'They have not been counted yet.';
        if (count === 0) return 'There is nothing to cancel.';
        if (tooMany) return `At most ${MOST.toLocaleString('en')} at once.`;
        const outcome = await act(CancelRunsDocument, { input: { filter, reason, max: count } }, 'cancelRuns');
        if (!outcome.ok) {
          // More of them may match by now than were counted: then none was canceled.
          recount({ requestPolicy: 'network-only' });
          return faultText(outcome.faults);
        }
        sayDone(`${runs(outcome.payload.runs.length)} canceled`, 'What was running ends within 10 seconds.');
        return null;
      }}
    >
      {count === undefined && <Skeleton h={20} />}
      {count !== undefined && !tooMany && (
        <Text size="sm" role="status">
          {count === 0
            ? 'No run that has not ended matches the filter.'
            : `${runs(count)} that ${count === 1 ? 'has' : 'have'} not ended ${count === 1 ? 'matches' : 'match'} the filter. Those that wait are canceled at once; those that run have up to 10 seconds. None is tried again.`}
        </Text>
      )}
      {tooMany && (
        <Alert color="orange">
          {data?.runs.totalCountCapped === true ? 'More than ' : ''}
          {runs(count)} match, and at most {MOST.toLocaleString('en')} are canceled at once. Narrow the filter, such as by time.
        </Alert>
      )}
    </ReasonDialog>
  );
}
