import { faultOfRequest } from './faults.ts';

/** What is wrong with one field of a form. */
export interface FieldFault {
  /** headers.X-Shop; empty: the form as a whole */
  field: string;
  message: string;
}

interface Told {
  message: string;
  path?: readonly string[] | null;
}

/**
 * What a mutation has refused, by the fields of the form that it came from.
 * @param wrappers  what the paths of the API begin with and the form does not, from the outside in: input, http
 */
export function fieldFaults(told: readonly Told[], wrappers: readonly string[]): FieldFault[] {
  return told.map(({ message, path }) => {
    if (path) return { field: within(path, wrappers), message };
    const fault = faultOfRequest(message);
    // That took the outermost one away already.
    return {
      field: within(
        fault.path,
        wrappers.filter((each) => each !== 'input'),
      ),
      message: fault.message,
    };
  });
}

function within(path: readonly string[], wrappers: readonly string[]): string {
  let from = 0;
  for (const wrapper of wrappers) if (path[from] === wrapper) from += 1;
  return path.slice(from).join('.');
}

/** What is to be said at a field: of it and of what lies in it; null: nothing. */
export function faultAt(faults: readonly FieldFault[], field: string): string | null {
  const own = faults.filter((fault) => isAt(fault, field)).map(({ message }) => message);
  return own.length === 0 ? null : own.join(' ');
}

/** What belongs to none of the fields that are shown; null: nothing. */
export function faultsElsewhere(faults: readonly FieldFault[], fields: readonly string[]): string | null {
  const others = faults.filter((fault) => !fields.some((field) => isAt(fault, field))).map(({ message }) => message);
  return others.length === 0 ? null : others.join(' ');
}

const isAt = (fault: FieldFault, field: string): boolean => fault.field === field || fault.field.startsWith(`${field}.`);
