import { createHash } from 'node:crypto';
import type { Action } from '../auth/can.ts';
import { KEY_LIFE_MS, canonicalJson, keyFault } from '../domain/idempotency.ts';
import { Rejection, idempotencyError, invalid, notFound } from '../domain/userError.ts';
import { KeyIsBusy, findFirstCall, keepFirstCall, keyHeldSince, lockKey } from '../store/idempotencyKeys.ts';
import type { FirstCall } from '../store/idempotencyKeys.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult, CommandScope } from './command.ts';

/** How the result of a command is kept beside its key, and answered again. */
export interface Memory<T, Kept> {
  /** JSON: ids, and what cannot be read again. */
  keep(value: T): Kept;
  /** As it stands by now; null: it is there no more. */
  recall(scope: CommandScope, kept: Kept): Promise<T | null>;
}
interface Keyed {
  idempotencyKey?: string | null | undefined;
}
const PATH = ['input', 'idempotencyKey'];

/**
 * runCommand, once for each key: a call with the key and the input of one that has succeeded does nothing, and answers what that one
 * did. A key is the caller's own, and of one action: another caller's neither stands in its way nor tells it anything. It is written in
 * the transaction of the command, so that a call that fails leaves it free. Without a key: runCommand.
 * @throws Forbidden when the caller may not do this
 */
export async function runOnce<T, Kept>(
  parts: CommandParts,
  caller: Caller,
  action: Action,
  input: Keyed,
  memory: Memory<T, Kept>,
  work: (scope: CommandScope) => Promise<T>,
): Promise<CommandResult<T>> {
  const { idempotencyKey: key, ...rest } = input;
  if (key == null) return runCommand(parts, caller, action, work);
  const { kind, id: actorId } = caller.viewer.actor;
  const id = sha256(JSON.stringify([kind, actorId, action, key]));
  for (let lastTime = false; ; lastTime = true) {
    let replayed = false;
    try {
      const result = await runCommand(parts, caller, action, async (scope) => {
        const inputHash = hashOf(key, rest);
        await lockKey(scope.sql, id);
        const now = parts.clock.now();
        const first = await findFirstCall(scope.sql, id, now - KEY_LIFE_MS);
        if (first !== null) {
          checkSame(first, key, inputHash);
          replayed = true;
          return recall(scope, memory, first);
        }
        const value = await work({ ...scope, idempotencyKey: key });
        const call = { inputHash, result: memory.keep(value), firstSeenAt: new Date(now) };
        await keepFirstCall(scope.sql, id, call, now - KEY_LIFE_MS);
        return value;
      });
      return { ...result, replayed };
    } catch (error) {
      if (!(error instanceof KeyIsBusy)) throw error;
      const since = await keyHeldSince(parts.store.sql, id);
      // It has ended since: what it has left is there to be seen.
      if (since === null && !lastTime) continue;
      return { ok: false, userErrors: [inProgress(key, since ?? new Date(parts.clock.now()))] };
    }
  }
}

/** @throws Rejection INVALID */
function hashOf(key: string, input: object): string {
  const fault = keyFault(key);
  if (fault !== null) throw new Rejection([fault]);
  const text = canonicalJson(input);
  if (text === null) throw new Rejection([invalid(['input'], 'input is nested too deeply to be stored.')]);
  return sha256(text);
}

/** @throws Rejection IDEMPOTENCY_MISMATCH */
function checkSame({ inputHash, firstSeenAt }: FirstCall, key: string, given: string): void {
  if (inputHash === given) return;
  const message = `The key "${key}" was used at ${firstSeenAt.toISOString()}, with another input. For another input take another key.`;
  throw new Rejection([idempotencyError('IDEMPOTENCY_MISMATCH', PATH, message, firstSeenAt)]);
}

/** @throws Rejection NOT_FOUND */
async function recall<T, Kept>(scope: CommandScope, memory: Memory<T, Kept>, { result, firstSeenAt }: FirstCall): Promise<T> {
  const value = await memory.recall(scope, result as Kept);
  if (value !== null) return value;
  const message = `What this call did at ${firstSeenAt.toISOString()} has been removed since. To do it once more take another key.`;
  throw new Rejection([notFound(PATH, message)]);
}

function inProgress(key: string, since: Date) {
  const message = `A call with the key "${key}" is under way since ${since.toISOString()}. Send this one again in a moment.`;
  return idempotencyError('IDEMPOTENCY_IN_PROGRESS', PATH, message, since);
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
