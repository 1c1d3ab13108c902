import { IconDotsVertical } from '@tabler/icons-react';
import { memo } from 'react';
import type { CSSProperties, MouseEvent, ReactNode } from 'react';
import { Link } from 'wouter';
import { RUN_LOOKS, SCHEDULE_LOOKS } from '../../parts/states.ts';
import { BROWSER_ZONE, formatShortMinute } from '../../time/format.ts';
import { LightBadge, LightTime } from './light.tsx';
import { RowMenu } from './RowMenu.tsx';
import { Sparkline } from './Sparkline.tsx';
import type { Row } from './source.ts';
import type { Sparks } from './sparks.ts';
import styles from './schedules.module.css';

export interface RowActions {
  pick(row: Row, index: number, range: boolean): void;
  openMenu(id: string | null): void;
  act(what: RowAct, row: Row): void;
}
export type RowAct = 'trigger' | 'pause' | 'resume' | 'edit' | 'duplicate' | 'delete';

interface RowProps {
  index: number;
  /** undefined: it is being read. */
  row: Row | undefined;
  card: boolean;
  selected: boolean;
  /** Where the keyboard is. */
  current: boolean;
  menu: boolean;
  top: number;
  height: number;
  sparks: Sparks;
  actions: RowActions;
}

/** One schedule: a row of the table or, where there is little room, a card. */
export const ScheduleRow = memo(function ScheduleRow(props: RowProps) {
  const { index, row, card, selected, current, top, height } = props;
  const style: CSSProperties = { height, transform: `translateY(${top}px)` };
  const Shape = row === undefined ? Bones : card ? Card : Cells;
  return (
    <div
      className={`${styles['row']} ${styles[card ? 'card' : 'grid']}`}
      style={style}
      role="row"
      // The head is the first row.
      aria-rowindex={index + 2}
      aria-selected={selected}
      aria-busy={row === undefined}
      data-index={index}
      {...(selected && { 'data-selected': true })}
      {...(current && { 'data-current': true })}
    >
      <Shape {...props} row={row as Row} />
    </div>
  );
});

type Filled = RowProps & { row: Row };

function Cells(props: Filled) {
  const { row, sparks } = props;
  return (
    <>
      <Tick {...props} />
      <Cell>
        <Name row={row} />
        <div className={`${styles['second']} ${styles['cut']}`} title={`Task ${row.task.key}`}>
          {row.task.key}
        </div>
      </Cell>
      <Cell>
        <State row={row} />
      </Cell>
      <Cell>
        <div className={styles['cut']} title={row.trigger.summary}>
          {summaryOf(row)}
        </div>
        <div className={`${styles['second']} ${styles['cut']}`}>{row.timeZone}</div>
      </Cell>
      <Cell>
        <Sparkline sparks={sparks} id={row.id} />
      </Cell>
      <Cell>
        <NextFire row={row} />
      </Cell>
      <Cell>
        <LastRun row={row} />
      </Cell>
      <Cell>
        <More {...props} />
      </Cell>
    </>
  );
}

function Card(props: Filled) {
  const { row, sparks } = props;
  return (
    <>
      <Tick {...props} />
      <Cell>
        <Name row={row} />
      </Cell>
      <Cell>
        <More {...props} />
      </Cell>
      <Cell wide>
        <State row={row} inline />
      </Cell>
      <Cell wide>
        <div className={`${styles['second']} ${styles['cut']}`} title={`${row.trigger.summary} (${row.timeZone})`}>
          {row.task.key} · {summaryOf(row)} · {row.timeZone}
        </div>
      </Cell>
      <Cell wide>
        <div style={{ display: 'flex', justifyContent: 'space-between', alignItems: 'center', gap: '0.75rem' }}>
          <Sparkline sparks={sparks} id={row.id} />
          <div style={{ textAlign: 'right', minWidth: 0 }} className={styles['second']}>
            <div className={styles['cut']}>
              <NextFire row={row} inline />
            </div>
            <div className={styles['cut']}>
              <LastRun row={row} inline />
            </div>
          </div>
        </div>
      </Cell>
    </>
  );
}

/** As large as what is going to be there. */
function Bones({ card }: RowProps) {
  const widths = card ? ['1rem', '60%', '0', '80%', '90%', '100%'] : ['1rem', '70%', '50%', '80%', '100%', '60%', '60%', '0'];
  return widths.map((width, at) => (
    <div key={at} role="cell" className={`${styles['cell']} ${card && at > 2 ? styles['wide'] : ''}`}>
      <div className={styles['bone']} style={{ width }} />
    </div>
  ));
}

