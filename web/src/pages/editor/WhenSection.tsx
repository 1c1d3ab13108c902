import { Alert, Button, Group, Paper, SegmentedControl, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { brokenTexts, useField, useForm } from '../../form/form.tsx';
import { JsonBox } from '../../form/JsonBox.tsx';
import { TEMPLATES } from './templates.ts';
import { TriggerBuilder } from './TriggerBuilder.tsx';
import { ZonePicker } from '../../parts/ZonePicker.tsx';
import { useZone, wallNow } from './zone.ts';

type View = 'BUILDER' | 'BOTH' | 'JSON';

/** When it runs: drawn, as JSON, or both beside each other. */
export function WhenSection({ creating }: { creating: boolean }) {
  const form = useForm();
  const zone = useZone();
  const zoneField = useField(['timeZone']);
  const [view, setView] = useState<View>('BUILDER');
  const broken = brokenTexts(form.texts, ['trigger']).length > 0;
  return (
    <Paper withBorder p="md" component="section" aria-label="When">
      <Group justify="space-between" mb="sm">
        <Title order={2}>When</Title>
        <SegmentedControl
          size="xs"
          aria-label="How the trigger is edited"
          data={[
            { value: 'BUILDER', label: 'Builder' },
            { value: 'BOTH', label: 'Both' },
            { value: 'JSON', label: 'JSON' },
          ]}
          value={view}
          onChange={(next) => setView(next as View)}
        />
      </Group>
      <Stack gap="sm">
        {creating && (
          <Group gap={6} role="group" aria-label="Begin with">
            <Text size="sm" c="dimmed">
              Begin with
            </Text>
            {TEMPLATES.map(({ label, trigger }) => (
              <Button
                key={label}
                size="compact-xs"
                variant="default"
                disabled={broken}
                onClick={() => form.set(['trigger'], trigger(wallNow(zone)))}
              >
                {label}
              </Button>
            ))}
          </Group>
        )}
        <ZonePicker
          label="Time zone"
          description="On whose clock the times of the schedule are."
          value={zone}
          error={zoneField.error}
          onChange={(next) => next !== null && zoneField.set(next)}
        />
        {view !== 'JSON' &&
          (broken ? (
            <Alert color="yellow" title="The text is no JSON yet">
              The builder shows it again when it is. What you have typed is kept.
              {view === 'BUILDER' && (
                <Button mt="xs" size="compact-sm" variant="default" display="block" onClick={() => setView('JSON')}>
                  Go on with the text
                </Button>
              )}
            </Alert>
          ) : (
            <TriggerBuilder path={['trigger']} />
          ))}
        {view !== 'BUILDER' && (
          <JsonBox
            path={['trigger']}
            label="Trigger as JSON"
            description="In the shape of TriggerInput: what the API takes and triggerSpec answers."
          />
        )}
      </Stack>
    </Paper>
  );
}
