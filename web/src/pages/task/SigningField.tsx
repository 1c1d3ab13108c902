import { Button, Group, Text, TextInput } from '@mantine/core';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { newSigningSecret } from './taskForm.ts';
import type { TaskForm } from './taskForm.ts';

interface SigningFieldProps {
  value: TaskForm['signingSecret'];
  fault: string | null;
  onChange(value: TaskForm['signingSecret']): void;
}

/** The secret that requests are signed with: given or made, and never shown again. */
export function SigningField({ value, fault, onChange }: SigningFieldProps) {
  if (value.kept)
    return (
      <Group gap="xs">
        <Text size="sm">Requests are signed (Standard Webhooks). The secret is never shown again.</Text>
        <Button size="compact-xs" variant="default" onClick={() => onChange({ kept: false, value: '' })}>
          Replace or remove the signing secret
        </Button>
      </Group>
    );
  return (
    <Group gap="xs" align="flex-end" wrap="nowrap">
      <TextInput
        flex={1}
        miw={0}
        label="Signing secret"
        description="Signs each request (Standard Webhooks), so that who is called knows the sender: whsec_ and base64. Empty: not signed. Copy it before you save."
        placeholder="whsec_…"
        autoComplete="off"
        className="mono"
        value={value.value}
        error={fault}
        onChange={(event) => onChange({ kept: false, value: event.currentTarget.value })}
      />
      {value.value !== '' && <CopyButton text={value.value} label="Copy the signing secret" />}
      <Button
        variant="default"
        onClick={() => onChange({ kept: false, value: newSigningSecret((bytes) => crypto.getRandomValues(bytes)) })}
      >
        Make one
      </Button>
    </Group>
  );
}
