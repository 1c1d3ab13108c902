/** An answer to a query, and the key of the request that it is to. */
export interface Answer<Data> {
  of: number;
  data: Data;
}

interface Asked<Data> {
  data?: Data | null | undefined;
  error?: { networkError?: Error | undefined } | undefined;
  operation?: { key: number } | undefined;
}

/** The newest answer to what is asked; another object only when it is another answer. */
export function newestAnswer<Data>(
  kept: Answer<Data> | null,
  key: number,
  { data, operation }: Asked<Data>,
): Answer<Data> | null {
  if (operation?.key !== key || data == null) return kept;
  return kept?.of === key && kept.data === data ? kept : { of: key, data };
}

/**
 * What is shown of a query. The client goes on giving the answer to the variables before until there is one to these, and forgets an
 * answer when reading it again fails; here an answer is shown with its own variables only, and stays until there is a newer one.
 * @param holds  the answer to the variables before is shown, too, until the server has answered to these
 */
export function shownAnswer<Data, Fault extends { networkError?: Error | undefined }>(
  kept: Answer<Data> | null,
  key: number,
  { error, operation }: { error?: Fault | undefined; operation?: { key: number } | undefined },
  holds: boolean,
): { data: Data | undefined; error: Fault | undefined; held: boolean } {
  const fault = operation?.key === key ? error : undefined;
  if (kept?.of === key) return { data: kept.data, error: fault, held: false };
  const refused = fault !== undefined && fault.networkError === undefined;
  if (kept === null || !holds || refused) return { data: undefined, error: fault, held: false };
  return { data: kept.data, error: fault, held: true };
}
