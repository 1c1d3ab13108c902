import { Skeleton, Stack } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useClient } from 'urql';
import type { CombinedError } from 'urql';
import { EmptyState, ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { useFilters } from '../../shell/location.ts';
import { BROWSER_ZONE } from '../../time/format.ts';
import { EditedScheduleDocument } from './editor.generated.ts';
import { Editor } from './Editor.tsx';
import type { Edited } from './Editor.tsx';
import { wallNow } from './zone.ts';
import { copyOf } from './spec.ts';
import type { Spec } from './spec.ts';
import { FIRST_TEMPLATE, TEMPLATES } from './templates.ts';

/** Creates a schedule, from a template or as a copy (?from=ID), or edits one. ?task=KEY and ?template=LABEL choose what a new one begins with. */
export default function EditorPage({ id }: { id?: string }) {
  const [filters] = useFilters();
  const from = filters.get('from');
  const source = id ?? from;
  if (source !== null) return <Loaded key={source} id={source} copied={id === undefined} />;
  return <Editor key="new" initial={newSpec(filters.get('task'), filters.get('template'))} edited={null} />;
}

function newSpec(task: string | null, wanted: string | null): Spec {
  const called = (name: string | null) => TEMPLATES.find(({ label }) => label === name);
  const template = called(wanted) ?? called(FIRST_TEMPLATE);
  return {
    name: '',
    ...(task !== null && { task: { key: task } }),
    trigger: template?.trigger(wallNow(BROWSER_ZONE)),
    timeZone: BROWSER_ZONE,
  };
}

/** Reads the definition once: what others do to it meanwhile must not change the form under the hands of who fills it. */
function Loaded({ id, copied }: { id: string; copied: boolean }) {
  const client = useClient();
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<{ schedule: Edited | null } | { error: CombinedError } | null>(null);
  useEffect(() => {
    let over = false;
    void client
      .query(EditedScheduleDocument, { ref: { id } }, { requestPolicy: 'network-only' })
      .toPromise()
      .then(({ data, error }) => {
        if (over) return;
        if (data) setState({ schedule: data.schedule });
        else if (error) setState({ error });
      });
    return () => {
      over = true;
    };
  }, [client, id, attempt]);
  const title = copied ? 'New schedule' : 'Edit schedule';
  if (state === null)
    return (
      <>
        <PageHead title={title} hint="…" />
        <Stack>
          <Skeleton h={260} />
          <Skeleton h={320} />
        </Stack>
      </>
    );
  if ('error' in state)
    return (
      <>
        <PageHead title={title} />
        <ErrorNotice error={state.error} retry={() => setAttempt(attempt + 1)} />
      </>
    );
  const { schedule } = state;
  if (schedule === null)
    return (
      <>
        <PageHead title={title} />
        <EmptyState title="There is no such schedule">It may have been deleted meanwhile.</EmptyState>
      </>
    );
  const spec = schedule.spec as Spec;
  return <Editor initial={copied ? copyOf(spec) : { timeZone: 'UTC', ...spec }} edited={copied ? null : schedule} />;
}
