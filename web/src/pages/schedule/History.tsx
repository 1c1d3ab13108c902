import { Alert, Button, Code, Group, Skeleton, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { useMay } from '../../api/session.tsx';
import { useLive } from '../../api/useLive.ts';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { Instant } from '../../time/Instant.tsx';
import { changeRows } from '../../parts/changeRows.ts';
import { ScheduleHistoryDocument } from './schedule.generated.ts';
import type { ScheduleHistoryQuery } from './schedule.generated.ts';
import classes from './schedule.module.css';

const ACTIONS: Record<string, string> = {
  'schedule.create': 'created it',
  'schedule.update': 'edited it',
  'schedule.delete': 'deleted it',
  'schedule.pause': 'paused it',
  'schedule.resume': 'resumed it',
  'schedule.trigger': 'triggered it',
  'schedule.backfill': 'began a backfill',
  'schedule.skip': 'skipped an occurrence',
  'schedule.unskip': 'took a skip back',
  'schedule.move': 'moved it, as the rules of its zone have changed',
};

/** Who changed what about it, and why, the newest first. */
export function History({ id }: { id: string }) {
  const admin = useMay('ADMIN');
  const [pages, setPages] = useState(1);
  if (!admin)
    return (
      <Alert color="gray" title="The history needs the role ADMIN">
        It names who changed what, from where and why. Who has an ADMIN token sees it here.
      </Alert>
    );
  return (
    <Stack gap="md">
      <Page id={id} after={null} left={pages} more={() => setPages(pages + 1)} />
    </Stack>
  );
}

interface PageProps {
  id: string;
  after: string | null;
  left: number;
  more(): void;
}

function Page({ id, after, left, more }: PageProps) {
  const { data, error, reread } = useLive({
    query: ScheduleHistoryDocument,
    variables: { id, after },
    on: (change) => change.id === id,
    ...(after === null && { every: 30_000 }),
  });
  if (!data) return error ? <ErrorNotice error={error} retry={reread} /> : <Skeleton h={240} />;
  const { nodes, pageInfo } = data.audit;
  return (
    <>
      {nodes.length === 0 && after === null && (
        <EmptyState title="No change is known">What retention has removed is not shown any more.</EmptyState>
      )}
      {nodes.map((entry) => (
        <Entry key={entry.id} entry={entry} />
      ))}
      {pageInfo.hasNextPage && left <= 1 && (
        <Button variant="default" size="xs" onClick={more}>
          Show earlier changes
        </Button>
      )}
      {pageInfo.hasNextPage && left > 1 && <Page id={id} after={pageInfo.endCursor} left={left - 1} more={more} />}
    </>
  );
}

function Entry({ entry }: { entry: ScheduleHistoryQuery['audit']['nodes'][number] }) {
  const { actor, action, at, reason, source } = entry;
  const rows = changeRows(entry.changes);
  return (
    <article>
      <Group gap={6}>
        <Text size="sm">
          <b>{actor.name ?? actor.id}</b> {ACTIONS[action] ?? <Code>{action}</Code>}
        </Text>
        <Text size="xs" c="dimmed">
          <Instant at={at} size="xs" />, from {source}
        </Text>
      </Group>
      {reason !== null && (
        <Text size="sm" fs="italic">
          “{reason}”
        </Text>
      )}
      {rows.length > 0 && (
        <Table.ScrollContainer minWidth={480}>
          <Table withTableBorder verticalSpacing={4} fz="xs" mt={4} layout="fixed">
            <Table.Thead>
              <Table.Tr>
                <Table.Th w="26%">Field</Table.Th>
                <Table.Th>Before</Table.Th>
                <Table.Th>After</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map(({ path, before, after }) => (
                <Table.Tr key={path}>
                  <Table.Th scope="row" className="mono" fw={400} style={{ overflowWrap: 'anywhere' }}>
                    {path}
                  </Table.Th>
                  <Table.Td className={before === null ? '' : (classes['was'] ?? '')}>{before ?? <None />}</Table.Td>
                  <Table.Td className={after === null ? '' : (classes['is'] ?? '')}>{after ?? <None />}</Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </Table.ScrollContainer>
      )}
    </article>
  );
}

const None = () => (
  <Text span size="xs" c="dimmed">
    none
  </Text>
);
