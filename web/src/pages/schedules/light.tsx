import { useSession } from '../../api/session.tsx';
import type { Look } from '../../parts/states.ts';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatInstant, formatRelative, formatShort, offsetOf } from '../../time/format.ts';
import styles from './schedules.module.css';

/** What rows are made of: as StateBadge and Instant look, at a fraction of their cost, for rows come dozens a second while one scrolls. */

export function LightBadge({ look: { color, word } }: { look: Look }) {
  return (
    <span
      className={styles['badge']}
      style={{ background: `var(--mantine-color-${color}-light)`, color: `var(--mantine-color-${color}-light-color)` }}
    >
      {word}
    </span>
  );
}

interface LightTimeProps {
  /** As the API answers it. */
  at: string;
  as: 'short' | 'relative' | 'countdown';
}

/** Its title, the instant whole and with its zones, is written when somebody points at it (describeTimes). */
export function LightTime({ at, as }: LightTimeProps) {
  const { clockOffset } = useSession();
  const now = useNow(as === 'short' ? 60_000 : 1000) + clockOffset;
  const ms = Date.parse(at);
  const late = as === 'countdown' && ms <= now;
  return (
    <time className={styles['time']} dateTime={at}>
      {as === 'short' ? formatShort(ms, BROWSER_ZONE, now) : late ? 'due now' : formatRelative(ms, now)}
    </time>
  );
}

/** For the box around many times: gives the one that is pointed at its title. */
export function describeTimes({ target }: { target: EventTarget }): void {
  const time = (target as Element).closest('time');
  if (!time) return;
  const ms = Date.parse(time.dateTime);
  const utc = BROWSER_ZONE === 'UTC' ? '' : `\n${formatInstant(ms, 'UTC')} UTC`;
  time.title = `${formatInstant(ms, BROWSER_ZONE)} ${BROWSER_ZONE} (${offsetOf(ms, BROWSER_ZONE)})${utc}`;
}
