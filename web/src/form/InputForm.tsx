import { Fieldset, Group, NativeSelect, SegmentedControl, Stack, Text } from '@mantine/core';
import { useState } from 'react';
import type { ReactNode } from 'react';
import { ListAt, NumberAt, TextAt } from './fields.tsx';
import { brokenTexts, useField, useForm } from './form.tsx';
import { inputFieldsOf } from './inputFields.ts';
import type { InputField } from './inputFields.ts';
import { JsonBox } from './JsonBox.tsx';
import { isRecord } from '../parts/path.ts';
import type { Path } from '../parts/path.ts';

interface InputFormProps {
  /** Not needed where it can only be written as JSON. */
  title: ReactNode;
  /** Of the inputs that the task takes; null: any object. */
  schema: unknown;
  /** What is said of the JSON. */
  description: string;
}

/** The field `input` of a form, what a run is given: drawn where the task says what it takes, JSON else. */
export function InputForm({ title, schema, description }: InputFormProps) {
  const [mode, setMode] = useState<'FORM' | 'JSON'>('FORM');
  const form = useForm();
  const { value } = useField(['input']);
  const fields = inputFieldsOf(schema);
  const broken = brokenTexts(form.texts, ['input']).includes('input');
  const drawn = fields !== null && (value === undefined || isRecord(value)) && !broken;
  const unknown =
    fields === null || !isRecord(value) ? [] : Object.keys(value).filter((name) => !fields.some((field) => field.name === name));
  return (
    <Stack gap="sm">
      {title && (
        <Group justify="space-between">
          {title}
          {fields !== null && (
            <SegmentedControl
              size="xs"
              aria-label="How the input is edited"
              data={[
                { value: 'FORM', label: 'Form' },
                { value: 'JSON', label: 'JSON' },
              ]}
              value={drawn ? mode : 'JSON'}
              onChange={(next) => setMode(next as 'FORM' | 'JSON')}
            />
          )}
        </Group>
      )}
      {drawn && mode === 'FORM' ? (
        <>
          <InputFields fields={fields} path={['input']} />
          {unknown.length > 0 && (
            <Text size="xs" c="dimmed">
              The input also has {unknown.join(', ')}, which this task does not name: see JSON.
            </Text>
          )}
        </>
      ) : (
        <JsonBox path={['input']} label="Input as JSON" description={description} least={4} />
      )}
    </Stack>
  );
}

function InputFields({ fields, path }: { fields: readonly InputField[]; path: Path }) {
  return (
    <Stack gap="sm">
      {fields.map((field) => (
        <InputAt key={field.name} field={field} path={[...path, field.name]} />
      ))}
    </Stack>
  );
}

function InputAt({ field, path, inList = false }: { field: InputField; path: Path; inList?: boolean }) {
  const { label, required, usual, ask } = field;
  const limits = limitsOf(field);
  const description = [sentence(field.description), limits, usual === undefined ? null : `Left empty: ${JSON.stringify(usual)}.`]
    .filter(Boolean)
    .join(' ');
  const shown = { path, label, required: required && !inList, ...(description !== '' && { description }) };
  switch (ask.as) {
    case 'TEXT':
      return <TextAt {...shown} keepsEmpty={inList} />;
    case 'NUMBER':
      return <NumberAt {...shown} whole={ask.whole} {...(inList && { empty: null })} />;
    case 'YES_NO':
      return <ValueChoice {...shown} options={[true, false]} words={{ true: 'Yes', false: 'No' }} />;
    case 'CHOICE':
      return <ValueChoice {...shown} options={ask.options} words={{}} />;
    case 'OBJECT':
      return (
        <Fieldset legend={label} p="sm">
          {description !== '' && (
            <Text size="xs" c="dimmed" mb="xs">
              {description}
            </Text>
          )}
          <InputFields fields={ask.fields} path={path} />
        </Fieldset>
      );
    case 'LIST':
      return (
        <ListAt
          path={path}
          label={label}
          {...(description !== '' && { description })}
          add={`Add to ${label}`}
          beginning={() => beginningOf(ask.item)}
        >
          {(item, index) => <InputAt field={{ ...ask.item, label: `${label} ${index + 1}` }} path={item} inList />}
        </ListAt>
      );
    case 'JSON':
      return <JsonBox path={path} label={label} least={3} {...(description !== '' && { description })} />;
  }
}

/** With a full stop: more is said behind it. */
const sentence = (text: string | undefined) => (text === undefined || /[.!?:]$/.test(text) ? text : `${text}.`);

function limitsOf({ ask }: InputField): string | null {
  if (ask.as === 'NUMBER' && ask.min !== undefined && ask.max !== undefined) return `${ask.min} to ${ask.max}.`;
  if (ask.as === 'NUMBER' && ask.min !== undefined) return `At least ${ask.min}.`;
  if (ask.as === 'NUMBER' && ask.max !== undefined) return `At most ${ask.max}.`;
  if (ask.as === 'TEXT' && ask.maxLength !== undefined) return `At most ${ask.maxLength} characters.`;
  return null;
}

function beginningOf({ ask, usual }: InputField): unknown {
  if (usual !== undefined) return usual;
  if (ask.as === 'CHOICE') return ask.options[0];
  return { TEXT: '', NUMBER: 0, YES_NO: false, OBJECT: {}, LIST: [], JSON: null }[ask.as];
}

interface ValueChoiceProps {
  path: Path;
  label: string;
  description?: string;
  required: boolean;
  options: readonly unknown[];
  words: Readonly<Record<string, string>>;
}

/** A choice among values that need not be texts; they are told apart by their JSON. */
function ValueChoice({ path, label, description, required, options, words }: ValueChoiceProps) {
  const { value, set, error } = useField(path);
  const written = value === undefined ? '' : JSON.stringify(value);
  const known = options.map((option) => JSON.stringify(option));
  return (
    <NativeSelect
      label={label}
      description={description}
      required={required}
      error={error}
      data={[
        { value: '', label: 'Not given' },
        ...[...known, ...(written === '' || known.includes(written) ? [] : [written])].map((option) => ({
          value: option,
          label: words[option] ?? String(JSON.parse(option)),
        })),
      ]}
      value={written}
      onChange={({ currentTarget }) => set(currentTarget.value === '' ? undefined : JSON.parse(currentTarget.value))}
    />
  );
}
