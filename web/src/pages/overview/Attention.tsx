import { Anchor, Badge, Button, Group, Paper, Skeleton, Stack, Text, Title } from '@mantine/core';
import { IconCircleCheck } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'wouter';
import { faultText, useAct } from '../../api/useAct.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { ErrorNotice } from '../../parts/Notices.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { Instant } from '../../time/Instant.tsx';
import { ResumeScheduleDocument, ResumeTaskDocument } from './actions.generated.ts';
import { ATTENTION_LOOKS } from './attention.ts';
import type { AttentionItem } from './attention.ts';
import { useAttention } from './useAttention.ts';

const SHOWN = 6;

/** What somebody should look at, with the one thing to do about each. */
export function Attention() {
  const { items, more, error, reread } = useAttention();
  const [all, setAll] = useState(false);
  const [resuming, setResuming] = useState<AttentionItem | null>(null);
  const shown = items?.slice(0, all ? items.length : SHOWN);
  return (
    <Paper withBorder p="md" component="section" aria-labelledby="attention">
      <Group justify="space-between" mb="xs">
        <Title order={2} id="attention" fz="md">
          Needs attention
          {items && items.length > 0 ? ` (${items.length}${more ? '+' : ''})` : ''}
        </Title>
      </Group>
      <Stack gap={0} mih={352} component="ul" m={0} p={0}>
        {error && !items && <ErrorNotice error={error} retry={reread} />}
        {!items && !error && Array.from({ length: 5 }, (_, index) => <Skeleton key={index} h={44} my={6} />)}
        {items?.length === 0 && (
          <Stack align="center" justify="center" gap="xs" flex={1} mih={300}>
            <IconCircleCheck size={36} color="var(--mantine-color-green-6)" aria-hidden />
            <Text fw={600}>All is well</Text>
            <Text size="sm" c="dimmed" ta="center" maw={360}>
              Nothing fails, nothing was missed in the last day, nothing is paused or frozen, and every task has a worker.
            </Text>
          </Stack>
        )}
        {shown?.map((item) => (
          <AttentionRow key={item.key} item={item} onResume={() => setResuming(item)} />
        ))}
        {items && items.length > SHOWN && (
          <Button variant="subtle" size="xs" mt="xs" onClick={() => setAll(!all)} aria-expanded={all}>
            {all ? 'Show fewer' : `Show ${items.length - SHOWN} more`}
          </Button>
        )}
      </Stack>
      {resuming && <ResumeDialog item={resuming} onClose={() => setResuming(null)} onDone={reread} />}
    </Paper>
  );
}

function AttentionRow({ item, onResume }: { item: AttentionItem; onResume(): void }) {
  const { kind, subject, href, text, at, when, reason, action, resumes } = item;
  const look = ATTENTION_LOOKS[kind];
  return (
    <Group
      component="li"
      justify="space-between"
      wrap="nowrap"
      gap="sm"
      py={7}
      mih={52}
      style={{ listStyle: 'none', borderBottom: '1px solid var(--mantine-color-default-border)' }}
    >
      <div style={{ minWidth: 0, flex: 1 }}>
        <Group gap={8} wrap="nowrap">
          <Badge color={look.color} variant="light" size="sm" radius="sm" tt="none" style={{ flexShrink: 0 }}>
            {look.word}
          </Badge>
          <Text size="sm" fw={600} truncate title={subject}>
            {href === null ? (
              subject
            ) : (
              <Anchor component={Link} href={href} inherit c="inherit">
                {subject}
              </Anchor>
            )}
          </Text>
        </Group>
        <Text size="xs" c="dimmed" lineClamp={2} title={text}>
          {text}
          {at !== null && (
            <>
              , {when} <Instant at={new Date(at).toISOString()} size="xs" as="both" />
            </>
          )}
          {reason !== null && <>: “{reason}”</>}
        </Text>
      </div>
      {resumes ? (
        <MayButton role="OPERATOR" size="compact-xs" variant="default" onClick={onResume} style={{ flexShrink: 0 }}>
          {action.word}
        </MayButton>
      ) : (
        <Anchor component={Link} href={action.href} size="xs" className="nowrap">
          {action.word}
        </Anchor>
      )}
    </Group>
  );
}

function ResumeDialog({ item, onClose, onDone }: { item: AttentionItem; onClose(): void; onDone(): void }) {
  const act = useAct();
  const { subject, reason, resumes } = item;
  if (!resumes) return null;
  const { of, id } = resumes;
  const resume = async (given: string) => {
    const outcome =
      of === 'schedule'
        ? await act(ResumeScheduleDocument, { id, reason: given === '' ? null : given }, 'resumeSchedules')
        : await act(ResumeTaskDocument, { id }, 'resumeTask');
    if (!outcome.ok) return faultText(outcome.faults);
    sayDone('Resumed', subject);
    onDone();
    return null;
  };
  const title = `Resume ${subject}?`;
  const words = (
    <Text size="sm">
      {reason !== null && <>It was paused because: “{reason}”. </>}What passed meanwhile does not run; it counts as paused.
    </Text>
  );
  if (of === 'schedule')
    return (
      <ReasonDialog title={title} confirm="Resume" onClose={onClose} onConfirm={resume}>
        {words}
      </ReasonDialog>
    );
  // The API takes no reason for it.
  return (
    <FormDialog title={title} confirm="Resume" ready onClose={onClose} onConfirm={() => resume('')}>
      {words}
    </FormDialog>
  );
}
