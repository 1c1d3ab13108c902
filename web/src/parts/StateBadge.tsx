import { Badge } from '@mantine/core';
import type { Look } from './states.ts';

export function StateBadge({ look, size = 'sm' }: { look: Look; size?: 'xs' | 'sm' | 'md' | 'lg' }) {
  return (
    <Badge color={look.color} variant="light" size={size} radius="sm" tt="none" fw={600}>
      {look.word}
    </Badge>
  );
}
