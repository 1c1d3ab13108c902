import {
  ActionIcon,
  Badge,
  Button,
  Code,
  Grid,
  Group,
  NavLink,
  Paper,
  Skeleton,
  Stack,
  Text,
  TextInput,
  Title,
} from '@mantine/core';
import { IconChevronLeft, IconChevronRight, IconEdit, IconPlus, IconTrash } from '@tabler/icons-react';
import { useState } from 'react';
import { faultText, useAct } from '../../api/useAct.ts';
import { useLive } from '../../api/useLive.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { ScheduleTable } from '../../parts/ScheduleTable.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { useFilters } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatDay } from '../../time/format.ts';
import { CalendarDialog } from './CalendarDialog.tsx';
import { CalendarDocument, CalendarsDocument, DeleteCalendarDocument } from './calendars.generated.ts';
import type { CalendarQuery } from './calendars.generated.ts';
import { countByYear, nextOf } from './year.ts';
import { YearGrid } from './YearGrid.tsx';

export type ShownCalendar = Extract<NonNullable<CalendarQuery['node']>, { __typename: 'Calendar' }>;

/** Named sets of days, such as holidays: the one that is chosen as a year, and who uses it. */
export default function CalendarsPage() {
  const [search, change] = useFilters();
  const { data, error, reread } = useLive({
    query: CalendarsDocument,
    variables: {},
    on: ({ of }) => of === 'schedule',
    every: 30_000,
  });
  const [creates, setCreates] = useState(false);
  const calendars = data?.calendars ?? [];
  const chosen = calendars.find(({ name }) => name === search.get('name')) ?? calendars[0];
  return (
    <>
      <PageHead
        title="Calendars"
        hint="Named days, such as holidays, that triggers leave out or keep to. Edit one, and all schedules that use it follow."
        actions={
          <MayButton role="EDITOR" leftSection={<IconPlus size={16} />} onClick={() => setCreates(true)}>
            New calendar
          </MayButton>
        }
      />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && <PageSkeleton />}
      {data && calendars.length === 0 && (
        <EmptyState title="No calendar yet">
          Make one from a list of days or an .ics file, such as the public holidays of a country. A trigger then says: except on
          the days of that calendar.
        </EmptyState>
      )}
      {chosen && (
        <Grid gap="lg">
          <Grid.Col span={{ base: 12, md: 3 }}>
            <nav aria-label="Calendars">
              {calendars.map(({ id, name, timeZone, schedules }) => (
                <NavLink
                  key={id}
                  component="button"
                  label={name}
                  description={`${schedules.totalCount === 1 ? '1 schedule' : `${schedules.totalCount} schedules`} · ${timeZone}`}
                  active={id === chosen.id}
                  aria-current={id === chosen.id ? 'true' : undefined}
                  onClick={() => change({ name, year: null })}
                />
              ))}
            </nav>
          </Grid.Col>
          <Grid.Col span={{ base: 12, md: 9 }}>
            <Details
              id={chosen.id}
              year={search.get('year')}
              onYear={(year) => change({ name: chosen.name, year })}
              onChanged={reread}
            />
          </Grid.Col>
        </Grid>
      )}
      {creates && (
        <CalendarDialog
          calendar={null}
          onClose={() => setCreates(false)}
          onDone={(name) => {
            reread();
            change({ name, year: null });
          }}
        />
      )}
    </>
  );
}

interface DetailsProps {
  id: string;
  year: string | null;
  onYear(year: string): void;
  onChanged(): void;
}

