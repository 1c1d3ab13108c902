import { randomUUIDv7 } from 'node:crypto';

export type IdPrefix = 'task' | 'sch' | 'run' | 'occ' | 'wrk' | 'aud' | 'tok' | 'cal' | 'frz' | 'bfl';

/** Opaque, prefixed and, by UUIDv7, in order of creation: neighbours in time are neighbours in an index. */
export function newId(prefix: IdPrefix): string {
  return `${prefix}_${randomUUIDv7().replaceAll('-', '')}`;
}
