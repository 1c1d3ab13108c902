import { Text, Tooltip } from '@mantine/core';
import type { TextProps } from '@mantine/core';
import { useSession } from '../api/session.tsx';
import { useNow } from './clock.ts';
import { BROWSER_ZONE, formatInstant, formatRelative, formatShort, offsetOf } from './format.ts';

interface InstantProps extends TextProps {
  /** As the API answers it; null shows a dash. */
  at: string | null | undefined;
  /** In which it is shown; this browser's unless it is given. */
  zone?: string;
  /** relative: in 4 min; short: 14:05:00; both: 14:05:00 · in 4 min; full: with date and zone */
  as?: 'relative' | 'short' | 'both' | 'full';
}

/** An instant, as a time element; what points at it shows it whole, in its zone and in UTC. */
export function Instant({ at, zone = BROWSER_ZONE, as = 'relative', ...text }: InstantProps) {
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  if (at == null)
    return (
      <Text span c="dimmed" {...text}>
        –
      </Text>
    );
  const ms = Date.parse(at);
  const relative = formatRelative(ms, now);
  const short = formatShort(ms, zone, now);
  const full = `${formatInstant(ms, zone)} ${zone}`;
  const shown = { relative, short, both: `${short} · ${relative}`, full }[as];
  const label = (
    <>
      {full} ({offsetOf(ms, zone)})
      <br />
      {zone !== 'UTC' && <>{formatInstant(ms, 'UTC')} UTC</>}
      {as !== 'relative' && as !== 'both' && <> · {relative}</>}
    </>
  );
  return (
    <Tooltip label={label} events={{ hover: true, focus: true, touch: true }}>
      <Text span component="time" dateTime={at} style={{ fontVariantNumeric: 'tabular-nums', whiteSpace: 'nowrap' }} {...text}>
        {shown}
      </Text>
    </Tooltip>
  );
}
