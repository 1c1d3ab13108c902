import { Badge, Card, CloseButton, Group, Progress, Text } from '@mantine/core';
import { useState } from 'react';
import type { BackfillState } from '../../../api/schema.generated.ts';
import { faultText, useAct } from '../../../api/useAct.ts';
import { useLive } from '../../../api/useLive.ts';
import { MayButton } from '../../../parts/MayButton.tsx';
import { sayDone, sayFault } from '../../../parts/toasts.tsx';
import { useFilters } from '../../../shell/location.ts';
import { formatInstant } from '../../../time/format.ts';
import { CancelBackfillDocument, RunningBackfillsDocument, ScheduleBackfillDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';

const LOOKS: Record<BackfillState, { color: string; word: string }> = {
  RUNNING: { color: 'blue', word: 'Running' },
  COMPLETED: { color: 'green', word: 'Completed' },
  CANCELED: { color: 'gray', word: 'Canceled' },
};

/** The backfills that are under way, and the one that was begun here, until it is put away. */
export function Backfills({ schedule }: { schedule: ShownSchedule }) {
  const { id } = schedule;
  const [filters, setFilters] = useFilters();
  const { data } = useLive({
    query: RunningBackfillsDocument,
    variables: { id },
    // One begins with a run that is created.
    on: (change) => change.scheduleId === id && change.kind === 'CREATED',
    every: 30_000,
  });
  const begun = filters.get('backfill');
  const running = (data?.schedule?.runs.nodes ?? []).flatMap(({ backfill }) =>
    backfill?.state === 'RUNNING' ? [backfill.id] : [],
  );
  const [seen, setSeen] = useState<readonly string[]>([]);
  const unseen = running.filter((each) => !seen.includes(each));
  // What was seen running stays until it is put away: one wants to know how it ended.
  if (unseen.length > 0) setSeen([...seen, ...new Set(unseen)]);
  const [away, setAway] = useState<readonly string[]>([]);
  const shown = [...new Set([...(begun === null ? [] : [begun]), ...seen])].filter((each) => !away.includes(each));
  return shown.map((each) => (
    <Backfill
      key={each}
      id={each}
      schedule={schedule}
      onAway={() => {
        setAway([...away, each]);
        if (begun === each) setFilters({ backfill: null });
      }}
    />
  ));
}

function Backfill({ id, schedule, onAway }: { id: string; schedule: ShownSchedule; onAway(): void }) {
  const act = useAct();
  const { timeZone: zone } = schedule;
  const { data } = useLive({
    query: ScheduleBackfillDocument,
    variables: { id },
    on: (change) => change.scheduleId === schedule.id,
    every: 10_000,
  });
  const [busy, setBusy] = useState(false);
  const backfill = data?.backfill;
  if (!backfill) return null;
  const { state, from, until, total, finished, failed } = backfill;
  const good = finished - failed;
  const cancel = async (cancelRuns: boolean) => {
    if (busy) return;
    setBusy(true);
    const outcome = await act(CancelBackfillDocument, { id, cancelRuns }, 'cancelBackfill');
    setBusy(false);
    if (outcome.ok) sayDone('The backfill is canceled', `${finished} of ${total} runs had ended.`);
    else sayFault('It was not canceled', faultText(outcome.faults));
  };
  return (
    <Card withBorder padding="sm" component="section" aria-label="Backfill">
      <Group justify="space-between" wrap="nowrap" mb={6} align="flex-start">
        <Group gap="xs">
          <Text fw={600} size="sm">
            Backfill
          </Text>
          <Badge size="sm" variant="light" color={LOOKS[state].color} tt="none" radius="sm">
            {LOOKS[state].word}
          </Badge>
          <Text size="xs" c="dimmed">
            {formatInstant(Date.parse(from), zone)} to {formatInstant(Date.parse(until), zone)} {zone}
          </Text>
        </Group>
        {state === 'RUNNING' ? (
          <Group gap={6} wrap="nowrap">
            <MayButton role="OPERATOR" size="compact-xs" variant="default" onClick={() => void cancel(false)}>
              Stop
            </MayButton>
            <MayButton role="OPERATOR" size="compact-xs" color="red" onClick={() => void cancel(true)}>
              Cancel
            </MayButton>
          </Group>
        ) : (
          <CloseButton size="sm" aria-label="Put the backfill away" onClick={onAway} />
        )}
      </Group>
      <Progress.Root size="md">
        <Progress.Section value={part(good, total)} color="green" aria-label={`${good} of ${total} runs went well`} />
        <Progress.Section value={part(failed, total)} color="red" aria-label={`${failed} of ${total} runs failed`} />
      </Progress.Root>
      <Text size="xs" mt={4}>
        {finished.toLocaleString('en')} of {total.toLocaleString('en')} runs have ended
        {failed > 0 && `, ${failed} of them failed`}.
        {state === 'RUNNING' && ' Stop: what runs goes on to its end. Cancel: that, too, is broken off.'}
      </Text>
    </Card>
  );
}

const part = (count: number, total: number): number => (total === 0 ? 0 : (100 * count) / total);
