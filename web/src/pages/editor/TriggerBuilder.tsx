import { ActionIcon, Alert, Group, Menu, NativeSelect, SimpleGrid, Stack, Text } from '@mantine/core';
import { IconDots } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { ChoiceAt, DurationAt, ListAt, TextAt } from '../../form/fields.tsx';
import { faultsAt } from '../../parts/faults.ts';
import { useField, useForm } from '../../form/form.tsx';
import type { Path } from '../../parts/path.ts';
import { ExceptFields } from './ExceptFields.tsx';
import { InstantAt, WallAt } from './timeFields.tsx';
import { KIND_WORDS, MAX_DEPTH, SET_KINDS, TRIGGER_KINDS, changeKind, heldBy, kindOf } from './triggers.ts';
import type { TriggerKey } from './triggers.ts';
import { useToday } from './zone.ts';
import { ZoneAt } from './ZoneAt.tsx';

interface TriggerBuilderProps {
  path: Path;
  /** 1: the trigger of the schedule itself. */
  depth?: number;
  label?: string;
}

/** One trigger, and within it those that it holds. */
export function TriggerBuilder({ path, depth = 1, label = 'Kind of trigger' }: TriggerBuilderProps) {
  const { faults } = useForm();
  const { value, set } = useField(path);
  const today = useToday();
  const kind = kindOf(value);
  if (kind === null)
    return (
      <Alert color="gray" title="The builder cannot draw this">
        A trigger has exactly one of the fields {TRIGGER_KINDS.join(', ')}. Write it as JSON, or begin anew:
        <NativeSelect
          mt="xs"
          aria-label={label}
          data={[{ value: '', label: 'Choose a kind' }, ...kindsAt(depth)]}
          value=""
          onChange={({ currentTarget }) => set(changeKind(undefined, currentTarget.value as TriggerKey, today))}
        />
      </Alert>
    );
  const held = heldBy(value);
  // Of the trigger as a whole; those of its fields are shown there.
  const own = [path, [...path, kind]].flatMap((each) => faultsAt(faults, each, true));
  return (
    <Stack gap="sm" role="group" aria-label={`${label}: ${KIND_WORDS[kind].label}`}>
      <Group gap="xs" align="flex-end" wrap="nowrap">
        <NativeSelect
          flex={1}
          miw={0}
          label={label}
          description={KIND_WORDS[kind].hint}
          data={kindsAt(depth, kind)}
          value={kind}
          onChange={({ currentTarget }) => set(changeKind(value, currentTarget.value as TriggerKey, today))}
        />
        {kind !== 'manual' && (
          <Menu position="bottom-end">
            <Menu.Target>
              <ActionIcon variant="default" size={36} aria-label={`Put ${label.toLowerCase()} into another, or take it out`}>
                <IconDots size={16} />
              </ActionIcon>
            </Menu.Target>
            <Menu.Dropdown>
              <Menu.Label>Put it into</Menu.Label>
              {SET_KINDS.map((outer) => (
                <Menu.Item
                  key={outer}
                  disabled={depth + depthOf(value) > MAX_DEPTH}
                  onClick={() => set(changeKind(wrapOf(value), outer, today))}
                >
                  {KIND_WORDS[outer].label}
                </Menu.Item>
              ))}
              {held.length > 0 && (
                <>
                  <Menu.Divider />
                  <Menu.Item onClick={() => set(held[0])}>Keep only what is in it{held.length > 1 ? ' first' : ''}</Menu.Item>
                </>
              )}
            </Menu.Dropdown>
          </Menu>
        )}
      </Group>
      {own.length > 0 && (
        <Alert color="red" role="alert" p="xs">
          {own.map(({ message }) => message).join(' ')}
        </Alert>
      )}
      <KindFields kind={kind} path={[...path, kind]} depth={depth} />
    </Stack>
  );
}

/** So that a set is put into another and not changed into it. */
const wrapOf = (trigger: unknown): unknown => (heldBy(trigger).length > 0 ? { anyOf: [trigger] } : trigger);

const depthOf = (trigger: unknown): number => 1 + Math.max(0, ...heldBy(trigger).map(depthOf));

function kindsAt(depth: number, present?: TriggerKey) {
  return TRIGGER_KINDS.filter(
    (kind) => kind === present || ((depth === 1 || kind !== 'manual') && (depth < MAX_DEPTH || !SET_KINDS.includes(kind))),
  ).map((kind) => ({ value: kind, label: KIND_WORDS[kind].label }));
}

/** What stands inside something else. */
function Nested({ children }: { children: ReactNode }) {
  return <div style={{ borderLeft: '3px solid var(--mantine-color-default-border)', paddingLeft: 12 }}>{children}</div>;
}

const two = { base: 1, xs: 2 } as const;

