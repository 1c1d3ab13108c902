import { Alert, Button, Center, Checkbox, Paper, PasswordInput, Stack, Text, Title } from '@mantine/core';
import { useState } from 'react';

interface LoginProps {
  fault: string | null;
  onToken(token: string, kept: boolean): Promise<void>;
}

export function Login({ fault, onToken }: LoginProps) {
  const [token, setToken] = useState('');
  const [kept, setKept] = useState(true);
  const [busy, setBusy] = useState(false);
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder p="xl" w={420} maw="100%">
        <form
          onSubmit={async (event) => {
            event.preventDefault();
            setBusy(true);
            await onToken(token.trim(), kept);
            setBusy(false);
          }}
        >
          <Stack>
            <Title order={1}>Carillon</Title>
            <PasswordInput
              label="Token"
              description="An API token, or a JWT of the issuer that this server trusts."
              value={token}
              onChange={(event) => setToken(event.currentTarget.value)}
              autoComplete="current-password"
              required
              data-autofocus
            />
            <Checkbox label="Keep it in this browser" checked={kept} onChange={(event) => setKept(event.currentTarget.checked)} />
            {fault !== null && (
              <Alert color="red" role="alert">
                {fault}
              </Alert>
            )}
            <Button type="submit" loading={busy} disabled={token.trim() === ''}>
              Open the dashboard
            </Button>
            <Text size="sm" c="dimmed">
              Whoever started the server has an admin token: it was shown at the very first start, with a link to this page, and
              lies in the file admin-token of the data folder.
            </Text>
          </Stack>
        </form>
      </Paper>
    </Center>
  );
}
