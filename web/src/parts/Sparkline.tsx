interface SparklineProps {
  /** Data of an SVG path within width × height. */
  path: string;
  width: number;
  height: number;
  /** A colour of the theme. */
  color: string;
}

/** A line without axes: which way it goes. What it says stands beside it in words. */
export function Sparkline({ path, width, height, color }: SparklineProps) {
  return (
    <svg
      viewBox={`-2 -2 ${width + 4} ${height + 4}`}
      width="100%"
      height={height + 4}
      preserveAspectRatio="none"
      aria-hidden
      style={{ display: 'block' }}
    >
      <path
        d={path}
        fill="none"
        stroke={`var(--mantine-color-${color}-filled)`}
        strokeWidth={1.5}
        strokeLinejoin="round"
        vectorEffect="non-scaling-stroke"
      />
    </svg>
  );
}
