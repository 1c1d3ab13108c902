import { Anchor, Group, Skeleton, Stack, Text } from '@mantine/core';
import { useQuery } from 'urql';
import { Link } from 'wouter';
import { useSession } from '../../api/session.tsx';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { JsonView } from '../../parts/JsonView.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { RUN_LOOKS } from '../../parts/states.ts';
import { Instant } from '../../time/Instant.tsx';
import { RunStepOutputsDocument } from './run.generated.ts';
import type { RunTimelineQuery } from './run.generated.ts';
import type { Row } from './waterfall.ts';

type Timeline = NonNullable<RunTimelineQuery['run']>;

interface RowDetailsProps {
  runId: string;
  row: Row;
  attempt: Timeline['attempts'][number] | undefined;
  /** Of rows of steps. */
  step: Timeline['steps'][number] | undefined;
  whyNoRetry: string | null;
  retryFrom(step: string): void;
}

/** What is known of one attempt or step. */
export function RowDetails({ runId, row, attempt, step, whyNoRetry, retryFrom }: RowDetailsProps) {
  const part = step ?? attempt;
  if (!part)
    return (
      <Text size="sm" c="dimmed">
        No worker has begun it yet.
      </Text>
    );
  const error = part.error;
  return (
    <Stack gap={6}>
      <Group gap="xs">
        <StateBadge look={RUN_LOOKS[part.state]} />
        <Text size="sm" component="div">
          <Instant at={part.startedAt} as="full" inherit />
          {part.finishedAt !== null && (
            <>
              {' to '}
              <Instant at={part.finishedAt} as="short" inherit />
            </>
          )}
        </Text>
        {!step && attempt?.worker && (
          <Text size="sm" c="dimmed">
            on{' '}
            <Anchor component={Link} href="/workers" inherit>
              {attempt.worker.hostname}
            </Anchor>
          </Text>
        )}
        {step && (
          <MayButton
            role="OPERATOR"
            size="compact-xs"
            variant="default"
            blocked={whyNoRetry}
            onClick={() => retryFrom(step.name)}
          >
            Retry from here
          </MayButton>
        )}
      </Group>
      {error && (
        <Text size="sm" c="error" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          {error.code}: {error.message}
        </Text>
      )}
      {step?.state === 'SUCCEEDED' && <StepOutput runId={runId} name={row.label} />}
    </Stack>
  );
}

function StepOutput({ runId, name }: { runId: string; name: string }) {
  const { viewer } = useSession();
  const anonymous = viewer.actor.kind === 'ANONYMOUS';
  const [{ data }] = useQuery({
    query: RunStepOutputsDocument,
    variables: { id: runId },
    requestPolicy: 'cache-and-network',
    pause: anonymous,
  });
  if (anonymous)
    return (
      <Text size="sm" c="dimmed">
        Its output is shown to who has a token.
      </Text>
    );
  const output = data?.run?.steps.find((step) => step.name === name)?.output;
  if (output === undefined) return <Skeleton h={20} />;
  if (output === null)
    return (
      <Text size="sm" c="dimmed">
        It has no output.
      </Text>
    );
  return (
    <Group align="flex-start" gap={4} wrap="nowrap">
      <div style={{ flex: 1, minWidth: 0 }}>
        <JsonView value={output} name={`Output of ${name}`} />
      </div>
      <CopyButton text={() => JSON.stringify(output, null, 2)} label={`Copy the output of ${name}`} />
    </Group>
  );
}
