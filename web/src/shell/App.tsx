import { Center, Loader, MantineProvider } from '@mantine/core';
import { useCallback, useEffect, useRef, useState } from 'react';
import { Provider } from 'urql';
import type { Client } from 'urql';
import { Router } from 'wouter';
import { createApiClient, createPlainClient } from '../api/client.ts';
import { EventCursorDocument } from '../api/live.generated.ts';
import { Live } from '../api/live.ts';
import { SessionContext } from '../api/session.tsx';
import type { Session } from '../api/session.tsx';
import { SessionDocument } from '../api/session.generated.ts';
import { forgetToken, keepToken, readToken } from '../api/token.ts';
import { EmptyState } from '../parts/Notices.tsx';
import { Toasts } from '../parts/toasts.tsx';
import { navigate, useHashLocation, useHashSearch } from './location.ts';
import { Login } from './Login.tsx';
import { Shell } from './Shell.tsx';
import { cssVariables, theme } from './theme.ts';

type Entry =
  { step: 'ASKING' | 'UNREACHABLE' } | { step: 'LOGIN'; fault: string | null } | { step: 'IN'; client: Client; session: Session };

/** Written by the server for each page it serves; its content security policy takes no other style elements. */
const styleNonce = document.querySelector<HTMLMetaElement>('meta[name=style-nonce]')?.content ?? '';
// By this name what keeps the page still below a dialog (react-remove-scroll) looks for it.
Object.assign(globalThis, { __webpack_nonce__: styleNonce });

/** Between attempts to reach the server at all. */
const RETRY_MS = 2000;

export function App() {
  const [entry, setEntry] = useState<Entry>({ step: 'ASKING' });

  const open = useRef<Live | null>(null);
  /** Of what is being opened: what was begun before it is given up. */
  const turn = useRef(0);

  const enter = useCallback(async (token: string | null) => {
    turn.current += 1;
    const mine = turn.current;
    open.current?.close();
    open.current = null;
    const client = createApiClient(token);
    const asked = Date.now();
    const { data, error } = await client.query(SessionDocument, {}, { requestPolicy: 'network-only' }).toPromise();
    if (mine !== turn.current) return;
    if (!data && error?.networkError) {
      setEntry({ step: 'UNREACHABLE' });
      return void setTimeout(() => mine === turn.current && void enter(token), RETRY_MS);
    }
    // Who has given no token has not been refused yet.
    if (!data) return setEntry({ step: 'LOGIN', fault: token === null ? null : (error?.graphQLErrors[0]?.message ?? null) });
    const clockOffset = Date.parse(data.serverInfo.now) - (asked + Date.now()) / 2;
    const live = new Live(token, data.eventCursor, async () => {
      const again = await client.query(EventCursorDocument, {}, { requestPolicy: 'network-only' }).toPromise();
      if (!again.data) throw again.error ?? new Error('no cursor');
      return again.data.eventCursor;
    });
    open.current = live;
    const leave = (fault: string | null) => {
      live.close();
      forgetToken();
      setEntry({ step: 'LOGIN', fault });
    };
    live.onState(() => {
      if (live.state.status === 'REFUSED') leave('The server does not take this token any more: it was revoked or has expired.');
    });
    const { viewer, serverInfo: server } = data;
    const plainClient = createPlainClient(token);
    setEntry({ step: 'IN', client, session: { viewer, server, clockOffset, live, plainClient, leave: () => leave(null) } });
  }, []);

  useEffect(() => {
    const begin = () => {
      const given = tokenOfAddress();
      if (given !== null) keepToken(given, true);
      return given;
    };
    void enter(begin() ?? readToken());
    // The link may be opened where the dashboard is open already.
    const onHash = () => {
      const given = begin();
      if (given !== null) void enter(given);
    };
    window.addEventListener('hashchange', onHash);
    return () => window.removeEventListener('hashchange', onHash);
  }, [enter]);

  return (
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} defaultColorScheme="auto" getStyleNonce={() => styleNonce}>
      <Router hook={useHashLocation} searchHook={useHashSearch}>
        {entry.step === 'ASKING' && (
          <Center mih="100vh">
            <Loader aria-label="Loading" />
          </Center>
        )}
        {entry.step === 'UNREACHABLE' && (
          <Center mih="100vh" p="md">
            <EmptyState title="The server cannot be reached">It is tried again every two seconds.</EmptyState>
          </Center>
        )}
        {entry.step === 'LOGIN' && (
          <Login
            fault={entry.fault}
            onToken={async (token, kept) => {
              keepToken(token, kept);
              await enter(token);
            }}
          />
        )}
        {entry.step === 'IN' && (
          <Provider value={entry.client}>
            <SessionContext value={entry.session}>
              <Shell />
            </SessionContext>
          </Provider>
        )}
      </Router>
      <Toasts />
    </MantineProvider>
  );
}

/** The link that the server prints at its first start: #/login?token=…; it leaves the address at once. */
function tokenOfAddress(): string | null {
  const [path, search] = location.hash.split('?');
  if (path !== '#/login') return null;
  navigate('/', { replace: true });
  return new URLSearchParams(search).get('token');
}
