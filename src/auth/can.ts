import { roleAtLeast } from './role.ts';
import type { Role } from './role.ts';
import type { Viewer } from './viewer.ts';

/** What each action needs. The fields of the API say the same by `@auth`; commands ask again, whoever calls them. */
const NEEDED = {
  'task.create': 'EDITOR',
  'task.update': 'EDITOR',
  'task.delete': 'EDITOR',
  'task.trigger': 'OPERATOR',
  'task.pause': 'OPERATOR',
  'task.resume': 'OPERATOR',
  'schedule.create': 'EDITOR',
  'schedule.update': 'EDITOR',
  'schedule.delete': 'EDITOR',
  'schedule.pause': 'OPERATOR',
  'schedule.resume': 'OPERATOR',
  'schedule.trigger': 'OPERATOR',
  'schedule.skip': 'OPERATOR',
  'freeze.create': 'OPERATOR',
  'freeze.end': 'OPERATOR',
  'schedule.backfill': 'OPERATOR',
  'backfill.cancel': 'OPERATOR',
  'run.cancel': 'OPERATOR',
  'run.retry': 'OPERATOR',
  'calendar.put': 'EDITOR',
  'calendar.delete': 'EDITOR',
  'token.create': 'ADMIN',
  'token.revoke': 'ADMIN',
} as const satisfies Record<string, Role>;

export type Action = keyof typeof NEEDED;

export function can(viewer: Viewer, action: Action): boolean {
  // The audit trail could not name who did it.
  return viewer.actor.kind !== 'ANONYMOUS' && roleAtLeast(viewer.role, NEEDED[action]);
}

/** Thrown by commands; answered as FORBIDDEN. */
export class Forbidden extends Error {
  override readonly name = 'Forbidden';
  constructor(viewer: Viewer, action: Action) {
    super(`${action} needs the role ${NEEDED[action]}; yours is ${viewer.role}.`);
  }
}
