import { Button, Group, SimpleGrid, Stack, Text, Title, Paper } from '@mantine/core';
import { useLocation } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { EmptyState } from '../../parts/Notices.tsx';
import styles from './schedules.module.css';

/** As the editor calls its templates. */
const TEMPLATES: readonly { template: string; title: string; words: string }[] = [
  {
    template: 'Every 10 minutes',
    title: 'Every 10 minutes',
    words: 'A steady beat, whatever the clock shows: health checks, syncs.',
  },
  {
    template: 'Weekdays at 9',
    title: 'Weekdays at 9',
    words: 'By the wall clock of a zone, daylight saving included: reports, reminders.',
  },
  {
    template: 'Last day of the month',
    title: 'Last day of the month',
    words: 'By the calendar, however long the month is: bills, closings.',
  },
];

/** There is none but those that come with the server's own tasks: what a schedule is, and three ways to begin. */
export function NoSchedules() {
  const [, navigate] = useLocation();
  const editor = useMay('EDITOR');
  return (
    <Stack align="center" gap="md" py="xl">
      <Title order={2} ta="center">
        No schedules of your own yet
      </Title>
      <Text c="dimmed" ta="center" maw={560} size="sm">
        A schedule runs a task by a trigger: at times of a clock, in steady steps, by a calendar or by hand. Each of its fires is
        kept with a verdict, so that this page can say what ran, what did not and why.
      </Text>
      {editor ? (
        <>
          <SimpleGrid cols={{ base: 1, sm: 3 }} w="100%" maw={860}>
            {TEMPLATES.map(({ template, title, words }) => (
              <Paper
                key={template}
                component="button"
                type="button"
                className={styles['template'] ?? ''}
                withBorder
                p="md"
                onClick={() => navigate(`/schedules/new?${new URLSearchParams({ template })}`)}
              >
                <Text fw={600}>{title}</Text>
                <Text size="sm" c="dimmed">
                  {words}
                </Text>
              </Paper>
            ))}
          </SimpleGrid>
          <Group>
            <Button variant="default" onClick={() => navigate('/schedules/new')}>
              Begin with an empty one
            </Button>
          </Group>
        </>
      ) : (
        <Text size="sm">To create one needs the role EDITOR.</Text>
      )}
    </Stack>
  );
}

/** There are some, but the filters leave none. */
export function NoMatch({ search, clear }: { search: string; clear(): void }) {
  return (
    <EmptyState title="No schedule matches" action={<Button onClick={clear}>Clear the filters</Button>}>
      {search === ''
        ? 'The filters leave none of them.'
        : `Every word of “${search}” has to stand in the name, the description or the task’s key.`}
    </EmptyState>
  );
}
