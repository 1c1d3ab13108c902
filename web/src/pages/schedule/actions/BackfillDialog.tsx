import { Alert, Checkbox, Group, Loader, NumberInput, Select, SimpleGrid, Text } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { useEffect, useEffectEvent, useState } from 'react';
import type { BackfillSelection } from '../../../api/schema.generated.ts';
import { useSession } from '../../../api/session.tsx';
import { faultText, useAct } from '../../../api/useAct.ts';
import { InstantField } from '../../../parts/InstantField.tsx';
import { newKey } from '../../../api/wishKey.ts';
import { sayDone } from '../../../parts/toasts.tsx';
import { formatInstant } from '../../../time/format.ts';
import { readWall, wallOf } from '../../../time/wallClock.ts';
import { BackfillScheduleDocument } from '../schedule.generated.ts';
import type { ShownSchedule } from '../shown.ts';
import { FormDialog } from '../../../parts/FormDialog.tsx';
import { ReasonField, givenReason } from '../../../parts/ReasonField.tsx';

const DAY_MS = 86_400_000;
/** The first this many are named. */
const NAMED = 8;
/** The API answers this many times at most. */
const MOST_ANSWERED = 1000;
const SELECTIONS: readonly { value: BackfillSelection; label: string }[] = [
  { value: 'MISSING', label: 'that have no run' },
  { value: 'MISSING_OR_FAILED', label: 'that have no run, or whose last run failed or was canceled' },
  { value: 'ALL', label: 'all of them' },
];

type Preview = { times: readonly string[]; fault: null } | { times: null; fault: string };

interface BackfillDialogProps {
  schedule: ShownSchedule;
  onClose(): void;
  onBegun(id: string): void;
}

/** Runs what would have fired in a range that is past: shows what it is first. */
export function BackfillDialog({ schedule, onClose, onBegun }: BackfillDialogProps) {
  const act = useAct();
  const { clockOffset } = useSession();
  const { id, timeZone: zone } = schedule;
  const [now] = useState(() => Date.now() + clockOffset);
  const [from, setFrom] = useState(() => wallOf(now - DAY_MS, zone));
  const [until, setUntil] = useState(() => wallOf(now, zone));
  const [only, setOnly] = useState<BackfillSelection>('MISSING');
  const [concurrency, setConcurrency] = useState<number | string>(1);
  const [maxRuns, setMaxRuns] = useState<number | string>(1000);
  const [newestFirst, setNewestFirst] = useState(false);
  const [reason, setReason] = useState('');
  const [key] = useState(() => newKey());
  const [begin, end] = [readWall(from, zone), readWall(until, zone)];
  const wellFormed = begin !== null && end !== null && typeof concurrency === 'number' && typeof maxRuns === 'number';
  const input = {
    ref: { id },
    // A field shows whole seconds: its end is never later than now.
    range: { from: new Date(begin?.at ?? now).toISOString(), until: new Date(end?.at ?? now).toISOString() },
    only,
    concurrency: Number(concurrency),
    maxRuns: Number(maxRuns),
    newestFirst,
  };
  const [asked] = useDebouncedValue(JSON.stringify(wellFormed ? input : null), 300);
  const preview = usePreview(asked, schedule);
  const count = preview?.times?.length ?? 0;
  const counted = `${count.toLocaleString('en')}${count >= MOST_ANSWERED ? ' or more' : ''} ${count === 1 ? 'run' : 'runs'}`;
  return (
    <FormDialog
      title="Backfill"
      confirm={count === 0 ? 'Begin' : `Begin ${counted}`}
      ready={wellFormed && count > 0}
      onClose={onClose}
      onConfirm={async () => {
        const reasoned = { ...input, reason: givenReason(reason) };
        const outcome = await act(
          BackfillScheduleDocument,
          { input: { ...reasoned, idempotencyKey: key(reasoned) } },
          'backfillSchedule',
        );
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('The backfill has begun', counted);
        if (outcome.payload.backfill) onBegun(outcome.payload.backfill.id);
        return null;
      }}
    >
      <Text size="sm">
        Runs what the schedule would have fired in a range that is past, in a lane of its own: what is due meanwhile is not held
        up.
      </Text>
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <InstantField label="From" zone={zone} value={from} onChange={setFrom} first />
        <InstantField label="Until" zone={zone} value={until} onChange={setUntil} />
      </SimpleGrid>
      <Select
        label="Of the occurrences, those"
        data={SELECTIONS}
        value={only}
        onChange={(value) => value !== null && setOnly(value as BackfillSelection)}
        allowDeselect={false}
      />
      <SimpleGrid cols={{ base: 1, xs: 2 }}>
        <NumberInput label="Runs at once" min={1} max={100} value={concurrency} onChange={setConcurrency} />
        <NumberInput label="Refuse more than" suffix=" runs" min={1} max={100_000} value={maxRuns} onChange={setMaxRuns} />
      </SimpleGrid>
      <Checkbox
        label="The newest first"
        checked={newestFirst}
        onChange={(event) => setNewestFirst(event.currentTarget.checked)}
      />
      <ReasonField value={reason} onChange={setReason} />
      <PreviewNotice preview={preview} counted={counted} zone={zone} newestFirst={newestFirst} />
    </FormDialog>
  );
}

/** @param asked  an input as JSON: what is to be worked out; "null": nothing yet */
function usePreview(asked: string, schedule: ShownSchedule): Preview | null {
  const act = useAct();
  const [found, setFound] = useState<{ of: string; preview: Preview } | null>(null);
  const work = useEffectEvent(async (): Promise<Preview> => {
    const input = { ...JSON.parse(asked), dryRun: true, ref: { id: schedule.id } };
    const outcome = await act(BackfillScheduleDocument, { input }, 'backfillSchedule');
    if (!outcome.ok) return { times: null, fault: faultText(outcome.faults) };
    return { times: outcome.payload.fireTimes.map(({ at }) => at), fault: null };
  });
  useEffect(() => {
    if (asked === 'null') return;
    let over = false;
    void work().then((preview) => {
      if (!over) setFound({ of: asked, preview });
    });
    return () => {
      over = true;
    };
  }, [asked]);
  return found?.of === asked ? found.preview : null;
}

function PreviewNotice(props: { preview: Preview | null; counted: string; zone: string; newestFirst: boolean }) {
  const { preview, counted, zone, newestFirst } = props;
  if (preview === null)
    return (
      <Group mih={110} gap="xs" aria-live="polite">
        <Loader size="xs" /> <Text size="sm">Working out what it runs …</Text>
      </Group>
    );
  if (preview.times === null)
    return (
      <Alert color="red" mih={110} role="alert" title="This cannot be run">
        {preview.fault}
      </Alert>
    );
  const { times } = preview;
  return (
    <Alert
      color={times.length === 0 ? 'gray' : 'blue'}
      mih={110}
      title={times.length === 0 ? 'Nothing to run' : counted}
      aria-live="polite"
    >
      {times.length === 0 ? (
        'No occurrence of this range is left to be run.'
      ) : (
        <Text size="xs" style={{ fontVariantNumeric: 'tabular-nums' }}>
          {times
            .slice(0, NAMED)
            .map((at) => formatInstant(Date.parse(at), zone))
            .join(', ')}
          {times.length > NAMED &&
            ` … ${newestFirst ? 'back to' : 'until'} ${formatInstant(Date.parse(times.at(-1) as string), zone)}`}{' '}
          {zone}
        </Text>
      )}
    </Alert>
  );
}
