import { Alert, Skeleton, Switch, Table, Text, TextInput } from '@mantine/core';
import { IconAlertTriangle, IconPlus } from '@tabler/icons-react';
import { useState } from 'react';
import type { Role } from '../../api/schema.generated.ts';
import { useMay, useSession } from '../../api/session.tsx';
import { faultText, useAct } from '../../api/useAct.ts';
import { useLive } from '../../api/useLive.ts';
import { FormDialog } from '../../parts/FormDialog.tsx';
import { MayButton } from '../../parts/MayButton.tsx';
import { NeedsRole } from '../../parts/NeedsRole.tsx';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { StateBadge } from '../../parts/StateBadge.tsx';
import { sayDone } from '../../parts/toasts.tsx';
import { useFilters } from '../../shell/location.ts';
import { useNow } from '../../time/clock.ts';
import { Instant } from '../../time/Instant.tsx';
import { CreateTokenDialog } from './CreateTokenDialog.tsx';
import type { MadeToken } from './CreateTokenDialog.tsx';
import { SecretDialog } from './SecretDialog.tsx';
import { stateOf, TOKEN_LOOKS } from './tokenList.ts';
import { ApiTokensDocument, RevokeApiTokenDocument } from './tokens.generated.ts';
import type { ApiTokensQuery } from './tokens.generated.ts';

type ShownToken = ApiTokensQuery['apiTokens'][number];

/** Who is let in, as what, and until when. */
export default function TokensPage() {
  const admin = useMay('ADMIN');
  return (
    <>
      {admin ? (
        <Tokens />
      ) : (
        <>
          <PageHead title="Tokens" />
          <NeedsRole role="ADMIN">It says who is let in.</NeedsRole>
        </>
      )}
    </>
  );
}

function Tokens() {
  const { data, error, reread } = useLive({ query: ApiTokensDocument, variables: {}, on: () => false, every: 15_000 });
  const { viewer, clockOffset } = useSession();
  const [search, change] = useFilters();
  const [dialog, setDialog] = useState<'CREATE' | { revoke: ShownToken } | null>(null);
  const [made, setMade] = useState<MadeToken | null>(null);
  const now = useNow(10_000) + clockOffset;
  const all = search.get('ended') === '1';
  const tokens = data?.apiTokens ?? [];
  const ended = tokens.filter((token) => stateOf(token, now) !== 'IN_USE').length;
  const shown = all ? tokens : tokens.filter((token) => stateOf(token, now) === 'IN_USE');
  return (
    <>
      <PageHead
        title="Tokens"
        hint="Each lets its bearer in with one role. Give every program a token of its own: the audit trail then says which one it was."
        actions={
          <MayButton role="ADMIN" leftSection={<IconPlus size={16} />} onClick={() => setDialog('CREATE')}>
            New token
          </MayButton>
        }
      />
      {error && !data && <ErrorNotice error={error} retry={reread} />}
      {!data && !error && <Skeleton h={260} />}
      {data && (
        <>
          <Switch
            mb="sm"
            label={`Show those that let nobody in any more (${ended})`}
            checked={all}
            onChange={(event) => change({ ended: event.currentTarget.checked ? '1' : null })}
          />
          {shown.length === 0 ? (
            <EmptyState title="No token lets anybody in">
              Callers are let in by the issuer that the server trusts, if it does trust one.
            </EmptyState>
          ) : (
            <Table.ScrollContainer minWidth={820}>
              <Table verticalSpacing="sm">
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th>Token</Table.Th>
                    <Table.Th w={110}>Role</Table.Th>
                    <Table.Th w={100}>State</Table.Th>
                    <Table.Th w={130}>Last used</Table.Th>
                    <Table.Th w={190}>Expires</Table.Th>
                    <Table.Th>Created</Table.Th>
                    <Table.Th w={100} />
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {shown.map((token) => (
                    <Row
                      key={token.id}
                      token={token}
                      now={now}
                      own={viewer.actor.id === token.id}
                      onRevoke={() => setDialog({ revoke: token })}
                    />
                  ))}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          )}
        </>
      )}
      {dialog === 'CREATE' && (
        <CreateTokenDialog
          onClose={() => setDialog(null)}
          onDone={(token) => {
            reread();
            setMade(token);
          }}
        />
      )}
      {made && <SecretDialog {...made} onClose={() => setMade(null)} />}
      {dialog !== null && dialog !== 'CREATE' && (
        <RevokeDialog
          token={dialog.revoke}
          own={viewer.actor.id === dialog.revoke.id}
          onClose={() => setDialog(null)}
          onDone={reread}
        />
      )}
    </>
  );
}

