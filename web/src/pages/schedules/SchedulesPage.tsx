import { ActionIcon, Group, Text, Tooltip } from '@mantine/core';
import { useMediaQuery } from '@mantine/hooks';
import { IconKeyboard, IconPlus } from '@tabler/icons-react';
import { CombinedError } from 'urql';
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from 'react';
import { useLocation, useSearch } from 'wouter';
import { useMay } from '../../api/session.tsx';
import { faultText, useAct } from '../../api/useAct.ts';
import { MayButton } from '../../parts/MayButton.tsx';
import { ErrorNotice } from '../../parts/Notices.tsx';
import { PageHead } from '../../parts/PageHead.tsx';
import { ReasonDialog } from '../../parts/ReasonDialog.tsx';
import { sayDone, sayFault } from '../../parts/toasts.tsx';
import { BulkBar } from './BulkBar.tsx';
import { NoMatch, NoSchedules } from './Empty.tsx';
import { FilterBar } from './FilterBar.tsx';
import { NO_FILTERS, isFiltered, readFilters, writeFilters } from './filters.ts';
import type { ListFilters } from './filters.ts';
import { KeysDialog } from './KeysDialog.tsx';
import { PauseDialog } from './PauseDialog.tsx';
import { ResumeDialog } from './ResumeDialog.tsx';
import { focusMore } from './RowMenu.tsx';
import { ScheduleRows } from './ScheduleRows.tsx';
import type { RowsHandle } from './ScheduleRows.tsx';
import type { RowAct, RowActions } from './ScheduleRow.tsx';
import { EVERYTHING, NOTHING, addRange, countSelected, rangeTo, toggle, tristate } from './selection.ts';
import type { Selection } from './selection.ts';
import { DeleteOneDocument } from './schedules.generated.ts';
import { readNames } from './source.ts';
import type { Row } from './source.ts';
import { TableHead } from './TableHead.tsx';
import { nounOf, targetOfRow } from './targets.ts';
import type { Target } from './targets.ts';
import { TriggerDialog } from './TriggerDialog.tsx';
import { useListKeys } from './useListKeys.ts';
import { useScheduleList } from './useScheduleList.ts';
import styles from './schedules.module.css';

/** As many as may come with code tasks before anybody has made one. */
const FEW = 20;

type Dialog = { what: 'pause' | 'resume' | 'trigger'; target: Target } | { what: 'delete'; row: Row } | { what: 'keys' };

