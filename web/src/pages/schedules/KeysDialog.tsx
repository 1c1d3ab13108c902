import { Kbd } from '@mantine/core';
import { Fragment } from 'react';
import { Dialog } from '../../parts/Dialog.tsx';
import styles from './schedules.module.css';

const KEYS: readonly (readonly [keys: readonly string[], words: string])[] = [
  [['/'], 'Go to the search'],
  [['j', '↓'], 'Next schedule'],
  [['k', '↑'], 'Schedule before'],
  [['Enter'], 'Open it'],
  [['x'], 'Select it, or not'],
  [['Shift', 'x'], 'Select all from the one selected last up to it'],
  [['p'], 'Pause what is selected or, if nothing is, this one; resume it when it is paused'],
  [['n'], 'Create a schedule'],
  [['Esc'], 'Select nothing'],
  [['?'], 'Show these keys'],
];

export function KeysDialog({ onClose }: { onClose(): void }) {
  return (
    <Dialog onClose={onClose} title="Keyboard shortcuts">
      <dl className={styles['keys']}>
        {KEYS.map(([keys, words]) => (
          <Fragment key={words}>
            <dt>
              {keys.map((key, at) => (
                <Fragment key={key}>
                  {at > 0 && (keys[0] === 'Shift' ? ' + ' : ' or ')}
                  <Kbd>{key}</Kbd>
                </Fragment>
              ))}
            </dt>
            <dd>{words}</dd>
          </Fragment>
        ))}
      </dl>
    </Dialog>
  );
}
