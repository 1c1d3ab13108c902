import { Badge, Button, Code, Group, Modal, Radio, Stack, Table, Text } from '@mantine/core';
import { useState } from 'react';
import { compareEdits, mergeEdits, usualChoice } from './merge.ts';
import type { FieldChange, Side } from './merge.ts';
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
    <Modal opened onClose={onClose} size="min(1000px, 96vw)" title={`Somebody else has saved version ${theirVersion}`}>
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
            <Table.ScrollContainer minWidth={720}>
              <Table verticalSpacing="xs" layout="fixed">
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
                          <Value value={change.mine} />
                        </Table.Td>
                        <Table.Td>
                          {pick('THEIRS', 'Keep theirs')}
                          <Value value={change.theirs} />
                        </Table.Td>
                      </Table.Tr>
                    );
                  })}
                </Table.Tbody>
              </Table>
            </Table.ScrollContainer>
          </>
        )}
        <Group justify="flex-end">
          <Button variant="default" onClick={onClose}>
            Back to my edit
          </Button>
          <Button onClick={() => onGoOn(mergeEdits(theirs, changes, choiceOf))}>Go on with what is chosen</Button>
        </Group>
      </Stack>
    </Modal>
  );
}

function Value({ value }: { value: unknown }) {
  if (value === undefined)
    return (
      <Text size="sm" c="dimmed">
        as usual
      </Text>
    );
  return (
    <Code
      block
      fz={12}
      style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere', maxHeight: 260, overflow: 'auto' }}
      tabIndex={0}
    >
      {typeof value === 'string' ? value : JSON.stringify(value, null, 2)}
    </Code>
  );
}
