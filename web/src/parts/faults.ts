import type { Path } from './path.ts';
import { startsWith } from './path.ts';

/** Something that is wrong; `path` leads into the definition, [] means all of it. */
export interface Fault {
  path: Path;
  message: string;
}

interface Told {
  message: string;
  path?: readonly string[] | null;
}

/** What begins the paths of each operation: input.spec.trigger of createSchedule is trigger here. */
const STARTS: readonly Path[] = [['input', 'spec'], ['input', 'patch'], ['input']];

/** What a mutation was told, at the fields that it is about. */
export function faultsOf(told: readonly Told[]): Fault[] {
  return told.map(({ message, path }) => (path == null ? faultOfRequest(message) : { message, path: within(path) }));
}

/**
 * Faults of a request that was not taken because a value has the wrong shape: the message of graphql-js names the place, such as
 * `Variable "$trigger" got invalid value 5 at "trigger.anyOf[0].cron.expression"; String cannot represent …`.
 */
export function faultOfRequest(message: string): Fault {
  const match = /^Variable "\$(\w+)" got invalid value [^]*?(?: at "([^"]*)")?; ([^]*)$/.exec(message);
  if (match === null) return { path: [], message };
  const [, variable = '', place = variable, said = message] = match;
  const parts = place.split(/[.[\]]+/).filter((part) => part !== '');
  const missing = /^Field "(\w+)" of required type .* was not provided\.$/.exec(said)?.[1];
  if (missing !== undefined) return { path: within([...parts, missing]), message: `${missing} is missing.` };
  const unknown = /^Field "(\w+)" is not defined by type "\w+"\.(.*)$/.exec(said);
  if (unknown !== null)
    return { path: within([...parts, unknown[1] as string]), message: `There is no field ${unknown[1]} here.${unknown[2]}` };
  if (said.startsWith('Exactly one key must be specified'))
    return { path: within(parts), message: 'Exactly one field must be given here.' };
  return { path: within(parts), message: said };
}

function within(path: Path): Path {
  const start = STARTS.find((each) => startsWith(path, each));
  return start === undefined ? path : path.slice(start.length);
}

/** What is shown at a field: its own faults, and those of what lies in it unless that is drawn by itself. */
export function faultsAt(faults: readonly Fault[], path: Path, exact = false): Fault[] {
  return faults.filter((fault) => (exact ? fault.path.length === path.length : true) && startsWith(fault.path, path));
}

/** Without those that a change at `path` may have mended: of it, of what lies in it and of what holds it. */
export function withoutTouched(faults: readonly Fault[], path: Path): Fault[] {
  return faults.filter((fault) => !startsWith(fault.path, path) && !startsWith(path, fault.path));
}
