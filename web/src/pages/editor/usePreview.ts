import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import { PreviewDocument } from './editor.generated.ts';
import type { PreviewQuery } from './editor.generated.ts';
import { faultOfRequest, faultsOf } from '../../parts/faults.ts';
import type { Fault } from '../../parts/faults.ts';
import type { Spec } from './spec.ts';

const DEBOUNCE_MS = 250;

export type Preview = PreviewQuery['previewTrigger'];

export interface LivePreview {
  /** The last one that was good; null before the first. */
  shown: Preview | null;
  /** What is wrong with the present definition, as far as it has been answered. */
  faults: readonly Fault[];
  /** It is of an older state of the form than the present one. */
  stale: boolean;
  /** The server could not be asked. */
  unreachable: boolean;
}

const FIELDS = ['trigger', 'timeZone', 'dst', 'startAt', 'endAt'];

/** What the definition in the form would fire, asked for a moment after the last key. Answers to older questions are passed over. */
export function usePreview(spec: Spec): LivePreview {
  const client = useClient();
  const asked = JSON.stringify(Object.fromEntries(FIELDS.map((name) => [name, spec[name]])));
  const [state, setState] = useState<Omit<LivePreview, 'stale'> & { of: string }>({
    of: '',
    shown: null,
    faults: [],
    unreachable: false,
  });
  useEffect(() => {
    let over = false;
    const timer = setTimeout(async () => {
      const variables = JSON.parse(asked) as Parameters<typeof client.query<PreviewQuery>>[1];
      const { data, error } = await client
        .query(PreviewDocument, variables as never, { requestPolicy: 'network-only' })
        .toPromise();
      if (over) return;
      setState((before) => {
        if (!data) {
          const unreachable = error?.networkError !== undefined;
          const faults = unreachable ? before.faults : (error?.graphQLErrors ?? []).map(({ message }) => faultOfRequest(message));
          return { of: asked, shown: before.shown, faults, unreachable };
        }
        const preview = data.previewTrigger;
        const good = preview.userErrors.length === 0;
        return { of: asked, shown: good ? preview : before.shown, faults: faultsOf(preview.userErrors), unreachable: false };
      });
    }, DEBOUNCE_MS);
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [client, asked]);
  const { of, ...preview } = state;
  return { ...preview, stale: of !== asked || preview.faults.length > 0 || preview.unreachable };
}
