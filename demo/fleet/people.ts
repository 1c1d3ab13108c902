import type { Caller } from '../../src/commands/command.ts';

function person(id: string, name: string): Caller {
  return { viewer: { actor: { kind: 'USER', id, name }, role: 'ADMIN' }, requestId: `demo-${id}`, source: 'graphql' };
}

/** Who has built and looked after the fleet. */
export const ANNA = person('anna.berg', 'Anna Berg');
export const JONAS = person('jonas.weber', 'Jonas Weber');
export const PRIYA = person('priya.nair', 'Priya Nair');
export const MATEO = person('mateo.silva', 'Mateo Silva');

/** What the bearer of an API token does. */
export function tokenCaller({ id, name }: { id: string; name: string }): Caller {
  return { viewer: { actor: { kind: 'TOKEN', id, name }, role: 'EDITOR' }, requestId: 'demo-pipeline', source: 'graphql' };
}
