import { ActionIcon, Alert, Button, Group, SegmentedControl, Select, Stack, Text, Tooltip } from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconMinus, IconPlus } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { useFilters } from '../../../shell/location.ts';
import type { Camera } from './camera.ts';
import { Legend } from './Legend.tsx';
import type { Grouping, Names } from './layout.ts';
import { TimelineCanvas } from './TimelineCanvas.tsx';
import { TimelineTable } from './TimelineTable.tsx';
import { useTimeline } from './useTimeline.ts';
import { RANGES, RANGE_WORDS } from './view.ts';
import type { RangeName } from './view.ts';

const HEIGHT = 390;
const isRange = (text: string | null): text is RangeName => text !== null && text in RANGES;

/** What has run, runs and is planned, on one line of time. Range, rows and form are kept in the address. */
export function Timeline() {
  const [filters, setFilters] = useFilters();
  const given = filters.get('range');
  const grouping = readGrouping(filters.get('rows'));
  const asTable = filters.get('form') === 'table';
  const timeline = useTimeline(isRange(given) ? given : '1h', grouping);
  const { camera, feed, rows } = timeline;
  return (
    <Stack gap="xs" component="section" aria-label="Timeline" aria-busy={!feed.ready}>
      <Group justify="space-between" gap="xs">
        <CameraButtons camera={camera} onRange={(range) => setFilters({ range: range === '1h' ? null : range })} />
        <Group gap="xs">
          <Select
            size="xs"
            w={170}
            aria-label="One row for each"
            data={groupings(feed.names)}
            value={grouping}
            allowDeselect={false}
            comboboxProps={{ withinPortal: true }}
            onChange={(value) => setFilters({ rows: value === 'schedule' ? null : value })}
          />
          <SegmentedControl
            size="xs"
            aria-label="Form"
            data={[
              { value: 'chart', label: 'Chart' },
              { value: 'table', label: 'Table' },
            ]}
            value={asTable ? 'table' : 'chart'}
            onChange={(value) => setFilters({ form: value === 'table' ? value : null })}
          />
        </Group>
      </Group>
      {feed.fault !== null && (
        <Alert color="red" p="xs" role="alert">
          The timeline could not be read: {feed.fault} It is tried again in a few seconds.
        </Alert>
      )}
      {asTable ? <TimelineTable timeline={timeline} height={HEIGHT} /> : <TimelineCanvas timeline={timeline} height={HEIGHT} />}
      <Group justify="space-between" gap="xs" mih={20}>
        <Legend />
        <Text size="xs" c="dimmed">
          {note(feed, rows.length)}
        </Text>
      </Group>
    </Stack>
  );
}

function note(
  feed: { book: { completeFrom: number; runs: { size: number } }; plannedUntil: number; ready: boolean },
  rows: number,
): string {
  if (!feed.ready) return 'Reading the runs …';
  if (feed.book.completeFrom !== -Infinity)
    return `Hatched to the left: only the newest ${feed.book.runs.size.toLocaleString('en')} runs are drawn.`;
  if (feed.plannedUntil !== Infinity) return 'Hatched to the right: only the next 1,000 planned fires are drawn.';
  if (rows === 0) return 'Nothing runs or is planned in this part of time.';
  return 'Drag to pan, ctrl and wheel to zoom.';
}

function CameraButtons({ camera, onRange }: { camera: Camera; onRange(range: RangeName): void }) {
  useSyncExternalStore(camera.onMove, camera.sign);
  return (
    <Group gap="xs">
      <SegmentedControl
        size="xs"
        aria-label="How far back"
        data={Object.entries(RANGE_WORDS).map(([value, label]) => ({ value, label }))}
        value={camera.range ?? ''}
        onChange={(value) => {
          camera.follow(value as RangeName);
          onRange(value as RangeName);
        }}
      />
      <ActionIcon.Group>
        <Step label="Earlier" icon={IconChevronLeft} onClick={() => camera.pan(-0.25)} />
        <Step label="Later" icon={IconChevronRight} onClick={() => camera.pan(0.25)} />
      </ActionIcon.Group>
      <ActionIcon.Group>
        <Step label="Zoom out" icon={IconMinus} onClick={() => camera.zoom(1.5)} />
        <Step label="Zoom in" icon={IconPlus} onClick={() => camera.zoom(1 / 1.5)} />
      </ActionIcon.Group>
      <Button
        size="xs"
        variant={camera.follows ? 'light' : 'filled'}
        aria-pressed={camera.follows}
        onClick={() => camera.follow()}
      >
        {camera.follows ? 'Following now' : 'Back to now'}
      </Button>
    </Group>
  );
}

function Step({ label, icon: Icon, onClick }: { label: string; icon: typeof IconPlus; onClick(): void }) {
  return (
    <Tooltip label={label}>
      <ActionIcon variant="default" size={30} aria-label={label} onClick={onClick}>
        <Icon size={16} aria-hidden />
      </ActionIcon>
    </Tooltip>
  );
}

function readGrouping(text: string | null): Grouping {
  return text === 'task' || text?.startsWith('label:') ? (text as Grouping) : 'schedule';
}

function groupings(names: Names): { value: string; label: string }[] {
  const keys = new Set<string>();
  for (const { labels } of names.schedules.values()) for (const key of labels.keys()) keys.add(key);
  for (const labels of names.tasks.values()) for (const key of labels.keys()) keys.add(key);
  return [
    { value: 'schedule', label: 'A row per schedule' },
    { value: 'task', label: 'A row per task' },
    ...[...keys].toSorted().map((key) => ({ value: `label:${key}`, label: `By label ${key}` })),
  ];
}
