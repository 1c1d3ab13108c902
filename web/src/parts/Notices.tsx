import { Alert, Button, Center, Stack, Text, Title } from '@mantine/core';
import { IconAlertTriangle } from '@tabler/icons-react';
import type { CombinedError } from 'urql';
import type { ReactNode } from 'react';

/** What a request could not do, and what can be done about it. */
export function ErrorNotice({ error, retry }: { error: CombinedError; retry?: () => void }) {
  const [first] = error.graphQLErrors;
  const code = first?.extensions['code'];
  const message = error.networkError
    ? 'The server cannot be reached. It is asked again as soon as it answers.'
    : (first?.message ?? error.message);
  const requestId = first?.extensions['requestId'];
  return (
    <Alert color="red" icon={<IconAlertTriangle />} title={typeof code === 'string' ? code : 'Not read'} role="alert">
      <Text size="sm">{message}</Text>
      {typeof requestId === 'string' && (
        <Text size="xs" c="dimmed">
          Request {requestId}: the server's log says more under this id.
        </Text>
      )}
      {retry && (
        <Button mt="xs" size="xs" variant="default" onClick={retry}>
          Try again
        </Button>
      )}
    </Alert>
  );
}

/** Said where there is nothing to show: what would be here, and how it comes. */
export function EmptyState({ title, children, action }: { title: string; children?: ReactNode; action?: ReactNode }) {
  return (
    <Center mih={160} p="lg">
      <Stack align="center" gap="xs" maw={520}>
        <Title order={2} size="h3" ta="center">
          {title}
        </Title>
        {children && (
          <Text c="dimmed" ta="center" size="sm" component="div">
            {children}
          </Text>
        )}
        {action}
      </Stack>
    </Center>
  );
}
