import { Anchor, Box, Button, Group, Input, Stack, Text, Textarea } from '@mantine/core';
import { useId, useRef } from 'react';
import type { ReactNode } from 'react';
import { faultsAt } from '../parts/faults.ts';
import { useField, useForm } from './form.tsx';
import { placeOf, readJson } from './jsonText.ts';
import type { Span } from './jsonText.ts';
import { pathKey, sameJson } from '../parts/path.ts';
import type { Path } from '../parts/path.ts';

const LINE_PX = 20;
const MOST_ROWS = 28;

interface JsonBoxProps {
  path: Path;
  label: string;
  description?: ReactNode;
  least?: number;
}

/**
 * A part of the form as JSON text. What is typed stays as it is typed while it means what the form holds; while it is no JSON, the
 * form stays as it was. Faults say their line, and lead to it.
 */
export function JsonBox({ path, label, description, least = 6 }: JsonBoxProps) {
  const form = useForm();
  const { value } = useField(path);
  const id = useId();
  const box = useRef<HTMLTextAreaElement>(null);
  const gutter = useRef<HTMLDivElement>(null);

  const typed = form.texts[pathKey(path)];
  const text =
    typed !== undefined && stillMeans(typed, value) ? typed : value === undefined ? '' : JSON.stringify(value, null, 2);
  const read = text.trim() === '' ? null : readJson(text);
  const broken = read !== null && !read.ok;
  const spots: (Span & { message: string })[] = broken
    ? [read.fault]
    : faultsAt(form.faults, path).map((fault) => ({
        message: fault.message,
        ...(read?.ok === true ? read.spanOf(fault.path.slice(path.length)) : { from: 0, until: 0 }),
      }));
  const marked = new Set(spots.map(({ from }) => placeOf(text, from).line));
  const lines = text.split('\n').length;

  const goTo = ({ from, until }: Span) => {
    box.current?.focus();
    box.current?.setSelectionRange(from, Math.max(until, from));
  };

  return (
    <Input.Wrapper id={id} label={label} description={description} labelProps={{ htmlFor: id }}>
      <Group gap={0} wrap="nowrap" align="stretch" mt={4}>
        <Box
          ref={gutter}
          aria-hidden
          pt={7}
          pr={6}
          mah={MOST_ROWS * LINE_PX + 14}
          className="mono"
          style={{ overflow: 'hidden', textAlign: 'right', fontSize: 13, lineHeight: `${LINE_PX}px`, minWidth: 30 }}
        >
          {Array.from({ length: lines }, (_, index) => (
            <Text
              key={index}
              span
              inherit
              display="block"
              fw={marked.has(index + 1) ? 700 : 400}
              c={marked.has(index + 1) ? 'var(--mantine-color-error)' : 'dimmed'}
            >
              {index + 1}
            </Text>
          ))}
        </Box>
        <Textarea
          ref={box}
          id={id}
          flex={1}
          miw={0}
          rows={Math.min(Math.max(lines, least), MOST_ROWS)}
          value={text}
          spellCheck={false}
          autoComplete="off"
          error={spots.length > 0}
          aria-describedby={`${id}-description ${id}-faults`}
          onChange={({ currentTarget }) => form.setText(path, currentTarget.value)}
          onScroll={({ currentTarget }) => {
            if (gutter.current) gutter.current.scrollTop = currentTarget.scrollTop;
          }}
          styles={{
            input: {
              fontFamily: 'var(--mantine-font-family-monospace)',
              fontSize: 13,
              lineHeight: `${LINE_PX}px`,
              whiteSpace: 'pre',
              overflowX: 'auto',
              paddingTop: 6,
              paddingBottom: 6,
            },
          }}
        />
      </Group>
      <Stack gap={2} id={`${id}-faults`} mt={4} aria-live="polite">
        {spots.map((spot, index) => (
          <Text key={index} size="sm" c="var(--mantine-color-error)">
            <Anchor component="button" type="button" size="sm" c="inherit" fw={600} underline="always" onClick={() => goTo(spot)}>
              Line {placeOf(text, spot.from).line}, column {placeOf(text, spot.from).column}
            </Anchor>
            : {spot.message}
          </Text>
        ))}
        {broken && (
          <div>
            <Button size="compact-xs" variant="default" onClick={() => form.setText(path, null)}>
              Put back the last JSON that was whole
            </Button>
          </div>
        )}
      </Stack>
    </Input.Wrapper>
  );
}

/** Whether a text is what the form holds, or not JSON yet: then it is kept for whoever goes on with it. */
function stillMeans(text: string, value: unknown): boolean {
  if (text.trim() === '') return value === undefined;
  const read = readJson(text);
  return !read.ok || sameJson(read.value, value);
}
