import { Button, Group, Text } from '@mantine/core';
import { IconChevronLeft, IconChevronRight } from '@tabler/icons-react';
import type { ReactNode } from 'react';

interface PagerProps {
  /** null: there is no such page. */
  back: (() => void) | null;
  forth: (() => void) | null;
  words: readonly [back: string, forth: string];
  children?: ReactNode;
}

/** Below a list: how much there is, and the way to its other pages. */
export function Pager({ back, forth, words, children }: PagerProps) {
  return (
    <Group justify="space-between" mt="sm">
      <Text size="sm" c="dimmed">
        {children}
      </Text>
      {(back !== null || forth !== null) && (
        <Group gap="xs">
          <Button
            size="xs"
            variant="default"
            leftSection={<IconChevronLeft size={14} />}
            disabled={back === null}
            onClick={() => back?.()}
          >
            {words[0]}
          </Button>
          <Button
            size="xs"
            variant="default"
            rightSection={<IconChevronRight size={14} />}
            disabled={forth === null}
            onClick={() => forth?.()}
          >
            {words[1]}
          </Button>
        </Group>
      )}
    </Group>
  );
}
