import { Button, Code, Group, Paper, Progress, Skeleton, Stack, Table, Text, Title } from '@mantine/core';
import { IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { faultText, useAct } from '../../api/useAct.ts';
import { useLive } from '../../api/useLive.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { useNow } from '../../time/clock.ts';
import { BROWSER_ZONE, formatStretch } from '../../time/format.ts';
import { Instant } from '../../time/Instant.tsx';
import { CreateFreezeDialog } from './CreateFreezeDialog.tsx';
import { EXITS, groupFreezes, occurrences, selectionParts } from './freezeList.ts';
import type { FreezePhase } from './freezeList.ts';
import { EndFreezeDocument, FreezesDocument } from './freezes.generated.ts';
import type { FreezesQuery } from './freezes.generated.ts';

type ShownFreeze = FreezesQuery['freezes'][number];

const PAST_SHOWN = 25;

/** What is held back at present or will be, and what was. */
export default function FreezesPage() {
  const { data, error, reread } = useLive({ query: FreezesDocument, variables: {}, on: () => false, every: 10_000 });
  const { clockOffset } = useSession();
  const now = useNow() + clockOffset;
  const [dialog, setDialog] = useState<'CREATE' | { end: ShownFreeze } | null>(null);
  const [shown, setShown] = useState(PAST_SHOWN);
  const groups = groupFreezes(data?.freezes ?? [], now);
  const current = [...groups.ACTIVE, ...groups.COMING];
  const create = (
    <MayButton role="OPERATOR" leftSection={<IconPlus size={16} />} onClick={() => setDialog('CREATE')}>
      New freeze
    </MayButton>
  );
  return (
    <>
      <PageHead
        title="Freezes"
        hint={`For a while nothing that a freeze selects fires by itself. By hand it can still be run. Times are in ${BROWSER_ZONE}.`}
        actions={create}
      />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && (
        <Stack>
          <Skeleton h={150} />
          <Skeleton h={150} />
        </Stack>
      )}
      {data && (
        <Stack gap="lg">
          {current.length === 0 ? (
            <EmptyState title="Nothing is frozen">
              A freeze holds back what it selects, such as all schedules of a team during a release or over a holiday. When it
              ends they go on, and you decide beforehand what becomes of what they missed.
            </EmptyState>
          ) : (
            <Stack component="section" aria-label="Active and coming">
              {groups.ACTIVE.map((freeze) => (
                <FreezeCard key={freeze.id} freeze={freeze} phase="ACTIVE" now={now} onEnd={() => setDialog({ end: freeze })} />
              ))}
              {groups.COMING.map((freeze) => (
                <FreezeCard key={freeze.id} freeze={freeze} phase="COMING" now={now} onEnd={() => setDialog({ end: freeze })} />
              ))}
            </Stack>
          )}
          {groups.PAST.length > 0 && (
            <section aria-labelledby="past-freezes">
              <Title order={2} id="past-freezes" size="h3" mb="xs">
                Past
              </Title>
              <PastTable freezes={groups.PAST.slice(0, shown)} />
              {groups.PAST.length > shown && (
                <Button mt="sm" size="xs" variant="default" onClick={() => setShown(shown + 100)}>
                  Show earlier ones ({groups.PAST.length - shown})
                </Button>
              )}
            </section>
          )}
        </Stack>
      )}
      {dialog === 'CREATE' && <CreateFreezeDialog onClose={() => setDialog(null)} onDone={reread} />}
      {dialog !== null && dialog !== 'CREATE' && (
        <EndDialog freeze={dialog.end} onClose={() => setDialog(null)} onDone={reread} />
      )}
    </>
  );
}

const LOOKS = {
  ACTIVE: { color: 'cyan', word: 'Active' },
  COMING: { color: 'gray', word: 'Coming' },
  PAST: { color: 'gray', word: 'Ended' },
} as const;

interface CardProps {
  freeze: ShownFreeze;
  phase: FreezePhase;
  now: number;
  onEnd(): void;
}

