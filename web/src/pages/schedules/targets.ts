import type { Choice } from './selection.ts';

/** What an action of the list is done to. */
export interface Target {
  /** Its name, or how many there are. */
  title: string;
  count: number;
  /** All of them by name: looked up when it comes to it, for they may be thousands. */
  choices(): Promise<readonly Choice[]>;
}

export const nounOf = (count: number): string => (count === 1 ? '1 schedule' : `${count.toLocaleString('en')} schedules`);

export const targetOfRow = ({ id, name }: Choice): Target => ({ title: name, count: 1, choices: async () => [{ id, name }] });
