import { useEffect, useEffectEvent, useMemo, useState, useSyncExternalStore } from 'react';
import type { Client } from 'urql';
import type { Change } from '../../api/live.ts';
import { useSession } from '../../api/session.tsx';
import { useChanges } from '../../api/useLive.ts';
import type { ListFilters } from './filters.ts';
import { isFiltered, readFilters, writeFilters } from './filters.ts';
import { PagedList } from './pagedList.ts';
import { ageOf, listSource, readRows } from './source.ts';
import type { Row } from './source.ts';
import { Sparks } from './sparks.ts';
import { Touched } from './touched.ts';

/** The one thing that is touched when the list as a whole may be another. */
const WHOLE = 'list';
/** Only rows in view are kept as they are on the server: others are read again when they come into view after so long. */
const OLD_MS = 10_000;
const looked = () => !document.hidden;

export interface ScheduleList {
  list: PagedList<Row>;
  sparks: Sparks;
  /** By which filters what is shown was read: those of the address a moment later. */
  filters: ListFilters;
  /** Those of the address are being read; what is shown is still the list before. */
  waits: boolean;
  client: Client;
  /** Says which rows are looked at, both included. */
  look(from: number, to: number): void;
  /** Reads again what may have changed, at once. */
  reread(): void;
}

interface Feed {
  address: string;
  list: PagedList<Row>;
  rows: Touched;
  whole: Touched;
  stop(): void;
}

function openFeed(client: Client, address: string): Feed {
  const list = new PagedList<Row>(listSource(client, readFilters(new URLSearchParams(address))));
  const rows = new Touched({
    batch: 100,
    delayMs: 100,
    spacingMs: 1000,
    looked,
    read: async (ids) => list.patch(await readRows(client, ids).catch(() => [])),
  });
  const whole = new Touched({ batch: 1, delayMs: 100, spacingMs: 2000, looked, read: () => list.renew() });
  return {
    address,
    list,
    rows,
    whole,
    stop() {
      rows.stop();
      whole.stop();
    },
  };
}

/** The list of the address, kept as it is on the server while the page is looked at. */
export function useScheduleList(wanted: ListFilters): ScheduleList {
  const { plainClient: client, live } = useSession();
  const sparks = useMemo(() => new Sparks(client, looked), [client]);
  const address = writeFilters(wanted);
  const [shown, setShown] = useState<Feed>(() => openFeed(client, address));

  // A list of other filters takes the place of the one that is shown when its first page is there.
  useEffect(() => {
    const feed = address === shown.address ? shown : openFeed(client, address);
    let gone = false;
    void feed.list.renew().then(() => {
      if (gone || feed === shown) return;
      shown.stop();
      setShown(feed);
    });
    return () => {
      gone = true;
    };
    // Of the address alone: what is shown follows from it.
  }, [address, client]);

  useSyncExternalStore(
    (listener) => shown.list.onChange(listener),
    () => shown.list.version,
  );

  useChanges((changes) => follow(shown, sparks, changes));
  // What could not be read while the line was cut is read when it is there again.
  const retry = useEffectEvent(() => {
    if (live.state.status === 'LIVE' && shown.list.fault !== null) shown.whole.touch([WHOLE]);
  });
  useEffect(() => live.onState(() => retry()), [live]);

  const wake = useEffectEvent(() => {
    shown.rows.wake();
    shown.whole.wake();
    sparks.wake();
  });
  useEffect(() => {
    const onVisible = () => wake();
    document.addEventListener('visibilitychange', onVisible);
    return () => document.removeEventListener('visibilitychange', onVisible);
  }, []);

  return {
    list: shown.list,
    sparks,
    filters: useMemo(() => readFilters(new URLSearchParams(shown.address)), [shown.address]),
    waits: address !== shown.address,
    client,
    look(from, to) {
      shown.list.look(from, to);
      const inView = idsInView(shown.list);
      sparks.look(inView);
      const old = [];
      for (let index = from; index <= to; index += 1) {
        const row = shown.list.row(index);
        if (row && ageOf(row) > OLD_MS) old.push(row.id);
      }
      shown.rows.keepOnly((id) => inView.has(id));
      shown.rows.touch(old);
    },
    reread: () => void shown.list.renew(),
  };
}

/** What is to be read again after these changes. */
function follow({ list, rows, whole, address }: Feed, sparks: Sparks, changes: readonly Change[] | null): void {
  if (changes === null) {
    whole.touch([WHOLE]);
    sparks.changed(null);
    return;
  }
  const filters = readFilters(new URLSearchParams(address));
  const filtered = isFiltered(filters);
  const inView = idsInView(list);
  const schedules = changes.filter(({ of }) => of === 'schedule');
  const runs = changes.filter(({ of, scheduleId }) => of === 'run' && scheduleId != null);
  if (
    schedules.some(({ kind }) => kind !== 'UPDATED' || filtered || filters.sort === 'changed') ||
    // Each fire moves its schedule in the order of next fires; each end may make one fail, or fail no more.
    (runs.length > 0 && (filters.sort.endsWith('next') || filters.failing || filters.silent))
  )
    whole.touch([WHOLE]);
  const ofRuns = [...new Set(runs.map(({ scheduleId }) => scheduleId as string))];
  // A task's pause holds all of its schedules; which ones they are, only rows can tell.
  const touched = changes.some(({ of }) => of === 'task')
    ? [...inView]
    : [...schedules.map(({ id }) => id), ...ofRuns].filter((id) => inView.has(id));
  rows.touch(touched);
  if (ofRuns.length > 0) sparks.changed(ofRuns);
}

function idsInView(list: PagedList<Row>): Set<string> {
  const ids = new Set<string>();
  for (let index = list.view.from; index <= list.view.to; index += 1) {
    const row = list.row(index);
    if (row) ids.add(row.id);
  }
  return ids;
}