const ROLE_COLOURS: Record<Role, string> = { VIEWER: 'gray', OPERATOR: 'blue', EDITOR: 'violet', ADMIN: 'orange' };

function Row({ token, now, own, onRevoke }: { token: ShownToken; now: number; own: boolean; onRevoke(): void }) {
  const state = stateOf(token, now);
  return (
    <Table.Tr>
      <Table.Td>
        <Text size="sm" fw={500} style={{ overflowWrap: 'anywhere' }}>
          {token.name}
        </Text>
        {own && (
          <Text size="xs" c="dimmed">
            the one that you are logged in with
          </Text>
        )}
      </Table.Td>
      <Table.Td>
        <StateBadge look={{ color: ROLE_COLOURS[token.role], word: token.role }} />
      </Table.Td>
      <Table.Td>
        <StateBadge look={TOKEN_LOOKS[state]} />
      </Table.Td>
      <Table.Td>
        {token.lastUsedAt === null ? (
          <Text size="sm" c="dimmed">
            never
          </Text>
        ) : (
          <Instant at={token.lastUsedAt} size="sm" />
        )}
      </Table.Td>
      <Table.Td>
        {token.revokedAt !== null ? (
          <Text size="sm" c="dimmed">
            revoked <Instant at={token.revokedAt} size="sm" />
          </Text>
        ) : token.expiresAt === null ? (
          <Text size="sm" c="dimmed">
            never
          </Text>
        ) : (
          <Instant at={token.expiresAt} as="both" size="sm" />
        )}
      </Table.Td>
      <Table.Td>
        <Instant at={token.createdAt} as="short" size="sm" />
        <Text size="xs" c="dimmed">
          by {token.createdBy.name ?? token.createdBy.id}
        </Text>
      </Table.Td>
      <Table.Td ta="right">
        {token.revokedAt === null && (
          <MayButton role="ADMIN" size="compact-sm" variant="default" aria-label={`Revoke ${token.name}`} onClick={onRevoke}>
            Revoke
          </MayButton>
        )}
      </Table.Td>
    </Table.Tr>
  );
}

function RevokeDialog({ token, own, onClose, onDone }: { token: ShownToken; own: boolean; onClose(): void; onDone(): void }) {
  const act = useAct();
  const [typed, setTyped] = useState('');
  return (
    <FormDialog
      title={`Revoke ${token.name}?`}
      confirm="Revoke it"
      ready={typed === token.name}
      onClose={onClose}
      onConfirm={async () => {
        const outcome = await act(RevokeApiTokenDocument, { id: token.id }, 'revokeApiToken');
        if (!outcome.ok) return faultText(outcome.faults);
        sayDone('Revoked', token.name);
        onDone();
        return null;
      }}
    >
      <Text size="sm">
        Its bearers are let in no more, and connections that they have open are closed within seconds. It cannot be taken back:
        make another token instead.
      </Text>
      {own && (
        <Alert color="orange" icon={<IconAlertTriangle />} title="It is your own">
          You are logged in with it, and will be logged out.
        </Alert>
      )}
      {token.lastUsedAt !== null && (
        <Text size="sm">
          It was last used <Instant at={token.lastUsedAt} size="sm" />.
        </Text>
      )}
      <TextInput
        label={`Type ${token.name} to confirm`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        autoComplete="off"
        data-autofocus
      />
    </FormDialog>
  );
}
