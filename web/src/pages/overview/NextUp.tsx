import { Anchor, Group, Paper, Skeleton, Stack, Text, Title, Tooltip } from '@mantine/core';
import { Link } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatInstant, formatRelative, formatShort, offsetOf } from '../../time/format.ts';
import { NextUpDocument } from './overview.generated.ts';

/** What fires next, counted down. */
export function NextUp() {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const { data, error, reread } = useLive({
    query: NextUpDocument,
    variables: {},
    // A fire moves the next one.
    on: ({ of, kind }) => of === 'schedule' || (of === 'run' && kind === 'CREATED'),
    every: 15_000,
  });
  const schedules = data?.schedules;
  // Another page may have read of one that it fires no more: then the list is on its way.
  const coming = schedules?.nodes.flatMap((each) => (each.nextFireAt === null ? [] : [{ ...each, nextFireAt: each.nextFireAt }]));
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="next-up">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="next-up" fz="md">
          Next up
        </Title>
        {schedules && schedules.totalCount > schedules.nodes.length && (
          <Anchor component={Link} href="/schedules" size="sm">
            All {schedules.totalCount.toLocaleString('en')}
            {schedules.totalCountCapped ? '+' : ''}
          </Anchor>
        )}
      </Group>
      <Stack gap={0} mih={352}>
        {error && !data && <ErrorNotice error={error} retry={reread} />}
        {!data && !error && Array.from({ length: 8 }, (_, index) => <Skeleton key={index} h={34} my={5} />)}
        {coming?.length === 0 && <EmptyState title="Nothing is planned">No schedule is active and has a next time.</EmptyState>}
        {coming?.map(({ id, name, timeZone, nextFireAt, task }) => {
          const at = Date.parse(nextFireAt);
          return (
            <Group key={id} justify="space-between" wrap="nowrap" gap="sm" h={44}>
              <div style={{ minWidth: 0 }}>
                <Anchor component={Link} href={`/schedules/${id}`} size="sm" display="block" truncate>
                  {name}
                </Anchor>
                <Text size="xs" c="dimmed" truncate>
                  {timeZone !== BROWSER_ZONE && `${formatShort(at, timeZone, now)} ${timeZone} · `}
                  {task.key}
                </Text>
              </div>
              <Tooltip
                label={`${formatInstant(at, BROWSER_ZONE)} ${BROWSER_ZONE} (${offsetOf(at, BROWSER_ZONE)}), ${formatInstant(at, 'UTC')} UTC`}
                events={{ hover: true, focus: true, touch: true }}
              >
                <Text
                  component="time"
                  dateTime={nextFireAt}
                  size="sm"
                  ta="right"
                  className="nowrap"
                  style={{ fontVariantNumeric: 'tabular-nums' }}
                >
                  <Text span size="sm" fw={600} display="block">
                    {/* What is due this second has fired when the server says so. */}
                    {at <= now ? 'due now' : formatRelative(at, now)}
                  </Text>
                  <Text span size="xs" c="dimmed" display="block">
                    {formatShort(at, BROWSER_ZONE, now)}
                  </Text>
                </Text>
              </Tooltip>
            </Group>
          );
        })}
      </Stack>
    </Paper>
  );
}
