import { Button, Group, Stack } from '@mantine/core';
import { useSession } from '../api/session.tsx';
import { wallOf } from '../time/wallClock.ts';
import { InstantField } from './InstantField.tsx';

const HOUR = 3_600_000;
const CHOICES = [
  { label: '1 hour', ms: HOUR },
  { label: '4 hours', ms: 4 * HOUR },
  { label: '1 day', ms: 24 * HOUR },
  { label: '1 week', ms: 7 * 24 * HOUR },
];

interface UntilFieldProps {
  zone: string;
  /** Of the wall clock of the zone, as a datetime-local field has it; empty: no end. */
  value: string;
  onChange(value: string): void;
  fault: string | null;
}

/** When a pause ends by itself, if it does. */
export function UntilField({ zone, value, onChange, fault }: UntilFieldProps) {
  const { clockOffset } = useSession();
  return (
    <Stack gap={6}>
      <InstantField
        label="Until"
        zone={zone}
        hint="Then it goes on by itself. Empty: until somebody resumes it."
        value={value}
        error={fault}
        onChange={onChange}
      />
      <Group gap={6}>
        {CHOICES.map(({ label, ms }) => (
          <Button
            key={label}
            size="compact-xs"
            variant="default"
            onClick={() => onChange(wallOf(Date.now() + clockOffset + ms, zone))}
          >
            {label}
          </Button>
        ))}
        <Button size="compact-xs" variant="default" onClick={() => onChange('')}>
          No end
        </Button>
      </Group>
    </Stack>
  );
}
