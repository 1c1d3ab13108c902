import { Anchor, Button, Code, Group, Skeleton, Stack, Table, Text, TextInput } from '@mantine/core';
import { useEffect, useState } from 'react';
import { Link } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { CopyButton } from '../../parts/CopyButton.tsx';
import bar from '../../parts/FilterBar.module.css';
import { instantOf } from '../../parts/InstantField.tsx';
import { NeedsRole } from '../../parts/NeedsRole.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { Pager } from '../../parts/Pager.tsx';
import { navigate, useFilters } from '../../shell/location.ts';
import { BROWSER_ZONE, formatDay } from '../../time/format.ts';
import { Instant } from '../../time/Instant.tsx';
import { wallOf } from '../../time/wallClock.ts';
import classes from './audit.module.css';
import { AuditTrailDocument } from './audit.generated.ts';
import type { AuditTrailQuery } from './audit.generated.ts';
import { actionWords, auditRows, FILTERS, sourceWords, targetOf, variablesOf } from './auditEntry.ts';

type ShownEntry = AuditTrailQuery['audit']['nodes'][number];

/** Rows of one entry that are shown at first. */
const ROWS = 8;

/** Who changed what, when and why, the newest first. */
export default function AuditPage() {
  const admin = useMay('ADMIN');
  return (
    <>
      <PageHead
        title="Audit"
        hint={`Who changed what, and why, the newest first. Entries are written with the change and never altered. Times are in ${BROWSER_ZONE}.`}
      />
      {admin ? <Trail /> : <NeedsRole role="ADMIN">It names who changed what, from where and why.</NeedsRole>}
    </>
  );
}

function Trail() {
  const [search, change] = useFilters();
  const after = search.get('after');
  const filters = variablesOf(search);
  const { data, error, reread } = useLive({
    query: AuditTrailDocument,
    variables: { ...filters, after },
    on: ({ of, kind }) => after === null && (of === 'schedule' || of === 'task') && kind !== undefined,
    ...(after === null && { every: 15_000 }),
  });
  const set = (changes: Record<string, string | null>) => change({ ...changes, after: null });
  const any = FILTERS.some((name) => search.get(name));
  const nodes = data?.audit.nodes ?? [];
  const { hasNextPage = false, endCursor = null } = data?.audit.pageInfo ?? {};
  return (
    <>
      <Filters search={search} nodes={nodes} set={set} />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && (
        <Stack role="status" aria-label="Loading">
          {Array.from({ length: 6 }, (_, index) => (
            <Skeleton key={index} h={110} />
          ))}
        </Stack>
      )}
      {data && nodes.length === 0 && (
        <EmptyState
          title={any ? 'No entry matches' : 'Nothing was changed yet'}
          action={
            any && (
              <Button variant="default" size="xs" onClick={() => set(Object.fromEntries(FILTERS.map((name) => [name, null])))}>
                Show all
              </Button>
            )
          }
        />
      )}
      {nodes.map((entry, index) => {
        const day = formatDay(Date.parse(entry.at), BROWSER_ZONE);
        const before = nodes[index - 1];
        const begins = before === undefined || formatDay(Date.parse(before.at), BROWSER_ZONE) !== day;
        return (
          <div key={entry.id}>
            {begins && (
              <Text component="h2" size="sm" fw={700} mt={index === 0 ? 0 : 'md'} mb={0}>
                {day}
              </Text>
            )}
            <Entry entry={entry} set={set} />
          </div>
        );
      })}
      {data && (
        <Pager
          words={['Newest', 'Older']}
          back={after === null ? null : () => set({})}
          forth={hasNextPage && endCursor !== null ? () => goOn(search, endCursor) : null}
        >
          {after === null ? '' : 'An older page: the browser’s own Back leads to the one before it.'}
        </Pager>
      )}
    </>
  );
}

/** A step of the history, unlike a filter: one goes back from page to page. */
function goOn(search: URLSearchParams, after: string): void {
  const next = new URLSearchParams(search);
  next.set('after', after);
  navigate(`/audit?${next.toString()}`);
  scrollTo({ top: 0 });
}