function Cell({ children, wide = false }: { children: ReactNode; wide?: boolean }) {
  return (
    <div role="cell" className={`${styles['cell']} ${wide ? styles['wide'] : ''}`}>
      {children}
    </div>
  );
}

function Tick({ row, index, selected, actions }: Filled) {
  return (
    // A click beside the box with Shift would begin to mark text.
    <div role="cell" className={styles['cell']} onMouseDown={(event) => event.shiftKey && event.preventDefault()}>
      <label className={styles['tickbox']}>
        <input
          type="checkbox"
          className={styles['tick']}
          aria-label={`Select ${row.name}`}
          checked={selected}
          onChange={() => undefined}
          onClick={(event: MouseEvent) => actions.pick(row, index, event.shiftKey)}
        />
      </label>
    </div>
  );
}

function Name({ row }: { row: Row }) {
  return (
    <Link href={`/schedules/${row.id}`} className={`${styles['name']} ${styles['cut']}`} title={row.name} data-name={row.id}>
      {row.name}
    </Link>
  );
}

function More({ row, menu, actions }: Filled) {
  const button = (
    <button
      type="button"
      className={styles['more']}
      aria-label={`Actions of ${row.name}`}
      aria-haspopup="menu"
      aria-expanded={menu}
      data-more={row.id}
      onClick={() => actions.openMenu(menu ? null : row.id)}
    >
      <IconDotsVertical size={16} aria-hidden />
    </button>
  );
  // A menu is dear to draw: only the row whose menu is open has one.
  return menu ? <RowMenu row={row} target={button} actions={actions} /> : button;
}

function State({ row, inline = false }: { row: Row; inline?: boolean }) {
  const until = row.pause?.until;
  const words = row.pause
    ? `${until ? `until ${formatShortMinute(Date.parse(until), BROWSER_ZONE, Date.now())}: ` : ''}${row.pause.reason}`
    : row.state === 'ACTIVE' && row.task.pause
      ? `Task paused: ${row.task.pause.reason}`
      : row.consecutiveFailures > 0
        ? `${row.consecutiveFailures} ${row.consecutiveFailures === 1 ? 'failure' : 'failures'} in a row`
        : '';
  const title = until ? `${words} (${BROWSER_ZONE})` : words;
  return (
    <div style={inline ? { display: 'flex', gap: '0.5rem', alignItems: 'center' } : undefined}>
      <LightBadge look={SCHEDULE_LOOKS[row.state]} />
      {words !== '' && (
        <div className={`${styles['second']} ${styles['cut']}`} title={title}>
          {words}
        </div>
      )}
    </div>
  );
}

/** Why there is no next fire. */
function quietWords(row: Row): string {
  if (row.state === 'PAUSED') return 'paused';
  if (row.state === 'COMPLETED') return 'completed';
  if (row.task.pause) return 'task paused';
  return row.trigger.kind === 'MANUAL' ? 'by hand only' : 'none planned';
}

function NextFire({ row, inline = false }: { row: Row; inline?: boolean }) {
  if (row.nextFireAt === null)
    return inline ? <>Next: {quietWords(row)}</> : <div className={styles['second']}>{quietWords(row)}</div>;
  if (inline)
    return (
      <>
        <LightTime at={row.nextFireAt} as="short" /> · <LightTime at={row.nextFireAt} as="countdown" />
      </>
    );
  return (
    <>
      <LightTime at={row.nextFireAt} as="short" />
      <div className={styles['second']}>
        <LightTime at={row.nextFireAt} as="countdown" />
      </div>
    </>
  );
}

/** The zone stands below it. */
function summaryOf({ trigger, timeZone }: Row): string {
  return trigger.summary.replace(` (${timeZone})`, '');
}

function LastRun({ row, inline = false }: { row: Row; inline?: boolean }) {
  const run = row.lastRun;
  if (!run) return inline ? <>never ran</> : <div className={styles['second']}>never ran</div>;
  const look = RUN_LOOKS[run.state];
  const at = run.finishedAt ?? run.startedAt ?? run.scheduledFor;
  if (inline)
    return (
      <>
        {look.word} <LightTime at={at} as="relative" />
      </>
    );
  return (
    <>
      <Link href={`/runs/${run.id}`} className={styles['name']} tabIndex={-1}>
        <LightBadge look={look} />
      </Link>
      <div className={styles['second']}>
        <LightTime at={at} as="relative" />
      </div>
    </>
  );
}
