import { Paper, Stack, Textarea, Title } from '@mantine/core';
import { TextAt } from './fields.tsx';
import { useField } from './form.tsx';
import { InputSection } from './InputSection.tsx';
import { TaskPicker } from './TaskPicker.tsx';
import type { ChosenTask } from './TaskPicker.tsx';

/** What is run, under which name, with which input. */
export function WhatSection({ task }: { task: ChosenTask | null }) {
  const description = useField(['description']);
  return (
    <Paper withBorder p="md" component="section" aria-label="What">
      <Title order={2} mb="sm">
        What
      </Title>
      <Stack gap="sm">
        <TextAt path={['name']} label="Name" description="Unique among the schedules; up to 200 characters." required />
        <TaskPicker chosen={task} />
        <Textarea
          label="Description"
          autosize
          minRows={1}
          maxRows={6}
          value={typeof description.value === 'string' ? description.value : ''}
          error={description.error}
          onChange={({ currentTarget }) => description.set(currentTarget.value === '' ? undefined : currentTarget.value)}
        />
        <InputSection task={task} />
      </Stack>
    </Paper>
  );
}
