import { createContext, use } from 'react';
import type { Client } from 'urql';
import type { Live } from './live.ts';
import type { Role } from './schema.generated.ts';
import type { SessionQuery } from './session.generated.ts';

export interface Session {
  viewer: SessionQuery['viewer'];
  server: SessionQuery['serverInfo'];
  /** What the server's clock shows more than this browser's, in milliseconds. */
  clockOffset: number;
  live: Live;
  /** Remembers nothing of what it reads. */
  plainClient: Client;
  leave(): void;
}

export const SessionContext = createContext<Session | null>(null);

export function useSession(): Session {
  const session = use(SessionContext);
  if (session === null) throw new Error('useSession outside of a session');
  return session;
}

const ROLES: readonly Role[] = ['VIEWER', 'OPERATOR', 'EDITOR', 'ADMIN'];

/** Whether the viewer has the role, or a greater one. Nobody who sent no token changes anything. */
export function useMay(role: Role): boolean {
  const { viewer } = useSession();
  return ROLES.indexOf(viewer.role) >= ROLES.indexOf(role);
}
