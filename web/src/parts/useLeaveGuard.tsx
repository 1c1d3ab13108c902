import { Button, Group, Modal, Stack, Text } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ReactNode } from 'react';
import { guardLeaving } from '../shell/location.ts';

/** Asks before unsaved changes are left. @returns the question, and how to leave without it */
export function useLeaveGuard(unsaved: boolean): { question: ReactNode; release(): void } {
  const [go, setGo] = useState<(() => void) | null>(null);
  const end = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (!unsaved) return;
    const stop = guardLeaving((next) => setGo(() => next));
    const onUnload = (event: BeforeUnloadEvent) => event.preventDefault();
    window.addEventListener('beforeunload', onUnload);
    end.current = () => {
      stop();
      window.removeEventListener('beforeunload', onUnload);
    };
    return () => end.current();
  }, [unsaved]);
  const release = () => end.current();
  const question = (
    <Modal opened={go !== null} onClose={() => setGo(null)} title="Leave without saving?" centered>
      <Stack>
        <Text size="sm">What you have changed here is not saved, and is gone when you leave.</Text>
        <Group justify="flex-end">
          <Button
            variant="default"
            color="red"
            onClick={() => {
              release();
              go?.();
            }}
          >
            Leave and lose it
          </Button>
          <Button data-autofocus onClick={() => setGo(null)}>
            Stay
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
  return { question, release };
}
