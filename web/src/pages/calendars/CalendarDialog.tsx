import { Alert, Anchor, Button, FileInput, Group, List, Stack, Text, Textarea, TextInput } from '@mantine/core';
import { IconFileUpload } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { Dialog } from '../../parts/Dialog.tsx';
import { useAct } from '../../api/useAct.ts';
import { faultAt, faultsElsewhere, fieldFaults } from '../../parts/fieldFaults.ts';
import type { FieldFault } from '../../parts/fieldFaults.ts';
import { ZonePicker } from '../../parts/ZonePicker.tsx';
import { BROWSER_ZONE } from '../../time/format.ts';
import { Instant } from '../../time/Instant.tsx';
import { PutCalendarDocument } from './calendars.generated.ts';
import type { PutCalendarMutation } from './calendars.generated.ts';
import type { ShownCalendar } from './CalendarsPage.tsx';
import { dateChanges, readDates } from './year.ts';

interface CalendarDialogProps {
  /** null: a new one. */
  calendar: ShownCalendar | null;
  onClose(): void;
  onDone(name: string): void;
}

const FIELDS = ['name', 'timeZone', 'dates', 'ics'];
/** As much as the server takes. */
const MOST_BYTES = 1_048_576;

/** Makes or replaces a calendar from a list of days, a file or both; afterwards it says which schedules have moved. */
export function CalendarDialog({ calendar, onClose, onDone }: CalendarDialogProps) {
  const act = useAct();
  const [name, setName] = useState(calendar?.name ?? '');
  const [zone, setZone] = useState(calendar?.timeZone ?? BROWSER_ZONE);
  const [text, setText] = useState(calendar?.dates.join('\n') ?? '');
  const [file, setFile] = useState<File | null>(null);
  const [faults, setFaults] = useState<readonly FieldFault[]>([]);
  const [busy, setBusy] = useState(false);
  const [done, setDone] = useState<PutCalendarMutation['putCalendar'] | null>(null);

  const read = readDates(text);
  const unread =
    read.faults.length === 0
      ? null
      : `Line ${read.faults[0]?.line}: “${read.faults[0]?.text}” is no day. Days are written 2026-12-24.`;
  const { added, removed } = dateChanges(calendar?.dates ?? [], read.dates);
  const tooLarge = file !== null && file.size > MOST_BYTES ? 'It is larger than 1 MiB.' : null;
  const same = calendar !== null && file === null && added.length + removed.length === 0 && zone === calendar.timeZone;
  const other = faultsElsewhere(faults, FIELDS);

  async function put() {
    setBusy(true);
    const ics = file === null ? null : await file.text().catch(() => undefined);
    if (ics === undefined) {
      setBusy(false);
      return setFaults([{ field: 'ics', message: 'It cannot be read: it may have changed since. Choose it again.' }]);
    }
    const outcome = await act(
      PutCalendarDocument,
      { input: { name: name.trim(), timeZone: zone, dates: read.dates, ics } },
      'putCalendar',
    );
    setBusy(false);
    if (!outcome.ok) return setFaults(fieldFaults(outcome.faults, ['input']));
    onDone(outcome.payload.calendar?.name ?? name.trim());
    setDone(outcome.payload);
  }

  if (done) return <Outcome before={calendar} done={done} onClose={onClose} />;
  return (
    <Dialog onClose={onClose} title={calendar === null ? 'New calendar' : `Edit ${calendar.name}`} size="lg">
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy && unread === null && tooLarge === null) void put();
        }}
      >
        <Stack>
          <TextInput
            label="Name"
            description={
              calendar === null
                ? 'Triggers refer to it. One of this name that is there already is replaced.'
                : 'It cannot be changed: triggers refer to it.'
            }
            placeholder="holidays-de"
            required
            readOnly={calendar !== null}
            value={name}
            maxLength={200}
            error={faultAt(faults, 'name')}
            onChange={(event) => setName(event.currentTarget.value)}
            {...(calendar === null && { 'data-autofocus': true })}
          />
          <Textarea
            label="Days"
            description="One in a line, such as 2026-12-24. What stands behind a # is a remark."
            rows={8}
            spellCheck={false}
            classNames={{ input: 'mono' }}
            value={text}
            error={unread ?? faultAt(faults, 'dates')}
            onChange={(event) => setText(event.currentTarget.value)}
            {...(calendar !== null && { 'data-autofocus': true })}
          />
          <FileInput
            label="An .ics file"
            description="Its days are added to those above: of all-day events, and those that timed events touch in the zone below; repetitions from a year ago until 20 years ahead."
            placeholder="Choose a file"
            accept=".ics,text/calendar"
            leftSection={<IconFileUpload size={16} />}
            clearable
            clearButtonProps={{ 'aria-label': 'Without a file' }}
            value={file}
            error={tooLarge ?? faultAt(faults, 'ics')}
            onChange={setFile}
          />
          <ZonePicker
            label="Time zone of the file"
            description="Only for events that have a time of day."
            value={zone}
            error={faultAt(faults, 'timeZone') ?? undefined}
            onChange={(next) => next !== null && setZone(next)}
          />
          {other !== null && (
            <Alert color="red" role="alert">
              {other}
            </Alert>
          )}
          <Group justify="space-between">
            <Text size="sm" c="dimmed" aria-live="polite">
              {calendar === null
                ? read.dates.length === 1
                  ? '1 day'
                  : `${read.dates.length} days`
                : added.length + removed.length === 0
                  ? 'The days are as they were'
                  : [
                      ...(added.length > 0 ? [`${added.length} more`] : []),
                      ...(removed.length > 0 ? [`${removed.length} taken away`] : []),
                    ].join(', ')}
              {file !== null && ', and those of the file'}
            </Text>
            <Group gap="xs">
              <Button variant="default" onClick={onClose}>
                Close
              </Button>
              <Button type="submit" loading={busy} disabled={name.trim() === '' || unread !== null || tooLarge !== null || same}>
                {calendar === null ? 'Create' : 'Replace'}
              </Button>
            </Group>
          </Group>
        </Stack>
      </form>
    </Dialog>
  );
}

interface OutcomeProps {
  before: ShownCalendar | null;
  done: PutCalendarMutation['putCalendar'];
  onClose(): void;
}

function Outcome({ before, done, onClose }: OutcomeProps) {
  const { calendar, movedSchedules: moved } = done;
  const { added, removed } = dateChanges(before?.dates ?? [], calendar?.dates ?? []);
  return (
    <Dialog onClose={onClose} title={`${calendar?.name} is saved`}>
      <Stack>
        <Text size="sm">
          It has {calendar?.dates.length} days
          {before !== null && `: ${added.length} more than before, ${removed.length} taken away`}.
        </Text>
        {moved.length === 0 ? (
          <Text size="sm">No schedule fires at another time by that.</Text>
        ) : (
          <>
            <Text size="sm" fw={600}>
              {moved.length === 1
                ? 'One schedule has'
                : `${moved.length}${moved.length === 100 ? ' or more' : ''} schedules have`}{' '}
              other next times by that:
            </Text>
            <List size="sm">
              {moved.slice(0, 20).map((schedule) => (
                <List.Item key={schedule.id}>
                  <Anchor component={Link} href={`/schedules/${schedule.id}`} inherit underline="always">
                    {schedule.name}
                  </Anchor>
                  , next <Instant at={schedule.nextFireAt} as="both" size="sm" />
                </List.Item>
              ))}
            </List>
            {moved.length > 20 && <Text size="sm">and {moved.length - 20} more</Text>}
          </>
        )}
        <Group justify="flex-end">
          <Button onClick={onClose} data-autofocus>
            Good
          </Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