function FreezeCard({ freeze, phase, now, onEnd }: CardProps) {
  const [from, until] = [Date.parse(freeze.from), Date.parse(freeze.until)];
  const exit = EXITS.find(({ value }) => value === freeze.exit);
  return (
    <Paper component="article" withBorder p="md" aria-label={freeze.reason}>
      <Group justify="space-between" align="flex-start" gap="sm">
        <Stack gap={4} miw={0} flex={1}>
          <Group gap="xs">
            <StateBadge look={LOOKS[phase]} />
            <Title order={2} size="h3" style={{ overflowWrap: 'anywhere' }}>
              {freeze.reason}
            </Title>
          </Group>
          <Selection select={freeze.select} />
          <Text size="sm" c="dimmed">
            At its end {exit?.short}. Created by {freeze.by.name ?? freeze.by.id}.
          </Text>
        </Stack>
        <MayButton role="OPERATOR" variant="default" size="xs" onClick={onEnd}>
          {phase === 'ACTIVE' ? 'End it now' : 'Call it off'}
        </MayButton>
      </Group>
      {phase === 'ACTIVE' && (
        <Progress
          mt="sm"
          size="sm"
          color="cyan"
          value={(100 * (now - from)) / Math.max(1, until - from)}
          aria-label="How much of it has passed"
        />
      )}
      <Group justify="space-between" mt={6} gap="xs">
        <Text size="sm">
          {phase === 'ACTIVE' ? 'since ' : 'begins '}
          <Instant at={freeze.from} as={phase === 'ACTIVE' ? 'short' : 'both'} size="sm" />
        </Text>
        <Text size="sm" fw={500}>
          {phase === 'ACTIVE' ? `${occurrences(freeze.suppressed)} held back so far` : `lasts ${formatStretch(until - from)}`}
        </Text>
        <Text size="sm">
          ends <Instant at={freeze.until} as={phase === 'ACTIVE' ? 'both' : 'short'} size="sm" />
        </Text>
      </Group>
    </Paper>
  );
}

function Selection({ select }: { select: Record<string, unknown> }) {
  const parts = selectionParts(select);
  if (parts.length === 0) return <Text size="sm">All schedules</Text>;
  return (
    <Group gap={6}>
      {parts.map(({ by, values }) => (
        <Text key={by} size="sm" span>
          {by}{' '}
          {values.slice(0, 8).map((value) => (
            <Code key={value} mr={4}>
              {value}
            </Code>
          ))}
          {values.length > 8 && `and ${values.length - 8} more`}
        </Text>
      ))}
    </Group>
  );
}

const PastTable = ({ freezes }: { freezes: readonly ShownFreeze[] }) => (
  <Table.ScrollContainer minWidth={760}>
    <Table verticalSpacing="xs">
      <Table.Thead>
        <Table.Tr>
          <Table.Th>Reason</Table.Th>
          <Table.Th>What</Table.Th>
          <Table.Th w={150}>From</Table.Th>
          <Table.Th w={150}>Until</Table.Th>
          <Table.Th w={110} ta="right">
            Held back
          </Table.Th>
          <Table.Th w={210}>At its end</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {freezes.map((freeze) => (
          <Table.Tr key={freeze.id}>
            <Table.Td>
              <Text size="sm" style={{ overflowWrap: 'anywhere' }}>
                {freeze.reason}
              </Text>
              <Text size="xs" c="dimmed">
                by {freeze.by.name ?? freeze.by.id}
              </Text>
            </Table.Td>
            <Table.Td>
              <Selection select={freeze.select} />
            </Table.Td>
            <Table.Td>
              <Instant at={freeze.from} as="short" size="sm" />
            </Table.Td>
            <Table.Td>
              <Instant at={freeze.until} as="short" size="sm" />
            </Table.Td>
            <Table.Td ta="right">{freeze.suppressed.toLocaleString('en')}</Table.Td>
            <Table.Td>
              <Text size="sm" c="dimmed">
                {EXITS.find(({ value }) => value === freeze.exit)?.short}
              </Text>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  </Table.ScrollContainer>
);

function EndDialog({ freeze, onClose, onDone }: { freeze: ShownFreeze; onClose(): void; onDone(): void }) {
  const act = useAct();
  const { clockOffset } = useSession();
  const begun = Date.parse(freeze.from) <= Date.now() + clockOffset;
  return (
    <FormDialog
      title={begun ? 'End this freeze now?' : 'Call this freeze off?'}
      confirm={begun ? 'End it now' : 'Call it off'}
      ready
      onClose={onClose}
      onConfirm={async () => {
        const outcome = await act(EndFreezeDocument, { id: freeze.id }, 'endFreeze');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone(begun ? 'Ended' : 'Called off', freeze.reason);
        onDone();
        return null;
      }}
    >
      <Text size="sm" fw={600}>
        {freeze.reason}
      </Text>
      <Selection select={freeze.select} />
      <Text size="sm">
        {begun
          ? `What it selects fires again from now on. It has held back ${occurrences(freeze.suppressed)}; ${EXITS.find(({ value }) => value === freeze.exit)?.short}.`
          : 'It has held back nothing, and never will.'}
      </Text>
    </FormDialog>
  );
}
