import { Paper, SimpleGrid, Stack, Text, Textarea, Title } from '@mantine/core';
import { TextAt } from '../../form/fields.tsx';
import { InputForm } from '../../form/InputForm.tsx';
import { useField } from '../../form/form.tsx';
import { TaskPicker } from './TaskPicker.tsx';
import type { ChosenTask } from './TaskPicker.tsx';

/** What is run, and under which name. */
export function WhatSection({ task }: { task: ChosenTask | null }) {
  const description = useField(['description']);
  return (
    <Paper withBorder p="md" component="section" aria-label="What">
      <Title order={2} mb="sm">
        What
      </Title>
      <Stack gap="sm">
        <SimpleGrid cols={{ base: 1, xs: 2 }}>
          <TextAt path={['name']} label="Name" description="Unique among the schedules." required />
          <TaskPicker chosen={task} />
        </SimpleGrid>
        <Textarea
          label="Description"
          autosize
          minRows={1}
          maxRows={6}
          value={typeof description.value === 'string' ? description.value : ''}
          error={description.error}
          onChange={({ currentTarget }) => description.set(currentTarget.value === '' ? undefined : currentTarget.value)}
        />
      </Stack>
    </Paper>
  );
}

/** What each of its runs is given. */
export function WithSection({ task }: { task: ChosenTask | null }) {
  const input = useField(['input']);
  return (
    <Paper withBorder p="md" component="section" aria-label="Input">
      {task === null && input.value === undefined ? (
        <>
          <Title order={2} mb={4}>
            Input
          </Title>
          <Text size="sm" c="dimmed">
            Choose a task, and what it can be given is asked for here.
          </Text>
        </>
      ) : (
        <InputForm
          title={<Title order={2}>Input</Title>}
          schema={task?.inputSchema}
          description={
            task?.kind === 'HTTP'
              ? 'An object; it is sent as the body of the request, in place of the task’s own.'
              : 'An object that every run is given; empty: none.'
          }
        />
      )}
    </Paper>
  );
}
