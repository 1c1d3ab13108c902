import { Alert, Anchor, Button, Group, List, Progress, ScrollArea, Stack, Text } from '@mantine/core';
import { useMemo, useState } from 'react';
import { Link } from 'wouter';
import { Dialog } from '../../parts/Dialog.tsx';
import { ReasonField, givenReason } from '../../parts/ReasonField.tsx';
import { randomKey } from '../../api/randomKey.ts';
import type { RunState } from '../../api/schema.generated.ts';
import { faultText, useAct } from '../../api/useAct.ts';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { oneByOne } from './bulk.ts';
import { TriggerOneDocument } from './schedules.generated.ts';
import type { Choice } from './selection.ts';
import type { Target } from './targets.ts';
import { nounOf } from './targets.ts';

/** More are a mistake more often than a wish; each is a call of its own. */
export const MOST_TRIGGERED = 200;
const LANES = 4;

type Result = { run: { id: string; state: RunState } } | { fault: string };

/** Runs them at once, each by itself, and says what became of each. */
export function TriggerDialog({ target, onClose }: { target: Target; onClose(done: boolean): void }) {
  const act = useAct();
  const key = useMemo(randomKey, []);
  const [reason, setReason] = useState('');
  const [choices, setChoices] = useState<readonly Choice[] | null>(null);
  const [results, setResults] = useState<ReadonlyMap<number, Result>>(new Map());
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string | null>(null);
  const faults = [...results.values()].filter((result) => 'fault' in result).length;

  async function trigger() {
    setBusy(true);
    setFault(null);
    try {
      const all = await target.choices();
      setChoices(all);
      await oneByOne(
        all,
        LANES,
        async ({ id }): Promise<Result> => {
          // The key makes a second try of the same call harmless.
          const input = { ref: { id }, idempotencyKey: `${key}-${id}`, reason: givenReason(reason) };
          const outcome = await act(TriggerOneDocument, { input }, 'triggerSchedule');
          if (!outcome.ok) return { fault: faultText(outcome.faults) };
          return outcome.payload.run ? { run: outcome.payload.run } : { fault: 'It made no run.' };
        },
        (index, result) => setResults((before) => new Map(before).set(index, result)),
      );
    } catch {
      setFault('The server cannot be reached. Nothing was triggered.');
    }
    setBusy(false);
  }

  const finished = choices !== null && results.size === choices.length;
  return (
    <Dialog onClose={() => onClose(results.size > 0)} title={`Trigger ${target.title}`} centered>
      {choices === null || results.size === 0 ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            if (!busy) void trigger();
          }}
        >
          <Stack>
            <Text size="sm">
              {target.count === 1 ? 'It runs' : 'They run'} at once, with {target.count === 1 ? 'its' : 'their'} own input. The
              next fires stay as they are; paused schedules run, too.
            </Text>
            <ReasonField value={reason} onChange={setReason} where="at the run and in the history" first />
            {fault !== null && (
              <Alert color="red" role="alert">
                {fault}
              </Alert>
            )}
            <Group justify="flex-end">
              <Button variant="default" onClick={() => onClose(false)}>
                Cancel
              </Button>
              <Button type="submit" loading={busy}>
                {target.count === 1 ? 'Trigger now' : `Trigger ${nounOf(target.count)} now`}
              </Button>
            </Group>
          </Stack>
        </form>
      ) : (
        <Stack>
          {!finished && <Progress value={(100 * results.size) / choices.length} aria-label="Triggered so far" />}
          <Text size="sm" role="status">
            {finished
              ? faults === 0
                ? `${nounOf(choices.length)} triggered.`
                : `${results.size - faults} triggered, ${faults} not.`
              : `${results.size} of ${choices.length}`}
          </Text>
          <ScrollArea.Autosize mah={320} type="auto" viewportProps={{ tabIndex: 0 }}>
            <List listStyleType="none" size="sm" spacing={6}>
              {choices.map(({ id, name }, index) => (
                <List.Item key={id}>
                  <Outcome name={name} result={results.get(index)} />
                </List.Item>
              ))}
            </List>
          </ScrollArea.Autosize>
          <Group justify="flex-end">
            <Button onClick={() => onClose(true)} data-autofocus>
              Close
            </Button>
          </Group>
        </Stack>
      )}
    </Dialog>
  );
}

function Outcome({ name, result }: { name: string; result: Result | undefined }) {
  if (result === undefined) return <Text c="dimmed">{name}: waits</Text>;
  if ('fault' in result)
    return (
      <>
        {name}:{' '}
        <Text span c="var(--mantine-color-error)">
          {result.fault}
        </Text>
      </>
    );
  return (
    <>
      {name}: <StateBadge look={RUN_LOOKS[result.run.state]} size="xs" />{' '}
      <Anchor component={Link} href={`/runs/${result.run.id}`} size="sm">
        Open the run
      </Anchor>
    </>
  );
}
