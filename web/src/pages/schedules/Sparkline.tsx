import { useSyncExternalStore } from 'react';
import { sparkBars, sparkText } from './spark.ts';
import type { Sparks } from './sparks.ts';
import styles from './schedules.module.css';

const BOX = { width: 120, height: 22, places: 20 };

/** The last 20 runs of a schedule, the newest at the right: colour says how each ended, height how long it took. */
export function Sparkline({ sparks, id }: { sparks: Sparks; id: string }) {
  const runs = useSyncExternalStore(
    (listener) => sparks.onChange(listener),
    () => sparks.of(id),
  );
  // The ground is there from the beginning, so that nothing moves when the runs come.
  return (
    <svg
      className={styles['spark']}
      width={BOX.width}
      height={BOX.height + 5}
      viewBox={`0 0 ${BOX.width} ${BOX.height + 5}`}
      role="img"
      aria-label={runs === null ? 'The last runs are being read.' : sparkText(runs)}
    >
      {runs !== null && <title>{sparkText(runs)}</title>}
      <line className={styles['ground']} x1={0} x2={BOX.width} y1={BOX.height + 0.5} y2={BOX.height + 0.5} />
      {sparkBars(runs ?? [], BOX).map(({ id: run, x, y, width, height, color, failed }) => (
        <g key={run} fill={`var(--mantine-color-${color}-6)`}>
          <rect x={x} y={y} width={width} height={height} rx={1} />
          {failed && <rect x={x} y={BOX.height + 2.5} width={width} height={2} />}
        </g>
      ))}
    </svg>
  );
}
