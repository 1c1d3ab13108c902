import { ActionIcon, Button, Group, Select, Skeleton, Stack, Table, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { useFilters } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { formatInstant } from '../../time/format.ts';
import { SkipDialog } from './actions/SkipDialog.tsx';
import { Fold, Row } from './LedgerRow.tsx';
import { endOf, ledgerRows } from './ledgerRows.ts';
import type { LedgerItem } from './ledgerRows.ts';
import { SPANS, fairSpan, moved, windowAround } from './ledgerWindow.ts';
import type { LedgerWindow } from './ledgerWindow.ts';
import { ScheduleLedgerDocument } from './schedule.generated.ts';
import classes from './schedule.module.css';
import type { ShownSchedule } from './shown.ts';

const STEP_MS = 30_000;
const DAY_MS = 86_400_000;
/** Of a longer stretch months are told apart, not days. */
const LONG_MS = 14 * DAY_MS;

interface LedgerProps {
  schedule: ShownSchedule;
  /** Asks why at this instant. */
  onWhy(at: string): void;
}

/** What was decided and what is planned, in one list; around the present unless another stretch is asked for. */
export function Ledger({ schedule, onWhy }: LedgerProps) {
  const { clockOffset } = useSession();
  const now = useNow(STEP_MS) + clockOffset;
  const [filters, setFilters] = useFilters();
  const [span, setSpan] = useState(() => fairSpan(schedule.nextFireTimes.map(({ at }) => Date.parse(at))));
  const [at, setAt] = useState<LedgerWindow | null>(null);
  const [changed, setChanged] = useState<LedgerItem | null>(null);
  const day = filters.get('day');
  const ofDay = day === null ? null : dayWindow(day);
  const shown = ofDay ?? at ?? windowAround(now, span);

  const move = (by: 1 | -1) => {
    setAt(moved(shown, by));
    setFilters({ day: null });
  };
  const toPresent = () => {
    setAt(null);
    setFilters({ day: null });
  };
  return (
    <Stack gap="xs">
      <Group gap="xs" justify="space-between">
        <Group gap="xs">
          <ActionIcon variant="default" size="md" onClick={() => move(-1)} aria-label="Earlier">
            <IconChevronLeft size={16} />
          </ActionIcon>
          <Button variant="default" size="xs" onClick={toPresent} disabled={ofDay === null && at === null}>
            Around now
          </Button>
          <ActionIcon variant="default" size="md" onClick={() => move(1)} aria-label="Later">
            <IconChevronRight size={16} />
          </ActionIcon>
          <Select
            size="xs"
            w={120}
            aria-label="Stretch of time"
            data={SPANS.map(({ ms, word }) => ({ value: `${ms}`, label: word }))}
            value={`${shown.until - shown.from}`}
            onChange={(value) => {
              if (value === null) return;
              setSpan(Number(value));
              if (ofDay ?? at) setAt({ from: shown.from, until: shown.from + Number(value) });
              setFilters({ day: null });
            }}
            allowDeselect={false}
          />
        </Group>
        <Text size="xs" c="dimmed">
          {formatInstant(shown.from, schedule.timeZone).slice(0, 16)} to{' '}
          {formatInstant(shown.until, schedule.timeZone).slice(0, 16)} {schedule.timeZone}
        </Text>
      </Group>
      <Pages
        key={`${shown.from} ${shown.until}`}
        schedule={schedule}
        shown={shown}
        now={now}
        onWhy={onWhy}
        onChange={setChanged}
      />
      {changed && <SkipDialog schedule={schedule} item={changed} onClose={() => setChanged(null)} />}
    </Stack>
  );
}

function dayWindow(day: string): LedgerWindow | null {
  const from = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(from) ? null : { from, until: from + DAY_MS };
}

interface PagesProps extends LedgerProps {
  shown: LedgerWindow;
  now: number;
  onChange(item: LedgerItem): void;
}

function Pages(props: PagesProps) {
  const [pages, setPages] = useState(1);
  const [opened, setOpened] = useState<ReadonlySet<string>>(new Set());
  const toggle = (key: string) => setOpened((before) => before.symmetricDifference(new Set([key])));
  return (
    <Table.ScrollContainer minWidth={680}>
      <Table verticalSpacing={4} fz="sm" mih={300}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th w={230}>Scheduled for</Table.Th>
            <Table.Th w={190}>Verdict</Table.Th>
            <Table.Th>Run or reason</Table.Th>
            <Table.Th w={180} aria-label="Actions" />
          </Table.Tr>
        </Table.Thead>
        <Page
          {...props}
          after={null}
          above={undefined}
          left={pages}
          opened={opened}
          toggle={toggle}
          more={() => setPages(pages + 1)}
        />
      </Table>
    </Table.ScrollContainer>
  );
}

interface PageProps extends PagesProps {
  after: string | null;
  above: ReturnType<typeof endOf> | undefined;
  /** So many pages are shown, this one included. */
  left: number;
  opened: ReadonlySet<string>;
  toggle(key: string): void;
  more(): void;
}

/** One page, and below it those that were asked for behind it. */
function Page(props: PageProps) {
  const { schedule, shown, now, after, above, left, opened, toggle, more, onWhy, onChange } = props;
  const { id, timeZone: zone } = schedule;
  const range = { from: new Date(shown.from).toISOString(), until: new Date(shown.until).toISOString() };
  const { data, error, reread } = useLive({
    query: ScheduleLedgerDocument,
    variables: { id, range, after },
    on: (change) => change.scheduleId === id || change.id === id,
    every: 60_000,
  });
  const list = data?.schedule?.occurrences;
  if (!list)
    return (
      <Table.Tbody>
        <Table.Tr>
          <Table.Td colSpan={4}>{error ? <ErrorNotice error={error} retry={reread} /> : <Skeleton h={300} />}</Table.Td>
        </Table.Tr>
      </Table.Tbody>
    );
  const by = shown.until - shown.from > LONG_MS ? 'month' : 'day';
  const rows = ledgerRows(list.nodes, { zone, now, by, opened, above });
  return (
    <>
      <Table.Tbody>
        {list.nodes.length === 0 && after === null && (
          <Table.Tr>
            <Table.Td colSpan={4}>
              <EmptyState title="No occurrence in this stretch">
                {schedule.trigger.kind === 'MANUAL'
                  ? 'It never fires by itself; what is triggered by hand is no occurrence and stands under Runs.'
                  : 'Nothing was due then, and nothing is planned. Take another stretch of time, or ask why.'}
              </EmptyState>
            </Table.Td>
          </Table.Tr>
        )}
        {rows.map((row) => {
          switch (row.kind) {
            case 'day':
              return (
                <Table.Tr key={row.key} className={classes['dayLine'] ?? ''}>
                  <Table.Th colSpan={4} scope="rowgroup">
                    {row.day}{' '}
                    <Text span size="xs" c="dimmed">
                      {by === 'day' ? weekdayOf(row.day) : monthOf(row.day)}
                    </Text>
                  </Table.Th>
                </Table.Tr>
              );
            case 'now':
              return (
                <Table.Tr key={row.key} className={classes['nowLine'] ?? ''}>
                  <Table.Td colSpan={4}>Now · below is planned</Table.Td>
                </Table.Tr>
              );
            case 'fold':
              return (
                <Fold
                  key={row.key}
                  items={row.items}
                  count={row.count}
                  zone={zone}
                  by={by}
                  open={opened.has(row.key)}
                  onToggle={() => toggle(row.key)}
                />
              );
            case 'one':
              return <Row key={row.key} item={row.item} zone={zone} by={by} now={now} onWhy={onWhy} onChange={onChange} />;
            default:
              return row satisfies never;
          }
        })}
        {list.pageInfo.hasNextPage && left <= 1 && (
          <Table.Tr>
            <Table.Td colSpan={4}>
              <Button variant="default" size="xs" onClick={more} fullWidth>
                Show more of this stretch
              </Button>
            </Table.Td>
          </Table.Tr>
        )}
      </Table.Tbody>
      {list.pageInfo.hasNextPage && left > 1 && (
        <Page {...props} after={list.pageInfo.endCursor} above={endOf(list.nodes, { zone, now, by })} left={left - 1} />
      )}
    </>
  );
}

const weekdayOf = (day: string): string =>
  new Intl.DateTimeFormat('en', { weekday: 'long', timeZone: 'UTC' }).format(Date.parse(`${day}T12:00:00Z`));

const monthOf = (month: string): string =>
  new Intl.DateTimeFormat('en', { month: 'long', timeZone: 'UTC' }).format(Date.parse(`${month}-15T12:00:00Z`));
