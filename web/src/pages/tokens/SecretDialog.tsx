import { Alert, Button, Code, Group, Stack, Text } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import { useState } from 'react';
import { CopyButton } from '../../parts/CopyButton.tsx';
import { copyText } from '../../parts/copyText.ts';
import { Dialog } from '../../parts/Dialog.tsx';
import { sayFault } from '../../parts/toasts.tsx';
import type { MadeToken } from './CreateTokenDialog.tsx';

/** Shown this once: it is closed by its own button only. */
export function SecretDialog({ name, secret, onClose }: MadeToken & { onClose(): void }) {
  const [copied, setCopied] = useState(false);

  async function copy() {
    const done = await copyText(secret);
    setCopied(done);
    if (!done) sayFault('Not copied', 'The browser does not let this page write to the clipboard: select it by hand.');
  }

  return (
    <Dialog
      onClose={onClose}
      title={`The token ${name}`}
      withCloseButton={false}
      closeOnClickOutside={false}
      closeOnEscape={false}
    >
      <Stack>
        <Alert color="orange" icon={<IconAlertTriangle />} title="Keep it: it is shown this once">
          The server stores no more than its hash. Who has it is let in; hand it on over a channel that is kept secret.
        </Alert>
        <Group gap="xs" wrap="nowrap">
          <Code block flex={1} style={{ overflowWrap: 'anywhere', whiteSpace: 'pre-wrap' }} aria-label="The secret">
            {secret}
          </Code>
          <CopyButton text={secret} label="Copy the secret" />
        </Group>
        <Text size="sm" c="dimmed">
          Programs send it as <Code>Authorization: Bearer …</Code>.
        </Text>
        <Group justify="space-between">
          <Button variant="default" onClick={() => void copy()}>
            {copied ? 'Copied' : 'Copy it'}
          </Button>
          <Button onClick={onClose}>I have kept it</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}
