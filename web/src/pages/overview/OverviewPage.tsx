import { Button, Grid, Stack } from '@mantine/core';
import { IconDeviceTv } from '@tabler/icons-react';
import { Link } from 'wouter';
import { PageHead } from '../../parts/PageHead.tsx';
import { Attention } from './Attention.tsx';
import { Counters } from './Counters.tsx';
import { FirstSteps } from './FirstSteps.tsx';
import { NextUp } from './NextUp.tsx';
import { Timeline } from './timeline/Timeline.tsx';

/** What is happening, what comes next, and what needs somebody. */
export default function OverviewPage() {
  return (
    <>
      <PageHead
        title="Overview"
        actions={
          <Button
            component={Link}
            href="/wallboard"
            variant="default"
            size="xs"
            leftSection={<IconDeviceTv size={16} aria-hidden />}
          >
            Wallboard
          </Button>
        }
      />
      <Stack gap="md">
        <FirstSteps />
        <Counters />
        <Timeline />
        <Grid gap="md">
          <Grid.Col span={{ base: 12, lg: 7 }}>
            <Attention />
          </Grid.Col>
          <Grid.Col span={{ base: 12, lg: 5 }}>
            <NextUp />
          </Grid.Col>
        </Grid>
      </Stack>
    </>
  );
}
