import { Alert, Badge, Group, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconBulb } from '@tabler/icons-react';
import { BROWSER_ZONE, formatDay, formatInstant, formatMinute, formatRelative, formatSecond } from '../../time/format.ts';
import { useNow } from '../../time/clock.ts';
import { useSession } from '../../api/session.tsx';
import type { LivePreview, Preview } from './usePreview.ts';

/** What the definition means in plain words, and the next times that it fires. */
export function PreviewPanel({ preview }: { preview: LivePreview }) {
  const { shown, faults, stale, unreachable } = preview;
  const note = unreachable
    ? 'The server cannot be reached. This is what it said last.'
    : faults.length > 0
      ? shown
        ? 'The last good one is shown until this is put right:'
        : 'There is a preview when this is put right:'
      : null;
  return (
    <Stack gap="sm" component="section" aria-label="Preview">
      <Title order={2}>Preview</Title>
      {note !== null && (
        <Alert color="red" p="xs" role="status">
          <Text size="sm">{note}</Text>
          {!unreachable &&
            faults.map((fault, index) => (
              <Text key={index} size="sm" style={{ overflowWrap: 'anywhere' }}>
                {fault.path.length > 0 && <b>{fault.path.join('.')}: </b>}
                {fault.message}
              </Text>
            ))}
        </Alert>
      )}
      {shown === null ? (
        note === null && <Skeleton h={420} aria-label="Loading" />
      ) : (
        <div aria-busy={stale}>
          <PreviewBody preview={shown} />
        </div>
      )}
    </Stack>
  );
}

function PreviewBody({ preview }: { preview: Preview }) {
  const { fireTimes, exhausted, timeZone, lints, summary, trigger } = preview;
  return (
    <Stack gap="sm">
      <Text fw={600} aria-live="polite" style={{ overflowWrap: 'anywhere' }}>
        {sentence(summary ?? '')}
      </Text>
      {lints.map((lint) => (
        <Alert key={lint.code} color="yellow" variant="light" p="xs" icon={<IconBulb size={18} />}>
          <Text size="sm">{lint.message}</Text>
          {lint.at != null && (
            <Text size="xs">
              {formatInstant(Date.parse(lint.at), timeZone)} {timeZone}
            </Text>
          )}
        </Alert>
      ))}
      {fireTimes.length > 0 && <FireTable preview={preview} />}
      {trigger?.kind === 'MANUAL' ? (
        <Text size="sm" c="dimmed">
          It has no times of its own.
        </Text>
      ) : (
        exhausted && (
          <Text size="sm" c="dimmed">
            {fireTimes.length === 0 ? 'It has no times left.' : 'These are all that are left.'}
          </Text>
        )
      )}
    </Stack>
  );
}

const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;

function FireTable({ preview: { fireTimes, timeZone } }: { preview: Preview }) {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  // All on the minute: seconds would say nothing.
  const bySecond = fireTimes.some(({ local }) => !local.endsWith(':00'));
  const elsewhere = timeZone !== BROWSER_ZONE;
  return (
    <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="Next times">
      <Table verticalSpacing={5} horizontalSpacing={6} fz="sm" style={{ fontVariantNumeric: 'tabular-nums' }}>
        <caption>
          <Text size="xs" c="dimmed" ta="left">
            Next {fireTimes.length === 1 ? 'time' : `${fireTimes.length} times`}, the first{' '}
            {formatRelative(Date.parse(fireTimes[0]?.at ?? ''), now)}
          </Text>
        </caption>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>In {timeZone}</Table.Th>
            {elsewhere && <Table.Th>Yours, {BROWSER_ZONE}</Table.Th>}
            {!elsewhere && <Table.Th ta="right">From now</Table.Th>}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {fireTimes.map(({ at, local, offset, inGap, inOverlap }, index) => {
            const before = fireTimes[index - 1];
            const ms = Date.parse(at);
            return (
              <Table.Tr key={at}>
                <Table.Td>
                  <time dateTime={at} title={`${formatInstant(ms, 'UTC')} UTC`} className="nowrap">
                    {weekdayOf(local)} {local.replace('T', ' ').slice(0, bySecond ? 19 : 16)}{' '}
                    <Text span size="xs" c="dimmed">
                      {offset}
                    </Text>
                  </time>
                  {(inGap || inOverlap || (before !== undefined && before.offset !== offset)) && (
                    <Group gap={4} mt={2}>
                      {inGap && <Mark color="orange">The clock jumps over its time</Mark>}
                      {inOverlap && <Mark color="orange">This time comes twice</Mark>}
                      {before !== undefined && before.offset !== offset && <Mark color="blue">The clock has changed</Mark>}
                    </Group>
                  )}
                </Table.Td>
                {elsewhere && (
                  <Table.Td>
                    <time dateTime={at} title={formatInstant(ms, BROWSER_ZONE)} className="nowrap">
                      {formatDay(ms, BROWSER_ZONE)} {bySecond ? formatSecond(ms, BROWSER_ZONE) : formatMinute(ms, BROWSER_ZONE)}
                    </time>
                  </Table.Td>
                )}
                {!elsewhere && (
                  <Table.Td ta="right" className="nowrap">
                    <Text span size="sm" c="dimmed">
                      {formatRelative(ms, now)}
                    </Text>
                  </Table.Td>
                )}
              </Table.Tr>
            );
          })}
        </Table.Tbody>
      </Table>
    </div>
  );
}

function Mark({ color, children }: { color: string; children: string }) {
  return (
    <Badge color={color} variant="light" size="sm" radius="sm" tt="none" fw={600}>
      {children}
    </Badge>
  );
}

/** Of a wall clock's day, whatever the zone. */
function weekdayOf(local: string): string {
  return new Intl.DateTimeFormat('en', { weekday: 'short', timeZone: 'UTC' }).format(
    Date.parse(`${local.slice(0, 10)}T00:00:00Z`),
  );
}