function Details({ id, year: asked, onYear, onChanged }: DetailsProps) {
  const { data, error, reread } = useLive({
    query: CalendarDocument,
    variables: { id },
    on: ({ of }) => of === 'schedule',
    every: 30_000,
  });
  const now = useNow(60_000);
  const [dialog, setDialog] = useState<'EDIT' | 'DELETE' | null>(null);
  if (!data) return error ? <ErrorNotice error={error} retry={reread} /> : <DetailsSkeleton />;
  const calendar = data.node?.__typename === 'Calendar' ? data.node : null;
  if (calendar === null) return <EmptyState title="This calendar has been deleted" />;
  const today = formatDay(now, BROWSER_ZONE);
  const { dates } = calendar;
  const years = countByYear(dates);
  const year = Number(asked ?? today.slice(0, 4));
  const count = years.find((each) => each.year === year)?.count ?? 0;
  const next = nextOf(dates, today);
  const users = calendar.schedules.totalCount;
  const changed = () => {
    reread();
    onChanged();
  };
  return (
    <Stack>
      <Group justify="space-between" align="flex-start">
        <div>
          <Title order={2} style={{ overflowWrap: 'anywhere' }}>
            {calendar.name}
          </Title>
          <Text size="sm" c="dimmed">
            {dates.length === 1 ? '1 day' : `${dates.length.toLocaleString('en')} days`}
            {next === null ? ', none of them ahead' : `, the next one ${next === today ? 'is today' : next}`}. They hold in the
            time zone of each schedule.
          </Text>
        </div>
        <Group gap="xs">
          <MayButton
            role="EDITOR"
            size="xs"
            variant="default"
            leftSection={<IconEdit size={14} />}
            onClick={() => setDialog('EDIT')}
          >
            Edit the days
          </MayButton>
          <MayButton
            role="EDITOR"
            size="xs"
            variant="default"
            leftSection={<IconTrash size={14} />}
            blocked={
              users === 0
                ? null
                : `${users === 1 ? 'A schedule uses' : `${users} schedules use`} it: ${calendar.schedules.nodes
                    .slice(0, 3)
                    .map(({ name }) => name)
                    .join(', ')}${users > 3 ? ' …' : ''}. Change ${users === 1 ? 'that' : 'those'} first.`
            }
            onClick={() => setDialog('DELETE')}
          >
            Delete
          </MayButton>
        </Group>
      </Group>
      <Group gap="xs" role="group" aria-label="Year">
        <ActionIcon variant="default" aria-label={`Show ${year - 1}`} onClick={() => onYear(`${year - 1}`)}>
          <IconChevronLeft size={16} />
        </ActionIcon>
        <Text fw={600} size="lg" aria-live="polite" w={52} ta="center">
          {year}
        </Text>
        <ActionIcon variant="default" aria-label={`Show ${year + 1}`} onClick={() => onYear(`${year + 1}`)}>
          <IconChevronRight size={16} />
        </ActionIcon>
        <Text size="sm" c="dimmed">
          {count === 0 ? 'no day in this year' : count === 1 ? '1 day in this year' : `${count} days in this year`}
        </Text>
        {years
          .filter((each) => each.year !== year)
          .slice(0, 8)
          .map((each) => (
            <Button
              key={each.year}
              size="compact-xs"
              variant="subtle"
              onClick={() => onYear(`${each.year}`)}
              rightSection={
                <Badge size="xs" variant="default">
                  {each.count}
                </Badge>
              }
            >
              {each.year}
            </Button>
          ))}
      </Group>
      <YearGrid year={year} dates={dates} today={today} />
      <Users calendar={calendar} />
      {dialog === 'EDIT' && <CalendarDialog calendar={calendar} onClose={() => setDialog(null)} onDone={changed} />}
      {dialog === 'DELETE' && (
        <DeleteDialog name={calendar.name} count={dates.length} onClose={() => setDialog(null)} onDone={onChanged} />
      )}
    </Stack>
  );
}

function Users({ calendar }: { calendar: ShownCalendar }) {
  const { nodes, totalCount } = calendar.schedules;
  return (
    <Paper component="section" withBorder p="md" aria-labelledby="calendar-users">
      <Title order={3} id="calendar-users" mb="xs">
        {totalCount === 0 ? 'No schedule uses it' : `Schedules that use it (${totalCount})`}
      </Title>
      {totalCount === 0 ? (
        <Text size="sm" c="dimmed">
          A trigger names it: in the editor as an exclusion, or in JSON as{' '}
          <Code>{JSON.stringify({ except: { base: {}, excluding: [{ calendar: calendar.name }] } }).replace('{}', '…')}</Code>
        </Text>
      ) : (
        <ScheduleTable schedules={nodes} />
      )}
    </Paper>
  );
}

function DeleteDialog({ name, count, onClose, onDone }: { name: string; count: number; onClose(): void; onDone(): void }) {
  const act = useAct();
  const [typed, setTyped] = useState('');
  return (
    <FormDialog
      title={`Delete ${name}?`}
      confirm="Delete the calendar"
      ready={typed === name}
      onClose={onClose}
      onConfirm={async () => {
        const outcome = await act(DeleteCalendarDocument, { name }, 'deleteCalendar');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Deleted', name);
        onDone();
        return null;
      }}
    >
      <Text size="sm">Its {count} days are gone; the audit trail keeps them. No schedule uses it.</Text>
      <TextInput
        label={`Type ${name} to confirm`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
    </FormDialog>
  );
}

const DetailsSkeleton = () => (
  <Stack role="status" aria-label="Loading">
    <Skeleton h={48} w={320} />
    <Skeleton h={28} w={260} />
    <Skeleton h={620} />
  </Stack>
);

const PageSkeleton = () => (
  <Grid gap="lg">
    <Grid.Col span={{ base: 12, md: 3 }}>
      <Skeleton h={160} />
    </Grid.Col>
    <Grid.Col span={{ base: 12, md: 9 }}>
      <DetailsSkeleton />
    </Grid.Col>
  </Grid>
);
