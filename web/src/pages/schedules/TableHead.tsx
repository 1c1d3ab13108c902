import { IconArrowDown, IconArrowUp } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import type { Sort } from './filters.ts';
import styles from './schedules.module.css';

interface TableHeadProps {
  sort: Sort;
  onSort(sort: Sort): void;
  tick: ReactNode;
}

/** The names of the columns; two of them order the list. */
export function TableHead({ sort, onSort, tick }: TableHeadProps) {
  return (
    <div className={`${styles['grid']} ${styles['head']}`} role="row" aria-rowindex={1}>
      <div role="columnheader" aria-label="Selected">
        {tick}
      </div>
      <Ordered by="name" sort={sort} onSort={onSort}>
        Schedule and task
      </Ordered>
      <div role="columnheader">State</div>
      <div role="columnheader">Trigger and zone</div>
      <div role="columnheader">Last 20 runs</div>
      <Ordered by="next" sort={sort} onSort={onSort}>
        Next fire
      </Ordered>
      <div role="columnheader">Last run</div>
      <div role="columnheader" aria-label="Actions" />
    </div>
  );
}

interface OrderedProps {
  by: 'name' | 'next';
  sort: Sort;
  onSort(sort: Sort): void;
  children: ReactNode;
}

function Ordered({ by, sort, onSort, children }: OrderedProps) {
  const order = sort === by ? 'ascending' : sort === `-${by}` ? 'descending' : 'none';
  const Arrow = order === 'descending' ? IconArrowUp : IconArrowDown;
  return (
    <div role="columnheader" aria-sort={order}>
      <button type="button" className={styles['order']} onClick={() => onSort(order === 'ascending' ? `-${by}` : by)}>
        {children}
        <Arrow size={13} aria-hidden style={{ visibility: order === 'none' ? 'hidden' : 'visible' }} />
      </button>
    </div>
  );
}
