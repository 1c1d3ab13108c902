import { Anchor, Button, Group, Stack, Table, Text, Tooltip } from '@mantine/core';
import { Link } from 'wouter';
import { MayButton } from '../../parts/MayButton.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS, VERDICT_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { formatInstant, formatSecond, formatStretch } from '../../time/format.ts';
import { outcomeOf } from './ledgerRows.ts';
import type { LedgerItem } from './ledgerRows.ts';

/** What stands in the headings above the rows. */
type HeadedBy = 'day' | 'month';

/** Below a heading that says the rest. */
const timeBelow = (at: number, zone: string, by: HeadedBy): string =>
  by === 'day' ? formatSecond(at, zone) : formatInstant(at, zone).slice(5);

interface FoldProps {
  items: readonly LedgerItem[];
  count: number;
  zone: string;
  by: HeadedBy;
  open: boolean;
  onToggle(): void;
}

/** Neighbours that went the same way, as one row. */
export function Fold({ items, count, zone, by, open, onToggle }: FoldProps) {
  const [first, last] = [items[0] as LedgerItem, items.at(-1) as LedgerItem];
  const planned = outcomeOf(first) === 'PLANNED';
  return (
    <Table.Tr>
      <Table.Td style={{ fontVariantNumeric: 'tabular-nums' }} className="nowrap">
        {timeBelow(Date.parse(first.scheduledFor), zone, by)} – {timeBelow(Date.parse(last.through), zone, by)}
      </Table.Td>
      <Table.Td>
        <StateBadge look={planned ? VERDICT_LOOKS.PLANNED : VERDICT_LOOKS.FIRED} />
      </Table.Td>
      <Table.Td>{planned ? `${count} times` : `${count} times, all succeeded`}</Table.Td>
      <Table.Td ta="right">
        <Button variant="subtle" size="compact-xs" onClick={onToggle} aria-expanded={open}>
          {open ? 'Fold' : `Show all ${count}`}
        </Button>
      </Table.Td>
    </Table.Tr>
  );
}

interface RowProps {
  item: LedgerItem;
  zone: string;
  by: HeadedBy;
  now: number;
  onWhy(at: string): void;
  onChange(item: LedgerItem): void;
}

/** One occurrence, or several with the same verdict that the ledger keeps as one. */
export function Row({ item, zone, by, now, onWhy, onChange }: RowProps) {
  const { scheduledFor, through, effectiveAt, count, verdict, reason, runs } = item;
  const at = Date.parse(scheduledFor);
  const ahead = at > now;
  return (
    <Table.Tr>
      <Table.Td className="nowrap">
        <Tooltip
          label={
            <>
              {formatInstant(at, zone)} {zone}
              <br />
              {formatInstant(at, 'UTC')} UTC
            </>
          }
          events={{ hover: true, focus: true, touch: true }}
        >
          <time dateTime={scheduledFor} style={{ fontVariantNumeric: 'tabular-nums' }}>
            {timeBelow(at, zone, by)}
          </time>
        </Tooltip>
        {effectiveAt !== scheduledFor && (
          <Text span size="xs" c="dimmed">
            {' '}
            due {formatStretch(Date.parse(effectiveAt) - at)} later
          </Text>
        )}
        {count > 1 && (
          <Text size="xs" c="dimmed">
            to {formatInstant(Date.parse(through), zone)}
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <Group gap={6} wrap="nowrap">
          <StateBadge look={VERDICT_LOOKS[verdict]} />
          {count > 1 && (
            <Text size="xs" fw={600} className="nowrap">
              {count} times
            </Text>
          )}
        </Group>
      </Table.Td>
      <Table.Td>
        <Stack gap={2}>
          {runs.map((run) => (
            <Group key={run.id} gap={8}>
              <Anchor component={Link} href={`/runs/${run.id}`} size="sm" underline="never">
                <StateBadge look={RUN_LOOKS[run.state]} />
              </Anchor>
              <Text size="xs" c="dimmed">
                {[
                  run.latenessMs === null ? null : `${formatStretch(run.latenessMs)} late`,
                  run.durationMs === null ? null : `took ${formatStretch(run.durationMs)}`,
                ]
                  .filter((words) => words !== null)
                  .join(', ')}
              </Text>
            </Group>
          ))}
          {verdict === 'FIRED' && runs.length === 0 && (
            <Text size="xs" c="dimmed">
              Its run is not kept any more.
            </Text>
          )}
          {reason !== null && <Text size="sm">{reason}</Text>}
          {verdict === 'PLANNED' && (
            <Text size="xs" c="dimmed">
              <Instant at={effectiveAt} zone={zone} size="xs" />
            </Text>
          )}
        </Stack>
      </Table.Td>
      <Table.Td>
        <Group gap={4} justify="flex-end" wrap="nowrap">
          {ahead && count === 1 && (verdict === 'PLANNED' || verdict === 'SKIPPED_BY_USER') && (
            <MayButton role="OPERATOR" variant="subtle" size="compact-xs" onClick={() => onChange(item)}>
              {verdict === 'PLANNED' ? 'Skip' : 'Take it back'}
            </MayButton>
          )}
          <Button
            variant="subtle"
            size="compact-xs"
            onClick={() => onWhy(scheduledFor)}
            aria-label={`Why, at ${formatInstant(at, zone)}`}
          >
            Why?
          </Button>
        </Group>
      </Table.Td>
    </Table.Tr>
  );
}
