import { Alert, Badge, Box, Button, Card, Group, Skeleton, Text, ThemeIcon, Title } from '@mantine/core';
import { IconCheck, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { InstantField } from '../../parts/InstantField.tsx';
import { ErrorNotice } from '../../parts/Notices.tsx';
import { useFilters } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { formatInstant, formatRelative } from '../../time/format.ts';
import { readWall, wallOf } from '../../time/wallClock.ts';
import { ScheduleExplainDocument } from './schedule.generated.ts';
import classes from './schedule.module.css';
import type { ShownSchedule } from './shown.ts';

/** Why it runs, or does not, at an instant: the causes in the order in which they are looked at, the last one decides. */
export function Explain({ schedule }: { schedule: ShownSchedule }) {
  const { id, timeZone: zone } = schedule;
  const { clockOffset } = useSession();
  const [filters, setFilters] = useFilters();
  const asked = Date.parse(filters.get('at') ?? '');
  const at = Number.isNaN(asked) ? null : new Date(asked).toISOString();
  const [typed, setTyped] = useState<{ text: string; of: string | null } | null>(null);
  const begin = at ?? schedule.nextFireTimes[0]?.at ?? schedule.lastFireAt;
  // What was typed holds until another instant is asked for elsewhere.
  const text =
    typed !== null && typed.of === at ? typed.text : wallOf(begin === null ? Date.now() + clockOffset : Date.parse(begin), zone);
  const read = readWall(text, zone);

  return (
    <>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (read) setFilters({ at: new Date(read.at).toISOString() });
        }}
      >
        <Group align="flex-end" gap="xs" mb="md">
          <Box w={{ base: '100%', xs: 340 }}>
            <InstantField
              label="Why does or did it run, or not, at"
              zone={zone}
              value={text}
              onChange={(next) => setTyped({ text: next, of: at })}
            />
          </Box>
          <Button type="submit" disabled={read === null}>
            Explain
          </Button>
        </Group>
      </form>
      {at === null ? (
        <Text c="dimmed" size="sm">
          Ask about any second, past or to come: you see which field of the trigger, which bound, pause, freeze or policy decides.
          Each row of the ledger asks it for you.
        </Text>
      ) : (
        <Causes id={id} at={at} zone={zone} />
      )}
    </>
  );
}

function Causes({ id, at, zone }: { id: string; at: string; zone: string }) {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const { data, error, fetching, reread } = useLive({
    query: ScheduleExplainDocument,
    variables: { id, at },
    on: (change) => change.id === id || change.scheduleId === id,
  });
  const explanation = data?.schedule?.explain;
  if (error && !explanation) return <ErrorNotice error={error} retry={reread} />;
  if (!explanation) return fetching ? <Skeleton h={240} /> : null;
  const ms = Date.parse(explanation.instant);
  const past = ms <= now;
  const verdict = explanation.fires ? (past ? 'It fired' : 'It fires') : past ? 'It did not fire' : 'It does not fire';
  return (
    <Card withBorder padding="md">
      <Title order={3} mb={2} aria-live="polite">
        {verdict} at {formatInstant(ms, zone)} {zone}
      </Title>
      <Text size="xs" c="dimmed" mb="md">
        {formatInstant(ms, 'UTC')} UTC, {formatRelative(ms, now)}
      </Text>
      <ol className={classes['causes']} aria-label="Causes, the last one decides">
        {explanation.causes.map(({ subject, passes, message }, i) => {
          const decides = i === explanation.causes.length - 1;
          return (
            <li key={`${subject} ${i}`}>
              <ThemeIcon
                size={24}
                radius="xl"
                variant={decides ? 'filled' : 'light'}
                color={passes ? 'green' : 'red'}
                aria-label={passes ? 'lets it through' : 'stops it'}
                role="img"
              >
                {passes ? <IconCheck size={14} aria-hidden /> : <IconX size={14} aria-hidden />}
              </ThemeIcon>
              <div>
                <Group gap={8}>
                  <Text size="sm" fw={decides ? 700 : 500} className="mono">
                    {subject}
                  </Text>
                  {decides && (
                    <Badge size="xs" variant="light" color={passes ? 'green' : 'red'} tt="none">
                      decides
                    </Badge>
                  )}
                </Group>
                <Text size="sm" fw={decides ? 600 : 400}>
                  {message}
                </Text>
              </div>
            </li>
          );
        })}
      </ol>
      {explanation.causes.length === 0 && <Alert>Nothing is known of it.</Alert>}
    </Card>
  );
}
