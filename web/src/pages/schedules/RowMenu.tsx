import { Menu, Text } from '@mantine/core';
import { IconCopy, IconPencil, IconPlayerPause, IconPlayerPlay, IconPlayerTrackNext, IconTrash } from '@tabler/icons-react';
import type { ReactElement } from 'react';
import { useMay } from '../../api/session.tsx';
import type { RowAct, RowActions } from './ScheduleRow.tsx';
import type { Row } from './source.ts';

/** Brings the keyboard to the button of a schedule's menu. */
export const focusMore = (id: string): void =>
  document.querySelector<HTMLElement>(`[data-more="${CSS.escape(id)}"]`)?.focus({ preventScroll: true });

/** What can be done with one schedule; what cannot says why. */
export function RowMenu({ row, target, actions }: { row: Row; target: ReactElement; actions: RowActions }) {
  const editor = useMay('EDITOR');
  const operate = row.viewerCanOperate ? null : 'Needs the role OPERATOR.';
  const edit = row.viewerCanEdit
    ? null
    : !editor
      ? 'Needs the role EDITOR.'
      : row.managedBy?.startsWith('task:')
        ? `Declared by ${row.managedBy.slice(5)}: edit its code.`
        : 'It cannot be changed.';
  const copy = editor ? null : 'Needs the role EDITOR.';
  const paused = row.state === 'PAUSED';
  const items: { what: RowAct; label: string; icon: typeof IconCopy; why: string | null; color?: string }[] = [
    { what: 'trigger', label: 'Trigger now', icon: IconPlayerTrackNext, why: operate },
    paused
      ? { what: 'resume', label: 'Resume', icon: IconPlayerPlay, why: operate }
      : {
          what: 'pause',
          label: 'Pause',
          icon: IconPlayerPause,
          why: operate ?? (row.state === 'COMPLETED' ? 'It is completed: nothing of it fires any more.' : null),
        },
    { what: 'edit', label: 'Edit', icon: IconPencil, why: edit },
    { what: 'duplicate', label: 'Duplicate', icon: IconCopy, why: copy },
    { what: 'delete', label: 'Delete', icon: IconTrash, why: edit, color: 'red' },
  ];
  const close = () => {
    actions.openMenu(null);
    // The button is drawn anew without its menu: the keyboard goes back to it, unless a dialog takes it.
    requestAnimationFrame(() => {
      if (document.querySelector('[role=dialog]') === null) focusMore(row.id);
    });
  };
  return (
    <Menu opened onClose={close} position="bottom-end" width={220} returnFocus={false}>
      <Menu.Target>{target}</Menu.Target>
      <Menu.Dropdown>
        {items.map(({ what, label, icon: Icon, why, color }) => (
          <Menu.Item
            key={what}
            leftSection={<Icon size={16} aria-hidden />}
            {...(color !== undefined && why === null && { color })}
            // A disabled item cannot be reached by the keyboard, and so could not say why.
            {...(why !== null && { 'data-disabled': true, 'aria-disabled': true, closeMenuOnClick: false })}
            onClick={() => {
              if (why === null) actions.act(what, row);
            }}
          >
            {label}
            {why !== null && (
              <Text size="xs" c="dimmed" component="div">
                {why}
              </Text>
            )}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  );
}
