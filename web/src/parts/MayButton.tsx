import { Button, Tooltip } from '@mantine/core';
import type { ButtonProps } from '@mantine/core';
import type { MouseEventHandler } from 'react';
import type { Role } from '../api/schema.generated.ts';
import { useMay } from '../api/session.tsx';

interface MayButtonProps extends ButtonProps {
  /** Least role that may do it. */
  role: Role;
  /** Why it cannot be done now, whoever asks. */
  blocked?: string | null;
  onClick: MouseEventHandler<HTMLButtonElement>;
}

/** A button that says why when the viewer may not press it. */
export function MayButton({ role, blocked = null, onClick, ...button }: MayButtonProps) {
  const may = useMay(role);
  const why = may ? blocked : `Needs the role ${role}.`;
  if (why === null) return <Button onClick={onClick} {...button} />;
  return (
    <Tooltip label={why} events={{ hover: true, focus: true, touch: true }}>
      <Button {...button} data-disabled aria-disabled onClick={(event) => event.preventDefault()} />
    </Tooltip>
  );
}
