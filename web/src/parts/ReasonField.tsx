import { TextInput } from '@mantine/core';

interface ReasonFieldProps {
  value: string;
  onChange(value: string): void;
  required?: boolean;
  /** Where others read it. */
  where?: string;
  /** The keyboard begins here. */
  first?: boolean;
  error?: string | null;
}

/** Asks why something is done. */
export function ReasonField(props: ReasonFieldProps) {
  const { value, onChange, required = false, where = 'in the history', first = false, error = null } = props;
  return (
    <TextInput
      label="Reason"
      description={`Others read it ${where}.${required ? '' : ' May be left empty.'}`}
      required={required}
      maxLength={2000}
      value={value}
      error={error}
      onChange={(event) => onChange(event.currentTarget.value)}
      {...(first && { 'data-autofocus': true })}
    />
  );
}

/** As the API takes it; null: none was given. */
export const givenReason = (text: string): string | null => (text.trim() === '' ? null : text.trim());
