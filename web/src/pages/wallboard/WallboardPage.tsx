import { Badge, Box, Group, Stack, Text, Title } from '@mantine/core';
import { useViewportSize } from '@mantine/hooks';
import { IconCircleCheck, IconPlugConnectedX } from '@tabler/icons-react';
import { useEffect } from 'react';
import { Link } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { useLiveState } from '../../api/useLive.ts';
import { navigate } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatDay, formatRelative, formatSecond, offsetOf } from '../../time/format.ts';
import { ATTENTION_LOOKS } from '../overview/attention.ts';
import { Counters } from '../overview/Counters.tsx';
import { TimelineCanvas } from '../overview/timeline/TimelineCanvas.tsx';
import { useTimeline } from '../overview/timeline/useTimeline.ts';
import { useAttention } from '../overview/useAttention.ts';
import { useWakeLock } from './useWakeLock.ts';

/** What the other parts take of the height, in pixels. */
const ABOUT = 370;
const countersHeight = (width: number) => Math.min(250, Math.max(176, width / 8));

/** For a screen on the wall, to be read from across the room: nothing to click, and Escape leads back. */
export default function WallboardPage() {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const { height, width } = useViewportSize();
  const timeline = useTimeline('1h', 'schedule');
  useWakeLock();
  useEffect(() => {
    document.title = 'Wallboard – Carillon';
    const onKey = (event: KeyboardEvent) => {
      if (event.key === 'Escape') navigate('/');
    };
    window.addEventListener('keydown', onKey);
    return () => window.removeEventListener('keydown', onKey);
  }, []);
  return (
    <Box component="main" p="lg" mih="100vh">
      <Stack gap="lg">
        <Group justify="space-between" gap="lg">
          <Group gap="lg" align="baseline">
            <Title order={1} fz={36}>
              Carillon
            </Title>
            <LostSign now={now} />
          </Group>
          <Group gap="lg" wrap="nowrap" align="baseline">
            <Text fz={24} c="dimmed" className="nowrap" visibleFrom="sm">
              {formatDay(now, BROWSER_ZONE)} · {BROWSER_ZONE}
              {BROWSER_ZONE !== 'UTC' && ` (${offsetOf(now, BROWSER_ZONE)})`}
            </Text>
            <Text component="time" fz={48} fw={600} lh={1} className="nowrap" style={{ fontVariantNumeric: 'tabular-nums' }}>
              {formatSecond(now, BROWSER_ZONE)}
            </Text>
          </Group>
        </Group>
        <Counters wall />
        <TimelineCanvas timeline={timeline} height={Math.max(260, Math.round(height - ABOUT - countersHeight(width)))} wall />
        <WallAttention />
      </Stack>
      <Text size="sm" c="dimmed" pos="fixed" bottom={8} right={16}>
        <Link href="/" style={{ color: 'inherit' }}>
          Escape
        </Link>{' '}
        leads back to the overview
      </Text>
    </Box>
  );
}

function LostSign({ now }: { now: number }) {
  const { status, since } = useLiveState();
  if (status === 'LIVE' || status === 'CONNECTING') return null;
  return (
    <Group gap="xs" c="var(--mantine-color-error)">
      <IconPlugConnectedX size={32} aria-hidden />
      <Text fz={26} fw={600}>
        <span role="alert">No connection:</span> as it was {formatRelative(since, Math.max(now, since + 1000))}
      </Text>
    </Group>
  );
}

const SHOWN = 6;

function WallAttention() {
  const { items, error } = useAttention();
  if (!items) return error ? <Text fz={26}>What needs attention could not be read.</Text> : <Box mih={160} />;
  if (items.length === 0)
    return (
      <Group gap="sm" mih={160} align="flex-start">
        <IconCircleCheck size={40} color="var(--mantine-color-green-6)" aria-hidden />
        <Text fz={30} fw={600}>
          All is well
        </Text>
      </Group>
    );
  return (
    <Box
      component="ul"
      m={0}
      p={0}
      style={{
        display: 'grid',
        gridTemplateColumns: 'repeat(auto-fit, minmax(min(560px, 100%), 1fr))',
        gap: 12,
        listStyle: 'none',
      }}
      aria-label="Needs attention"
    >
      {items.slice(0, items.length > SHOWN ? SHOWN - 1 : SHOWN).map(({ key, kind, subject, text }) => (
        <Group key={key} component="li" wrap="nowrap" gap="md">
          <Badge
            color={ATTENTION_LOOKS[kind].color}
            size="xl"
            radius="sm"
            tt="none"
            fz={20}
            h={36}
            w={150}
            style={{ flexShrink: 0 }}
          >
            {ATTENTION_LOOKS[kind].word}
          </Badge>
          <Text fz={26} fw={600} truncate style={{ flex: '0 1 auto' }}>
            {subject}
          </Text>
          <Text fz={20} c="dimmed" truncate style={{ flex: '1 1 0' }}>
            {text}
          </Text>
        </Group>
      ))}
      {items.length > SHOWN && (
        <Text component="li" fz={26}>
          and {items.length - SHOWN + 1} more
        </Text>
      )}
    </Box>
  );
}
