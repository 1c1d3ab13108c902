import { Badge, Button, Code, Group, Radio, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { Dialog } from '../../parts/Dialog.tsx';
import { diffLines } from './lineDiff.ts';
import { compareEdits, mergeEdits, usualChoice } from './merge.ts';
import type { FieldChange, Side } from './merge.ts';
import { sameJson } from '../../parts/path.ts';
import { FIELD_WORDS } from './spec.ts';
import type { Spec } from './spec.ts';

interface ConflictDialogProps {
  base: Spec;
  mine: Spec;
  theirs: Spec;
  baseVersion: number;
  theirVersion: number;
  /** Who saved it, and when. */
  who: string;
  onClose(): void;
  /** Goes on editing this, over their version. */
  onGoOn(merged: Spec): void;
}

const BY_WORDS: Record<FieldChange['by'], { color: string; word: string }> = {
  ME: { color: 'blue', word: 'You changed it' },
  THEM: { color: 'grape', word: 'They changed it' },
  BOTH: { color: 'orange', word: 'Both changed it' },
  BOTH_ALIKE: { color: 'gray', word: 'Both, alike' },
};

/** Two have edited at once: what each has changed, and what becomes of it. Nothing is lost until somebody says so. */
export function ConflictDialog({ base, mine, theirs, baseVersion, theirVersion, who, onClose, onGoOn }: ConflictDialogProps) {
  const changes = compareEdits(base, mine, theirs);
  const [choices, setChoices] = useState<Readonly<Record<string, Side>>>({});
  const choiceOf = (change: FieldChange): Side => choices[change.field] ?? usualChoice(change);
  const all = (side: Side) => setChoices(Object.fromEntries(changes.map(({ field }) => [field, side])));
  return (
    <Dialog onClose={onClose} size="min(1000px, 96vw)" title={`Somebody else has saved version ${theirVersion}`}>
      <Stack>
        <Text size="sm">
          {who} You began with version {baseVersion}. Choose field by field which is kept; you can look at the result, and change
          it, before you save it.
        </Text>
        {changes.length === 0 && <Text size="sm">Both are the same by now: there is nothing to choose.</Text>}
        {changes.length > 0 && (
          <>
            <Group gap="xs">
              <Button size="compact-sm" variant="default" onClick={() => setChoices({})}>
                Both, mine where both changed
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => all('MINE')}>
                All as in mine
              </Button>
              <Button size="compact-sm" variant="default" onClick={() => all('THEIRS')}>
                All as in theirs
              </Button>
            </Group>
            <div style={{ overflowX: 'auto' }} tabIndex={0} role="region" aria-label="What was changed">
              <Table verticalSpacing="xs" layout="fixed" miw={720}>
                <Table.Thead>
                  <Table.Tr>
                    <Table.Th w={150}>Field</Table.Th>
                    <Table.Th>Before</Table.Th>
                    <Table.Th>Yours</Table.Th>
                    <Table.Th>Theirs</Table.Th>
                  </Table.Tr>
                </Table.Thead>
                <Table.Tbody>
                  {changes.map((change) => {
                    const word = FIELD_WORDS[change.field] ?? change.field;
                    const pick = (side: Side, label: string) => (
                      <Radio
                        name={`choice-${change.field}`}
                        label={label}
                        aria-label={`${word}: ${label.toLowerCase()}`}
                        size="xs"
                        mb={4}
                        checked={choiceOf(change) === side}
                        onChange={() => setChoices({ ...choices, [change.field]: side })}
                      />
                    );
                    return (
                      <Table.Tr key={change.field} style={{ verticalAlign: 'top' }}>
                        <Table.Th scope="row">
                          {word}
                          <br />
                          <Badge size="sm" radius="sm" variant="light" tt="none" color={BY_WORDS[change.by].color}>
                            {BY_WORDS[change.by].word}
                          </Badge>
                        </Table.Th>
                        <Table.Td>
                          <Value value={change.base} />
                        </Table.Td>
                        <Table.Td>
                          {pick('MINE', 'Keep mine')}
                          <Changed base={change.base} value={change.mine} />
                        </Table.Td>
                        <Table.Td>
                          {pick('THEIRS', 'Keep theirs')}
                          <Changed base={change.base} value={change.theirs} />
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </div>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back to my edit
          </Button>
          <Button onClick={() => onGoOn(mergeEdits(theirs, changes, choiceOf))}>Go on with what is chosen</Button>
        </Group>
      </Stack>
    </Dialog>
  );
}

/** As it was before, or a word for what was not given. */
function Value({ value }: { value: unknown }) {
  if (value === undefined)
    return (
      <Text size="sm" c="dimmed">
        not given
      </Text>
    );
  return (
    <Code block fz={12} style={BLOCK} tabIndex={0}>
      {textOf(value)}
    </Code>
  );
}

/** Line by line against what it was. */
function Changed({ base, value }: { base: unknown; value: unknown }) {
  if (value === undefined || base === undefined || sameJson(base, value)) return <Value value={value} />;
  return (
    <Code block fz={12} style={BLOCK} tabIndex={0}>
      {diffLines(textOf(base), textOf(value)).map(({ is, text }, index) => (
        <span key={index} style={{ display: 'block', ...LOOKS[is] }}>
          {is === 'ADDED' ? '+ ' : is === 'GONE' ? '− ' : '  '}
          {text}
        </span>
      ))}
    </Code>
  );
}

const BLOCK = { whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 260, overflow: 'auto' } as const;
const LOOKS = {
  SAME: {},
  ADDED: { background: 'var(--mantine-color-green-light)', fontWeight: 600 },
  GONE: { background: 'var(--mantine-color-red-light)', textDecoration: 'line-through' },
} as const;

const textOf = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value, null, 2));
