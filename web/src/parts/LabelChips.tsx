import { Badge, Group } from '@mantine/core';

interface LabelChipsProps {
  labels: readonly { key: string; value: string }[];
  /** Makes each a button, such as one that filters by it. */
  onPick?: (label: { key: string; value: string }) => void;
}

export function LabelChips({ labels, onPick }: LabelChipsProps) {
  return (
    <Group gap={4}>
      {labels.map((label) => {
        const text = label.value === '' ? label.key : `${label.key}=${label.value}`;
        const look = { variant: 'default', size: 'sm', radius: 'sm', tt: 'none', fw: 400, maw: 200 } as const;
        return onPick === undefined ? (
          <Badge key={label.key} {...look}>
            {text}
          </Badge>
        ) : (
          <Badge
            key={label.key}
            {...look}
            component="button"
            style={{ cursor: 'pointer' }}
            aria-label={`Only label ${text}`}
            onClick={() => onPick(label)}
          >
            {text}
          </Badge>
        );
      })}
    </Group>
  );
}
