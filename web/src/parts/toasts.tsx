import { Notification, Portal, Stack } from '@mantine/core';
import { useSyncExternalStore } from 'react';

interface Toast {
  id: number;
  title: string;
  message: string;
  color: 'green' | 'red';
}

const SHOWN_MS = 6000;
let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

function change(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function say(color: Toast['color'], title: string, message: string): void {
  const id = nextId++;
  change([...toasts.slice(-3), { id, title, message, color }]);
  setTimeout(() => change(toasts.filter((toast) => toast.id !== id)), SHOWN_MS);
}

/** Says for a moment what was done. */
export const sayDone = (title: string, message = ''): void => say('green', title, message);
export const sayFault = (title: string, message = ''): void => say('red', title, message);

/** The corner in which they are shown, and read out by screen readers. */
export function Toasts() {
  const shown = useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => toasts,
  );
  return (
    <Portal>
      <Stack
        gap="xs"
        role="status"
        aria-live="polite"
        pos="fixed"
        bottom={16}
        right={16}
        maw="calc(100vw - 32px)"
        w={380}
        style={{ zIndex: 400 }}
      >
        {shown.map(({ id, title, message, color }) => (
          <Notification
            key={id}
            title={title}
            color={color}
            withBorder
            closeButtonProps={{ 'aria-label': 'Close' }}
            styles={{ description: { color: 'var(--mantine-color-dimmed)' } }}
            onClose={() => change(toasts.filter((toast) => toast.id !== id))}
          >
            {message}
          </Notification>
        ))}
      </Stack>
    </Portal>
  );
}
