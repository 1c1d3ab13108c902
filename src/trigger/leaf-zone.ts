import type { TriggerContext, TriggerError } from './trigger.ts';
import { resolveZone } from './zone.ts';

/**
 * The zone of a leaf trigger: its own, else the context's. A bad one is added to `errors`; a bad zone of the context has the
 * trigger's own path (empty), because the text stands elsewhere.
 */
export function leafZone(own: unknown, path: string[], context: TriggerContext, errors: TriggerError[]): string {
  const inherited = own === undefined || own === null;
  const name = inherited ? context.timeZone : own;
  const resolved = typeof name === 'string' ? resolveZone(name) : null;
  if (resolved?.ok) return resolved.timeZone;
  errors.push({
    path: inherited ? [] : path,
    message: resolved?.message ?? 'the time zone must be text such as Europe/Berlin',
    constraint: 'IANA time zone',
  });
  return 'UTC';
}
