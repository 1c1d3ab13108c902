import { Group, Text, useComputedColorScheme } from '@mantine/core';
import { useEffect, useMemo, useRef } from 'react';
import type { RunState } from '../../../api/schema.generated.ts';
import { drawBar, readPalette } from './draw.ts';
import type { Palette } from './draw.ts';

const SIGNS: readonly (readonly [state: RunState, word: string])[] = [
  ['RUNNING', 'Running'],
  ['SUCCEEDED', 'Succeeded'],
  ['FAILED', 'Failed'],
  ['TIMED_OUT', 'Timed out'],
  ['QUEUED', 'Waits'],
  ['CANCELED', 'Canceled'],
];
const [WIDTH, HEIGHT] = [22, 12];

/** What the bars of the timeline look like. */
export function Legend() {
  const scheme = useComputedColorScheme('light');
  const palette = useMemo(() => readPalette(scheme), [scheme]);
  return (
    <Group gap="4px 16px" component="ul" m={0} p={0} aria-label="What the bars mean">
      {SIGNS.map(([state, word]) => (
        <Group key={state} gap={6} wrap="nowrap" component="li" style={{ listStyle: 'none' }}>
          <Sign state={state} palette={palette} />
          <Text size="xs" c="dimmed">
            {word}
          </Text>
        </Group>
      ))}
      <Group gap={6} wrap="nowrap" component="li" style={{ listStyle: 'none' }}>
        <span
          aria-hidden
          style={{
            width: WIDTH,
            height: HEIGHT,
            borderRadius: 3,
            border: `1px solid ${palette.planned}`,
            display: 'inline-block',
          }}
        />
        <Text size="xs" c="dimmed">
          Planned
        </Text>
      </Group>
    </Group>
  );
}

function Sign({ state, palette }: { state: RunState; palette: Palette }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const ctx = canvas.current?.getContext('2d');
    if (!ctx) return;
    const ratio = window.devicePixelRatio || 1;
    Object.assign(ctx.canvas, { width: WIDTH * ratio, height: HEIGHT * ratio });
    ctx.scale(ratio, ratio);
    drawBar(ctx, { x: 0, y: 0, width: WIDTH, height: HEIGHT }, state, palette);
  }, [state, palette]);
  return <canvas ref={canvas} style={{ width: WIDTH, height: HEIGHT }} aria-hidden />;
}
