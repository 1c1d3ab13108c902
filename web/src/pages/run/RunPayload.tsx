import { Box, Group, Paper, SimpleGrid, Skeleton, Text, Title } from '@mantine/core';
import { useLive } from '../../api/useLive.ts';
import { useSession } from '../../api/session.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { JsonView } from '../../parts/JsonView.tsx';
import { ErrorNotice } from '../../parts/Notices.tsx';
import { UNFINISHED } from '../../parts/states.ts';
import { RunPayloadDocument } from './run.generated.ts';
import type { ShownRun } from './RunStatus.tsx';

/** What the run was given, what it has answered, and how it failed. */
export function RunPayload({ run }: { run: ShownRun }) {
  const { viewer } = useSession();
  const anonymous = viewer.actor.kind === 'ANONYMOUS';
  const over = !UNFINISHED.includes(run.state);
  const { data, error, reread } = useLive({
    query: RunPayloadDocument,
    variables: { id: run.id },
    // They are large: read once more at its end, when there is an output.
    on: ({ of, id, state }) => of === 'run' && id === run.id && state !== undefined && !UNFINISHED.includes(state),
    pause: anonymous,
  });
  if (error && !data) return <ErrorNotice error={error} retry={reread} />;
  const read = data?.run ?? null;
  const hidden = anonymous ? 'Shown to who has a token.' : null;
  return (
    <SimpleGrid cols={{ base: 1, md: run.error ? 3 : 2 }}>
      <Part title="Input" read={hidden !== null || read !== null} value={read?.input} none={hidden ?? 'None was given.'} />
      <Part
        title="Output"
        read={hidden !== null || read !== null}
        value={read?.output}
        none={hidden ?? (over ? 'It has answered nothing.' : 'It comes with its end.')}
      />
      {run.error && <Part title="Error" read value={withoutTypename(run.error)} none="" />}
    </SimpleGrid>
  );
}

function withoutTypename({ code, name, message, retryable }: NonNullable<ShownRun['error']>) {
  return { code, name, message, retryable };
}

function Part({ title, read, value, none }: { title: string; read: boolean; value: unknown; none: string }) {
  return (
    <Paper withBorder component="section" aria-label={title} p="md" miw={0}>
      <Group justify="space-between" mb={6} mih={24}>
        <Title order={2} size="h3">
          {title}
        </Title>
        {value != null && <CopyButton text={() => JSON.stringify(value, null, 2)} label={`Copy the ${title.toLowerCase()}`} />}
      </Group>
      <Box mih={40}>
        {!read && <Skeleton h={40} />}
        {read && value == null && (
          <Text size="sm" c="dimmed">
            {none}
          </Text>
        )}
        {read && value != null && <JsonView value={value} name={title} />}
      </Box>
    </Paper>
  );
}
