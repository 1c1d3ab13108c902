import { useClient } from 'urql';
import type { AnyVariables, TypedDocumentNode } from 'urql';

interface Told {
  message: string;
  path?: readonly string[] | null;
}

export type Outcome<Payload> = { ok: true; payload: Payload } | { ok: false; faults: readonly Told[] };

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
    if (error) {
      const message = error.networkError
        ? 'The server cannot be reached: nothing is known about what became of this.'
        : undefined;
      return { ok: false, faults: message ? [{ message }] : error.graphQLErrors.map((each) => ({ message: each.message })) };
    }
    const payload = data?.[field] as NonNullable<(typeof data & {})[typeof field]>;
    const faults = (payload as { userErrors?: readonly Told[] }).userErrors ?? [];
    return faults.length > 0 ? { ok: false, faults } : { ok: true, payload };
  };
}

/** All of it in one text. */
export const faultText = (faults: readonly Told[]): string => faults.map(({ message }) => message).join(' ');
