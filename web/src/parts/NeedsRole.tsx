import { Alert } from '@mantine/core';
import { IconLock } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Role } from '../api/schema.generated.ts';
import { useSession } from '../api/session.tsx';

/** In place of a page that the viewer may not see. */
export function NeedsRole({ role, children }: { role: Role; children: ReactNode }) {
  const { viewer } = useSession();
  return (
    <Alert color="gray" icon={<IconLock />} title={`This page needs the role ${role}`}>
      {children} The token that you are logged in with has the role {viewer.role}.
    </Alert>
  );
}
