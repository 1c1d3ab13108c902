import { Input } from '@mantine/core';
import type { TaskKind } from '../api/schema.generated.ts';
import { FormProvider, brokenTexts, useFormState } from './form.tsx';
import type { FormState } from './form.tsx';
import { inputFieldsOf } from './inputFields.ts';
import { InputForm } from './InputForm.tsx';

/** The state of a form that asks for the input of one run. */
export function useRunInput(initial: Record<string, unknown> | null): {
  form: FormState;
  input: Record<string, unknown> | null;
  /** There is no text that is no JSON yet. */
  whole: boolean;
} {
  const form = useFormState({ ...(initial !== null && { input: initial }) });
  return {
    form,
    // What is no object is the server's to refuse.
    input: (form.value['input'] ?? null) as Record<string, unknown> | null,
    whole: brokenTexts(form.texts).length === 0,
  };
}

interface RunInputProps {
  form: FormState;
  task: { kind: TaskKind; inputSchema: unknown };
  description?: string;
}

/** What one run is given that somebody triggers. */
export function RunInput({ form, task, description }: RunInputProps) {
  const drawn = inputFieldsOf(task.inputSchema) !== null;
  const json =
    task.kind === 'HTTP'
      ? 'An object; it is sent as the body of the request. Empty: the task’s own body.'
      : 'An object, or nothing.';
  return (
    <FormProvider value={{ ...form, faults: form.refused }}>
      <InputForm
        title={
          drawn && (
            <div>
              <Input.Label component="div">Input</Input.Label>
              {description !== undefined && <Input.Description>{description}</Input.Description>}
            </div>
          )
        }
        schema={task.inputSchema}
        description={drawn || description === undefined ? json : `${description} ${json}`}
      />
    </FormProvider>
  );
}