function Entry({ entry, set }: { entry: ShownEntry; set(changes: Record<string, string | null>): void }) {
  const [all, setAll] = useState(false);
  const rows = auditRows(entry.changes);
  // What was not there before has no column of its own for saying so.
  const was = rows.some(({ before }) => before !== null);
  const is = rows.some(({ after }) => after !== null);
  const { name, href } = targetOf(entry);
  const actor = entry.actor.name ?? entry.actor.id;
  return (
    <article className={classes['entry']}>
      <Group justify="space-between" align="flex-start" gap={8}>
        <Text size="sm" style={{ overflowWrap: 'anywhere' }} flex="1 1 280px">
          <b>{actor}</b> {actionWords(entry.action)}{' '}
          {href === null ? (
            <Code>{name}</Code>
          ) : (
            <Anchor component={Link} href={href} inherit underline="always">
              {name}
            </Anchor>
          )}
        </Text>
        <Group gap={10}>
          <Anchor
            component="button"
            size="xs"
            onClick={() => set({ actor: entry.actor.id })}
            aria-label={`only by this actor: ${actor}`}
          >
            only by this actor
          </Anchor>
          <Anchor
            component="button"
            size="xs"
            onClick={() => set({ target: entry.targetId })}
            aria-label={`only of this target: ${name}`}
          >
            only of this target
          </Anchor>
          <Instant at={entry.at} as="both" size="xs" c="dimmed" />
        </Group>
      </Group>
      {entry.reason !== null && (
        <Text size="sm" mt={2} style={{ overflowWrap: 'anywhere' }}>
          “{entry.reason}”
        </Text>
      )}
      <Group gap={6} mt={2}>
        <Text size="xs" c="dimmed">
          {sourceWords(entry.source)} · {entry.actor.kind.toLowerCase()} · <span className="mono">{entry.action}</span>
          {entry.requestId !== null && (
            <>
              {' '}
              · request <span className="mono">{entry.requestId}</span>
            </>
          )}
        </Text>
        {entry.requestId !== null && <CopyButton text={entry.requestId} label="Copy the request id" />}
      </Group>
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={520}>
          <Table withTableBorder verticalSpacing={3} fz="xs" mt={6} layout="fixed" aria-label={`What changed of ${name}`}>
            <Table.Thead>
              <Table.Tr>
                <Table.Th w={was && is ? '24%' : 260}>Field</Table.Th>
                {was && <Table.Th>Before</Table.Th>}
                {is && <Table.Th>After</Table.Th>}
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {(all ? rows : rows.slice(0, ROWS)).map(({ path, before, after }) => (
                <Table.Tr key={path}>
                  <Table.Th scope="row" className={classes['value']} fw={400}>
                    {path}
                  </Table.Th>
                  {was && <Value text={before} className={classes['was']} />}
                  {is && <Value text={after} className={classes['is']} />}
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
      {rows.length > ROWS && (
        <Button size="compact-xs" variant="subtle" mt={4} aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? 'Show fewer fields' : `Show ${rows.length - ROWS} more fields`}
        </Button>
      )}
    </article>
  );
}

function Value({ text, className = '' }: { text: string | null; className?: string | undefined }) {
  if (text === null)
    return (
      <Table.Td>
        <Text span size="xs" c="dimmed">
          none
        </Text>
      </Table.Td>
    );
  const long = text.length > 400;
  return (
    <Table.Td className={`${classes['value']} ${className}`}>
      <div {...(long && { tabIndex: 0, role: 'group', 'aria-label': 'A long value' })}>{text === '' ? '""' : text}</div>
    </Table.Td>
  );
}

interface FiltersProps {
  search: URLSearchParams;
  nodes: readonly ShownEntry[];
  set(changes: Record<string, string | null>): void;
}

/** The filters that stand in the address; those of a target and an actor are set at the entries. */
function Filters({ search, nodes, set }: FiltersProps) {
  const target = search.get('target');
  const actor = search.get('actor');
  const nameOf = {
    target: nodes.find(({ targetId }) => targetId === target),
    actor: nodes.find((entry) => entry.actor.id === actor)?.actor.name,
  };
  return (
    <div className={bar['bar']} role="search">
      <IdField
        label="Target"
        hint={nameOf.target ? targetOf(nameOf.target).name : 'Id; the entries below have a link for it'}
        value={target ?? ''}
        onChange={(value) => set({ target: value })}
      />
      <IdField
        label="Actor"
        hint={nameOf.actor ?? 'Id; the entries below have a link for it'}
        value={actor ?? ''}
        onChange={(value) => set({ actor: value })}
      />
      <TimeField label="From" value={search.get('from')} onChange={(from) => set({ from })} />
      <TimeField label="Until" value={search.get('until')} onChange={(until) => set({ until })} />
      {FILTERS.some((name) => search.get(name)) && (
        <Button variant="subtle" onClick={() => set(Object.fromEntries(FILTERS.map((name) => [name, null])))}>
          Show all
        </Button>
      )}
    </div>
  );
}

function IdField({
  label,
  hint,
  value,
  onChange,
}: {
  label: string;
  hint: string;
  value: string;
  onChange(value: string): void;
}) {
  const [text, setText] = useState(value);
  useEffect(() => setText(value), [value]);
  return (
    <TextInput
      label={label}
      description={hint}
      inputWrapperOrder={['label', 'input', 'description']}
      value={text}
      spellCheck={false}
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => onChange(text.trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onChange(text.trim());
      }}
    />
  );
}

/** A time of the viewer's zone; in the address it is an instant, which means the same to everybody. */
function TimeField({ label, value, onChange }: { label: string; value: string | null; onChange(value: string | null): void }) {
  const at = Date.parse(value ?? '');
  return (
    <TextInput
      type="datetime-local"
      step={1}
      label={label}
      description={BROWSER_ZONE}
      inputWrapperOrder={['label', 'input', 'description']}
      value={Number.isNaN(at) ? '' : wallOf(at, BROWSER_ZONE)}
      onChange={(event) => onChange(instantOf(event.currentTarget.value, BROWSER_ZONE))}
    />
  );
}
