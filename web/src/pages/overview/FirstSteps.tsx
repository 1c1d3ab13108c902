import { Anchor, Button, Group, Paper, Stack, Text, ThemeIcon, Title } from '@mantine/core';
import { IconCheck } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'wouter';
import { GRAPHIQL_URL } from '../../api/addresses.ts';
import { useLive } from '../../api/useLive.ts';
import { FirstStepsDocument } from './overview.generated.ts';
import { stepsDone } from './firstSteps.ts';

/** On a server whose only schedules are its own: how to get to the first run. It goes when the last step is done. */
export function FirstSteps() {
  const { data } = useLive({
    query: FirstStepsDocument,
    variables: {},
    on: ({ of, kind }) => of === 'schedule' || (of === 'task' && kind === 'CREATED') || (of === 'run' && kind === 'CREATED'),
  });
  const done = data && stepsDone(data);
  if (!done || done.ran) return null;
  return (
    <Paper withBorder p="lg" component="section" aria-labelledby="first-steps">
      <Title order={2} id="first-steps" mb={4}>
        Three steps to the first run
      </Title>
      <Text c="dimmed" size="sm" mb="md">
        A task says what is done, a schedule says when, a run is one time that it was done. What is on this page fills by itself.
      </Text>
      <Stack component="ol" gap="md" m={0} p={0}>
        <Step number={1} done={done.task} title="Have something to run">
          The server has example tasks, such as example.http-ping. For your own, let it call a URL:{' '}
          <Anchor component={Link} href="/tasks" inherit>
            make an HTTP task
          </Anchor>
          , or put a file with code into its folder of tasks.
        </Step>
        <Step
          number={2}
          done={done.schedule}
          title="Say when"
          action={
            <Button component={Link} href="/schedules/new" size="xs">
              Make a schedule
            </Button>
          }
        >
          Every ten minutes, at 9:00 on workdays in Berlin, on the last Friday of the month: you see the next times while you
          type.
        </Step>
        <Step number={3} done={done.ran} title="Watch it run">
          Its outline stands to the right of the line of the present, and becomes a bar when it runs. You need not wait: “Trigger”
          on the page of the schedule runs it at once.
        </Step>
      </Stack>
      <Text size="sm" c="dimmed" mt="md">
        All of it can be done over the API, too:{' '}
        <Anchor href={GRAPHIQL_URL} target="_blank" rel="noreferrer" inherit>
          try it in GraphiQL
        </Anchor>
        .
      </Text>
    </Paper>
  );
}

interface StepProps {
  number: number;
  done: boolean;
  title: string;
  action?: ReactNode;
  children: ReactNode;
}

function Step({ number, done, title, action, children }: StepProps) {
  return (
    <Group component="li" align="flex-start" wrap="nowrap" gap="md" style={{ listStyle: 'none' }}>
      <ThemeIcon radius="xl" size={30} variant={done ? 'filled' : 'light'} color={done ? 'green' : 'blue'}>
        {done ? <IconCheck size={18} aria-label="Done" /> : number}
      </ThemeIcon>
      <Stack gap={4} align="flex-start" flex={1}>
        <Text fw={600}>{title}</Text>
        <Text size="sm">{children}</Text>
        {!done && action}
      </Stack>
    </Group>
  );
}
