import { createContext, use, useState } from 'react';
import { moveWall, wallOf } from '../../time/wallClock.ts';
import { faultsAt, withoutTouched } from '../../parts/faults.ts';
import type { Fault } from '../../parts/faults.ts';
import { readJson } from './jsonText.ts';
import { getAt, pathKey, setAt, startsWith } from '../../parts/path.ts';
import type { Path } from '../../parts/path.ts';
import type { Spec } from './spec.ts';

/**
 * The one state of the editor: a definition as JSON. Every field is a view of one path in it, so the builder and the raw form show
 * the same thing, and what the server says about a path is shown where that path is edited.
 */
export interface EditorForm {
  spec: Spec;
  /** Of the schedule: what its wall clocks show. */
  zone: string;
  set(path: Path, value: unknown): void;
  /** All of it, as when a template or a merge is taken. */
  replace(spec: Spec): void;
  faults: readonly Fault[];
  /** What was typed as JSON, by its path; it need not be JSON yet. */
  texts: Readonly<Record<string, string>>;
  setText(path: Path, text: string | null): void;
}

interface State {
  spec: Spec;
  texts: Readonly<Record<string, string>>;
  faults: readonly Fault[];
}

export interface EditorState extends Omit<EditorForm, 'faults'> {
  /** What the last attempt to save was told; what was changed since is left out. */
  refused: readonly Fault[];
  refuse(faults: readonly Fault[]): void;
}

const zoneOf = (spec: Spec): string => (typeof spec['timeZone'] === 'string' ? spec['timeZone'] : 'UTC');

export function useEditorState(initial: Spec): EditorState {
  const [{ spec, texts, faults }, setState] = useState<State>({ spec: initial, texts: {}, faults: [] });
  return {
    spec,
    zone: zoneOf(spec),
    texts,
    refused: faults,
    set: (path, value) =>
      setState((state) => ({
        ...state,
        spec: keepWalls(state.spec, setAt(state.spec, path, value) as Spec),
        faults: withoutTouched(state.faults, path),
      })),
    replace: (next) => setState({ spec: next, texts: {}, faults: [] }),
    setText: (path, text) =>
      setState((state) => {
        const { [pathKey(path)]: _old, ...others } = state.texts;
        if (text === null) return { ...state, texts: others };
        const read = text.trim() === '' ? ({ ok: true, value: undefined } as const) : readJson(text);
        return {
          spec: read.ok ? (setAt(state.spec, path, read.value) as Spec) : state.spec,
          texts: { ...others, [pathKey(path)]: text },
          faults: withoutTouched(state.faults, path),
        };
      }),
    refuse: (next) => setState((state) => ({ ...state, faults: next })),
  };
}

/** The bounds are read on the schedule's clock: in another zone they are the same times of that clock. */
function keepWalls(before: Spec, after: Spec): Spec {
  const [from, to] = [zoneOf(before), zoneOf(after)];
  if (from === to) return after;
  const moved = (['startAt', 'endAt'] as const).flatMap((name) => {
    const at = after[name];
    return typeof at === 'string' ? [[name, moveWall(at, from, to)]] : [];
  });
  return { ...after, ...Object.fromEntries(moved) };
}

const FormContext = createContext<EditorForm | null>(null);
export const FormProvider = FormContext.Provider;

export function useForm(): EditorForm {
  const form = use(FormContext);
  if (form === null) throw new Error('useForm outside of an editor');
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
    value: getAt(form.spec, path),
    set: (value) => form.set(path, value),
    error: messages.length === 0 ? undefined : messages.join(' '),
  };
}

/** Texts that are no JSON yet, at or within a path. */
export function brokenTexts(texts: EditorForm['texts'], path: Path = []): string[] {
  return Object.entries(texts)
    .filter(([key, text]) => startsWith(key === '' ? [] : key.split('\u0000'), path) && text.trim() !== '' && !readJson(text).ok)
    .map(([key]) => key);
}

/** What the clock of a zone shows now; of a zone that is none, UTC's. */
export function wallNow(zone: string): string {
  try {
    return wallOf(Date.now(), zone);
  } catch {
    return wallOf(Date.now(), 'UTC');
  }
}

/** The day on the schedule's clock. */
export const useToday = (): string => wallNow(useForm().zone).slice(0, 10);
