import type { Clock } from '../clock.ts';
import type { Caller, CommandParts } from '../commands/command.ts';
import { printCursor } from '../events/cursor.ts';
import type { LogFollower } from '../events/logs.ts';
import type { Relay } from '../events/relay.ts';
import { readStreamHead } from '../store/events.ts';
import type { Store } from '../store/open.ts';
import type { ViewerContext } from './auth.ts';
import { createLoaders } from './loaders.ts';
import type { Loaders } from './loaders.ts';

/** What resolvers work with, the same for all requests. */
export interface ApiParts {
  store: Store;
  commands: CommandParts;
  relay: Relay;
  logs: LogFollower;
  clock: Clock;
  /** Which stream of events cursors belong to. */
  streamId: string;
  version: string;
}
export interface RequestContext extends ViewerContext {
  parts: ApiParts;
  loaders: Loaders;
  caller: Caller;
  /** The place in the stream of events at which this request began to read; taken once, when it is first asked for. */
  eventCursor(): Promise<string>;
}

export function createContext(parts: ApiParts, caller: Caller): RequestContext {
  let cursor: Promise<string> | undefined;
  const takeCursor = async () => printCursor(parts.streamId, (await readStreamHead(parts.store.sql)).position);
  return {
    parts,
    loaders: createLoaders(parts.store),
    caller,
    viewer: caller.viewer,
    eventCursor: () => (cursor ??= takeCursor()),
  };
}