/** All schedules: found, compared, and paused, resumed or triggered together. */
export default function SchedulesPage() {
  const search = useSearch();
  const [, navigate] = useLocation();
  const wanted = useMemo(() => readFilters(new URLSearchParams(search)), [search]);
  const change = (changes: Partial<ListFilters>) => {
    const text = writeFilters({ ...wanted, ...changes });
    navigate(`/schedules${text === '' ? '' : `?${text}`}`, { replace: true });
  };
  const clear = () => change({ ...NO_FILTERS, sort: wanted.sort });

  const scheduleList = useScheduleList(wanted);
  const { list, filters, waits, client, reread } = scheduleList;
  const card = useMediaQuery('(max-width: 1120px)', undefined, { getInitialValueInEffect: false });
  const rows = useRef<RowsHandle>(null);
  const searchRef = useRef<HTMLInputElement>(null);
  const may = { operate: useMay('OPERATOR'), edit: useMay('EDITOR') };
  const act = useAct();

  const [selection, setSelection] = useState<Selection>(NOTHING);
  const [menu, setMenu] = useState<string | null>(null);
  const [dialog, setDialog] = useState<Dialog | null>(null);
  const total = list.total;
  const filtered = isFiltered(filters);
  const count = total === null ? 0 : countSelected(selection, total);

  // What is selected is what one can find: with another filter one begins again.
  const shown = writeFilters(filters);
  const [selectedIn, setSelectedIn] = useState(shown);
  if (selectedIn !== shown) {
    setSelectedIn(shown);
    setSelection(NOTHING);
  }
  useEffect(() => {
    rows.current?.toTop();
  }, [shown]);

  const pick = async (row: Row, index: number, range: boolean) => {
    if (!range || selection.anchor === null) return setSelection((before) => toggle(before, row, index));
    const [from, to] = rangeTo(selection, index);
    try {
      const choices = await list.between(from, to);
      setSelection((before) => addRange(before, choices, index));
    } catch {
      sayFault('The range could not be read', 'The server cannot be reached.');
    }
  };

  const menuOf = useRef<string | null>(null);
  const doWith = (what: RowAct, row: Row) => {
    setMenu(null);
    menuOf.current = row.id;
    if (what === 'edit') navigate(`/schedules/${row.id}/edit`);
    else if (what === 'duplicate') navigate(`/schedules/new?${new URLSearchParams({ from: row.id })}`);
    else if (what === 'delete') setDialog({ what, row });
    else setDialog({ what, target: targetOfRow(row) });
  };
  // Rows are drawn again only when something of theirs changes: what they call stays the same.
  const latest = useRef({ pick, doWith });
  useLayoutEffect(() => {
    latest.current = { pick, doWith };
  });
  const actions = useMemo<RowActions>(
    () => ({
      pick: (row, index, range) => void latest.current.pick(row, index, range),
      act: (what, row) => latest.current.doWith(what, row),
      openMenu: setMenu,
    }),
    [],
  );

  const selectedTarget = (): Target => ({
    title: count === 1 && !selection.all ? [...selection.named.values()].join('') : nounOf(count),
    count,
    async choices() {
      if (!selection.all) return [...selection.named].map(([id, name]) => ({ id, name }));
      return (await readNames(client, filters)).filter(({ id }) => !selection.named.has(id));
    },
  });

  useListKeys(
    {
      search: () => searchRef.current?.focus(),
      move: (by) => rows.current?.move(by),
      pick(range) {
        const at = rows.current?.current();
        if (at) void pick(at.row, at.index, range);
      },
      pause() {
        if (!may.operate) return sayFault('Pausing needs the role OPERATOR');
        const at = rows.current?.current();
        if (count > 0) setDialog({ what: 'pause', target: selectedTarget() });
        else if (at) setDialog({ what: at.row.state === 'PAUSED' ? 'resume' : 'pause', target: targetOfRow(at.row) });
      },
      create() {
        if (may.edit) navigate('/schedules/new');
        else sayFault('Creating a schedule needs the role EDITOR');
      },
      clear: () => setSelection(NOTHING),
      help: () => setDialog({ what: 'keys' }),
    },
    dialog !== null || menu !== null,
  );

  const close = () => {
    setDialog(null);
    // The item of the menu that opened it has gone.
    const id = menuOf.current;
    menuOf.current = null;
    if (id === null) return;
    setTimeout(() => {
      if (document.activeElement === document.body || document.activeElement?.id === 'content') focusMore(id);
    }, 20);
  };
  const closed = (done: boolean) => {
    close();
    if (!done) return;
    reread();
    setSelection(NOTHING);
  };
  const state = total === null ? 'NONE' : tristate(selection, total);
  const tickAll = (
    <label className={styles['tickbox']}>
      <input
        type="checkbox"
        className={styles['tick']}
        aria-label={filtered ? 'Select all that match' : 'Select all schedules'}
        checked={state === 'ALL'}
        ref={(box) => {
          if (box) box.indeterminate = state === 'SOME';
        }}
        onChange={() => setSelection(state === 'NONE' ? EVERYTHING : NOTHING)}
      />
    </label>
  );

  return (
    <>
      <PageHead
        title="Schedules"
        actions={
          <>
            <Tooltip label="Keyboard shortcuts (?)">
              <ActionIcon
                variant="default"
                size={36}
                aria-label="Keyboard shortcuts"
                visibleFrom="sm"
                onClick={() => setDialog({ what: 'keys' })}
              >
                <IconKeyboard size={18} aria-hidden />
              </ActionIcon>
            </Tooltip>
            <MayButton role="EDITOR" leftSection={<IconPlus size={16} aria-hidden />} onClick={() => navigate('/schedules/new')}>
              New schedule
            </MayButton>
          </>
        }
      />
      <FilterBar filters={wanted} change={change} searchRef={searchRef} narrow={card} />
      {list.fault instanceof CombinedError && <ErrorNotice error={list.fault} retry={reread} />}
      <Group className={styles['status']} gap="xs">
        {card && tickAll}
        {count > 0 && total !== null ? (
          <BulkBar
            count={count}
            total={total}
            all={selection.all}
            filtered={filtered}
            selectAll={() => setSelection(EVERYTHING)}
            clear={() => setSelection(NOTHING)}
            act={(what) => setDialog({ what, target: selectedTarget() })}
          />
        ) : (
          <Text size="sm" c="dimmed" role="status">
            {total === null
              ? 'Reading the schedules …'
              : `${list.capped ? 'More than ' : ''}${nounOf(total)}${filtered ? (total === 1 ? ' matches' : ' match') : ''}`}
          </Text>
        )}
      </Group>
      <div role="table" aria-label="Schedules" aria-rowcount={(total ?? 0) + 1} aria-busy={waits || total === null}>
        {!card && (
          <div className={styles['columns']} role="rowgroup">
            <TableHead sort={filters.sort} onSort={(sort) => change({ sort })} tick={tickAll} />
          </div>
        )}
        <ScheduleRows
          ref={rows}
          scheduleList={scheduleList}
          card={card}
          selection={selection}
          menu={menu}
          actions={actions}
          onMoved={(moved) =>
            setSelection((before) => (before.anchor === null ? before : { ...before, anchor: before.anchor + moved }))
          }
        />
      </div>
      {total === 0 && filtered && <NoMatch search={filters.search} clear={clear} />}
      {list.capped && (
        <Text size="sm" c="dimmed" ta="center" p="md">
          The first {nounOf(total ?? 0)} are listed. Search or filter to find others.
        </Text>
      )}
      {!filtered && !waits && noneOfTheirs(total, (index) => list.row(index)) && <NoSchedules />}
      {dialog?.what === 'pause' && <PauseDialog target={dialog.target} onClose={closed} />}
      {dialog?.what === 'resume' && <ResumeDialog target={dialog.target} client={client} onClose={closed} />}
      {dialog?.what === 'trigger' && <TriggerDialog target={dialog.target} onClose={closed} />}
      {dialog?.what === 'keys' && <KeysDialog onClose={close} />}
      {dialog?.what === 'delete' && (
        <ReasonDialog
          title={`Delete ${dialog.row.name}`}
          confirm="Delete"
          color="red"
          typed={dialog.row.name}
          onClose={close}
          onConfirm={async (reason) => {
            const input = { ref: { id: dialog.row.id }, reason: reason === '' ? null : reason };
            const outcome = await act(DeleteOneDocument, { input }, 'deleteSchedule');
            if (!outcome.ok) return faultText(outcome.faults);
            sayDone(`${dialog.row.name} deleted`);
            reread();
            return null;
          }}
        >
          <Text size="sm">
            It does not fire any more, and what waits is canceled; runs under way finish. Its history stays. This cannot be
            undone.
          </Text>
        </ReasonDialog>
      )}
    </>
  );
}

/** Whether nobody has made a schedule: there are none, or a few that come with code tasks. */
function noneOfTheirs(total: number | null, row: (index: number) => Row | undefined): boolean {
  if (total === null || total > FEW) return false;
  return Array.from({ length: total }, (_, index) => row(index)).every((each) => each?.managedBy?.startsWith('task:'));
}
