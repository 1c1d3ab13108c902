import type { ShownSchedule } from '../shown.ts';

/** Why each action cannot be done now, whoever asks; null: it can. */
export interface Blocked {
  trigger: string | null;
  pause: string | null;
  backfill: string | null;
  edit: string | null;
}

type Facts = Pick<ShownSchedule, 'state' | 'managedBy'> & {
  trigger: Pick<ShownSchedule['trigger'], 'kind'>;
  task: Pick<ShownSchedule['task'], 'key' | 'scope' | 'state'> & { pause: object | null };
};

/** Code declares schedules under task:KEY; when no worker has that code any more, they are anybody's. */
const CODE = 'task:';

export function blockedBy({ state, managedBy, trigger, task }: Facts): Blocked {
  const held = task.pause === null ? null : `Its task ${task.key} is paused: resume that first.`;
  const declared = managedBy?.startsWith(CODE) === true && task.state !== 'UNAVAILABLE';
  return {
    trigger: held,
    pause: state === 'COMPLETED' ? 'It is completed: nothing is left that a pause could hold back.' : null,
    backfill:
      held ??
      (task.scope === 'LOCAL' ? 'Its task runs on every worker: what those missed cannot be made up for.' : null) ??
      (trigger.kind === 'MANUAL' ? 'It has no times of its own that a backfill could run.' : null),
    edit: declared ? `The code of the task ${task.key} declares it: change it there.` : null,
  };
}
