import { Radio, Stack } from '@mantine/core';
import type { MisfireMode } from '../api/schema.generated.ts';

/** @param most  as many as a schedule makes up for; null: each has its own */
const choices = (most: number | null): readonly { value: MisfireMode; label: string; description: string }[] => [
  {
    value: 'SKIP',
    label: 'They do not run',
    description: 'The ledger has them as paused. Right when only the newest state counts.',
  },
  {
    value: 'FIRE_ONCE',
    label: 'The latest runs, once for all',
    description: 'The ledger has the others as coalesced. Right for what catches up by itself, such as a sync.',
  },
  {
    value: 'FIRE_ALL',
    label: 'Each of them runs',
    description: `The oldest first, ${most === null ? 'as many of the newest as the schedule’s limit allows' : `at most ${most} of the newest`}. Right when each one counts, such as daily bills.`,
  },
];

interface MisfireChoiceProps {
  /** What has passed. */
  label: string;
  value: MisfireMode;
  onChange(value: MisfireMode): void;
  /** As many as the schedule makes up for; null: each has its own limit. */
  most: number | null;
  /** Nothing can be made up for now. */
  blocked?: boolean;
}

/** What becomes of occurrences that passed while a schedule was paused. */
export function MisfireChoice({ label, value, onChange, most, blocked = false }: MisfireChoiceProps) {
  return (
    <Radio.Group label={label} value={value} onChange={(chosen) => onChange(chosen as MisfireMode)}>
      <Stack gap="xs" mt="xs">
        {choices(most).map((choice) => (
          <Radio key={choice.value} {...choice} disabled={blocked && choice.value !== 'SKIP'} />
        ))}
      </Stack>
    </Radio.Group>
  );
}