function KindFields({ kind, path, depth }: { kind: TriggerKey; path: Path; depth: number }) {
  const at = (name: string): Path => [...path, name];
  const today = useToday();
  const nested = (inner: Path, label: string) => (
    <Nested>
      <TriggerBuilder path={inner} depth={depth + 1} label={label} />
    </Nested>
  );
  switch (kind) {
    case 'cron':
      return (
        <>
          <TextAt
            path={at('expression')}
            label="Expression"
            description="minute hour day-of-month month day-of-week; seconds before them, a year behind them. L: the last day; MON#1: the first Monday."
            mono
            required
          />
          <SimpleGrid cols={two}>
            <ChoiceAt
              path={at('dayMatch')}
              label="Day of month and day of week"
              description="When both are given."
              options={[
                { value: '', label: 'As crontab reads them' },
                { value: 'EITHER', label: 'Either is enough' },
                { value: 'BOTH', label: 'Both must match' },
              ]}
            />
            <ZoneAt path={at('timeZone')} />
          </SimpleGrid>
        </>
      );
    case 'calendar':
      return (
        <>
          <Text size="xs" c="dimmed">
            Each takes what a field of cron takes: 5, MON-FRI, 1,15, */10, L. Coarser fields that are left out match all, finer
            ones are at their least: hours 9 alone is 09:00:00.
          </Text>
          <SimpleGrid cols={{ base: 2, sm: 4 }}>
            <TextAt path={at('years')} label="Years" placeholder="any" mono />
            <TextAt path={at('months')} label="Months" placeholder="any" mono />
            <TextAt path={at('weeks')} label="ISO weeks" placeholder="any" mono />
            <TextAt path={at('daysOfMonth')} label="Days of month" placeholder="any" mono />
            <TextAt path={at('daysOfWeek')} label="Days of week" placeholder="any" mono />
            <TextAt path={at('hours')} label="Hours" mono />
            <TextAt path={at('minutes')} label="Minutes" mono />
            <TextAt path={at('seconds')} label="Seconds" mono />
          </SimpleGrid>
          <ZoneAt path={at('timeZone')} />
        </>
      );
    case 'interval':
      return (
        <SimpleGrid cols={two}>
          <DurationAt path={at('every')} label="Every" description="At least one second; days are 24 hours here." required />
          <InstantAt path={at('anchorAt')} label="Counted from" description="Left empty: from when the schedule is created." />
        </SimpleGrid>
      );
    case 'calendarInterval':
      return (
        <>
          <SimpleGrid cols={two}>
            <DurationAt path={at('every')} label="Every" units={['DAYS', 'WEEKS', 'MONTHS', 'YEARS']} unit="DAYS" required />
            <TextAt path={at('at')} label="At" type="time" required />
            <TextAt path={at('startOn')} label="First date" description="Left empty: when the schedule is created." type="date" />
            <ZoneAt path={at('timeZone')} />
          </SimpleGrid>
          <Text size="xs" c="dimmed">
            A month that does not have the day is passed over: every month from the 31st runs in seven of twelve.
          </Text>
        </>
      );
    case 'at':
      return (
        <>
          <ListAt
            path={at('localTimes')}
            label="Times on the clock"
            description="They stay at these times of the clock, should the rules of the zone change."
            add="Add a time"
            beginning={(items) => items.at(-1) ?? `${today}T23:00:00`}
          >
            {(item, index) => <WallAt path={item} label={`Time ${index + 1}`} keepsEmpty />}
          </ListAt>
          <ListAt
            path={at('times')}
            label="Instants"
            description="They stay the same instants, whatever a clock shows."
            add="Add an instant"
            beginning={(items) => items.at(-1) ?? new Date(Math.ceil(Date.now() / 3_600_000) * 3_600_000).toISOString()}
          >
            {(item, index) => <InstantAt path={item} label={`Instant ${index + 1}`} />}
          </ListAt>
          <ZoneAt path={at('timeZone')} />
        </>
      );
    case 'rrule':
      return (
        <>
          <TextAt
            path={at('rrule')}
            label="Rule"
            description="Such as FREQ=WEEKLY;BYDAY=MO,FR or FREQ=MONTHLY;BYDAY=-1FR;COUNT=12; UNTIL is inclusive."
            mono
            required
          />
          <SimpleGrid cols={two}>
            <WallAt
              path={at('dtstart')}
              label="Begins"
              description="Where counting begins; it fills what the rule leaves open."
              required
            />
            <ZoneAt path={at('timeZone')} />
          </SimpleGrid>
          <SimpleGrid cols={two}>
            <ListAt
              path={at('rdates')}
              label="Further times"
              add="Add a time"
              beginning={(items) => items.at(-1) ?? `${today}T09:00:00`}
            >
              {(item, index) => <WallAt path={item} label={`Further time ${index + 1}`} keepsEmpty />}
            </ListAt>
            <ListAt
              path={at('exdates')}
              label="Times left out"
              add="Add a time"
              beginning={(items) => items.at(-1) ?? `${today}T09:00:00`}
            >
              {(item, index) => <WallAt path={item} label={`Time left out ${index + 1}`} keepsEmpty />}
            </ListAt>
          </SimpleGrid>
        </>
      );
    case 'anyOf':
    case 'allOf':
      return (
        <>
          {kind === 'allOf' && (
            <DurationAt
              path={at('within')}
              label="Within"
              description="Left empty: all at the same instant. Else the latest of those that come within this stretch counts; at most a day."
            />
          )}
          <ListAt
            path={kind === 'anyOf' ? path : at('triggers')}
            label="Triggers"
            add="Add a trigger"
            least={1}
            beginning={(items) => items.at(-1) ?? { cron: { expression: '0 9 * * *' } }}
          >
            {(item, index) => nested(item, `Trigger ${index + 1}`)}
          </ListAt>
        </>
      );
    case 'except':
      return (
        <>
          {nested(at('base'), 'The trigger')}
          <ExceptFields path={path} nested={nested} />
        </>
      );
    case 'bounded':
      return (
        <>
          {nested(at('trigger'), 'The trigger')}
          <SimpleGrid cols={two}>
            <InstantAt path={at('startAt')} label="From" description="Inclusive." />
            <InstantAt path={at('endAt')} label="Through" description="Inclusive." />
          </SimpleGrid>
        </>
      );
    case 'manual':
      return null;
  }
}
