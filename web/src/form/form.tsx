import { createContext, use, useState } from 'react';
import { faultsAt, withoutTouched } from '../parts/faults.ts';
import type { Fault } from '../parts/faults.ts';
import { readJson } from './jsonText.ts';
import { getAt, pathKey, setAt, startsWith } from '../parts/path.ts';
import type { Path } from '../parts/path.ts';

type Fields = Readonly<Record<string, unknown>>;

/**
 * The one state of a form: what it makes, as JSON. Every field is a view of one path in it, so what is drawn and what is written as
 * JSON show the same thing, and what the server says about a path is shown where that path is edited.
 */
export interface Form {
  value: Fields;
  set(path: Path, value: unknown): void;
  /** All of it, as when a template or a merge is taken. */
  replace(value: Fields): void;
  faults: readonly Fault[];
  /** What was typed as JSON, by its path; it need not be JSON yet. */
  texts: Readonly<Record<string, string>>;
  setText(path: Path, text: string | null): void;
}

interface State {
  value: Fields;
  texts: Readonly<Record<string, string>>;
  faults: readonly Fault[];
}

export interface FormState extends Omit<Form, 'faults'> {
  /** What the last attempt to send it was told; what was changed since is left out. */
  refused: readonly Fault[];
  refuse(faults: readonly Fault[]): void;
}

/** @param settle  what the change of one field does to others */
export function useFormState(initial: Fields, settle = (_before: Fields, after: Fields): Fields => after): FormState {
  const [{ value, texts, faults }, setState] = useState<State>({ value: initial, texts: {}, faults: [] });
  return {
    value,
    texts,
    refused: faults,
    set: (path, next) =>
      setState((state) => ({
        ...state,
        value: settle(state.value, setAt(state.value, path, next) as Fields),
        faults: withoutTouched(state.faults, path),
      })),
    replace: (next) => setState({ value: next, texts: {}, faults: [] }),
    setText: (path, text) =>
      setState((state) => {
        const { [pathKey(path)]: _old, ...others } = state.texts;
        if (text === null) return { ...state, texts: others };
        const read = text.trim() === '' ? ({ ok: true, value: undefined } as const) : readJson(text);
        return {
          value: read.ok ? (setAt(state.value, path, read.value) as Fields) : state.value,
          texts: { ...others, [pathKey(path)]: text },
          faults: withoutTouched(state.faults, path),
        };
      }),
    refuse: (next) => setState((state) => ({ ...state, faults: next })),
  };
}

const FormContext = createContext<Form | null>(null);
export const FormProvider = FormContext.Provider;

export function useForm(): Form {
  const form = use(FormContext);
  if (form === null) throw new Error('useForm outside of a form');
  return form;
}

export interface Field {
  value: unknown;
  set(value: unknown): void;
  /** undefined: nothing is wrong. */
  error: string | undefined;
}

/** @param exact  faults of what lies in it are shown there */
export function useField(path: Path, exact = false): Field {
  const form = useForm();
  const messages = faultsAt(form.faults, path, exact).map(({ message }) => message);
  return {
    value: getAt(form.value, path),
    set: (value) => form.set(path, value),
    error: messages.length === 0 ? undefined : messages.join(' '),
  };
}

/** Texts that are no JSON yet, at or within a path. */
export function brokenTexts(texts: Form['texts'], path: Path = []): string[] {
  return Object.entries(texts)
    .filter(([key, text]) => startsWith(key === '' ? [] : key.split('\u0000'), path) && text.trim() !== '' && !readJson(text).ok)
    .map(([key]) => key);
}
