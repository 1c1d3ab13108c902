import type { Viewer } from '../../auth/viewer.ts';
import { denial } from '../auth.ts';
import type { Loaders } from '../loaders.ts';

const TYPES = {
  task: 'Task',
  sch: 'Schedule',
  run: 'Run',
  wrk: 'Worker',
  cal: 'Calendar',
  frz: 'Freeze',
  bfl: 'Backfill',
  tok: 'ApiToken',
} as const;
export type NodeType = (typeof TYPES)[keyof typeof TYPES];

/** The type that an id's prefix names; null for a text that is no id of ours. */
export function nodeType(id: string): NodeType | null {
  const prefix = id.slice(0, id.indexOf('_'));
  return Object.hasOwn(TYPES, prefix) ? TYPES[prefix as keyof typeof TYPES] : null;
}

/** The object with this id, also a deleted one. */
export async function loadNode(loaders: Loaders, id: string) {
  switch (nodeType(id)) {
    case 'Task':
      return loaders.task.load(id);
    case 'Schedule':
      return loaders.schedule.load(id);
    case 'Run':
      return loaders.run.load(id);
    case 'Worker':
      return loaders.worker.load(id);
    case 'Calendar':
      return loaders.calendar.load(id);
    case 'ApiToken':
      return loaders.apiToken.load(id);
    case 'Freeze':
      return loaders.freeze.load(id);
    case 'Backfill':
      return loaders.backfill.load(id);
    case null:
      return null;
  }
}

/**
 * As the typed fields answer it: what is deleted is not found, and tokens are for those who may list them.
 * @throws FORBIDDEN; UNAUTHENTICATED without a token
 */
export async function findNode(loaders: Loaders, viewer: Viewer, id: string) {
  const denied = nodeType(id) === 'ApiToken' ? denial(viewer, 'ADMIN', false, 'An API token') : null;
  if (denied) throw denied;
  const node = await loadNode(loaders, id);
  return node !== null && 'deletedAt' in node && node.deletedAt !== null ? null : node;
}
