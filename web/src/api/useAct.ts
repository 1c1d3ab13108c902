import { useClient } from 'urql';
import type { AnyVariables, TypedDocumentNode } from 'urql';

interface Told {
  message: string;
  path?: readonly string[] | null;
}

export type Outcome<Payload> =
  | { ok: true; payload: Payload }
  /** unknown: the server was lost before it answered; it may have been done. */
  | { ok: false; faults: readonly Told[]; unknown: boolean };

/** Runs a mutation and puts all that may go wrong into one shape: user errors of the payload, refusals, and a server that cannot be reached. */
export function useAct(): <
  Data extends Record<string, unknown>,
  Variables extends AnyVariables,
  Field extends Exclude<keyof Data, '__typename'>,
>(
  document: TypedDocumentNode<Data, Variables>,
  variables: Variables,
  field: Field,
) => Promise<Outcome<NonNullable<Data[Field]>>> {
  const client = useClient();
  return async (document, variables, field) => {
    const { data, error } = await client.mutation(document, variables).toPromise();
    if (error?.networkError) {
      const message = 'The server cannot be reached: nothing is known about what became of this.';
      return { ok: false, faults: [{ message }], unknown: true };
    }
    if (error) return { ok: false, faults: error.graphQLErrors.map(({ message }) => ({ message })), unknown: false };
    const payload = data?.[field] as NonNullable<(typeof data & {})[typeof field]>;
    const faults = (payload as { userErrors?: readonly Told[] }).userErrors ?? [];
    return faults.length > 0 ? { ok: false, faults, unknown: false } : { ok: true, payload };
  };
}

/** All of it in one text. */
export const faultText = (faults: readonly Told[]): string => faults.map(({ message }) => message).join(' ');
