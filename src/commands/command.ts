import type { Clock } from '../clock.ts';
import { Forbidden, can } from '../auth/can.ts';
import type { Action } from '../auth/can.ts';
import type { Viewer } from '../auth/viewer.ts';
import { Rejection } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import type { RunQueue } from '../queue/queue.ts';
import type { SecretBox } from '../secrets.ts';
import { appendAudits } from '../store/audit.ts';
import type { NewAuditEntry } from '../store/audit.ts';
import type { TriggerOf } from '../store/fire.ts';
import type { CommandTx, Store } from '../store/open.ts';

/** What commands work with. */
export interface CommandParts {
  store: Store;
  queue: RunQueue;
  clock: Clock;
  triggerOf: TriggerOf;
  secrets: SecretBox;
}
/** Who calls, and from where. */
export interface Caller {
  viewer: Viewer;
  requestId: string;
  /** Where the audit trail says it came from; default: graphql */
  source?: string;
}
export type CommandResult<T> = ({ ok: true; value: T } | { ok: false; userErrors: UserError[] }) & {
  /** An earlier call with the same key did it, and this one nothing (once.ts). */
  replayed?: boolean;
};

/** The transaction of a command, with the instant it happens at: read once the first lock is held, so that no later one is earlier. */
export interface CommandScope extends CommandTx {
  /** The key that the caller gave this call; null: none. */
  idempotencyKey: string | null;
  audit(entry: AuditedChange, at: number): Promise<void>;
  /** Many in one statement. */
  auditAll(entries: readonly AuditedChange[], at: number): Promise<void>;
}
type AuditedChange = Pick<NewAuditEntry, 'action' | 'targetId' | 'reason' | 'changes'>;

/**
 * Authorises, then does `work` in one transaction. A Rejection thrown inside rolls everything back and becomes user errors.
 * @throws Forbidden when the caller may not do this
 */
export async function runCommand<T>(
  parts: CommandParts,
  caller: Caller,
  action: Action,
  work: (scope: CommandScope) => Promise<T>,
): Promise<CommandResult<T>> {
  if (!can(caller.viewer, action)) throw new Forbidden(caller.viewer, action);
  try {
    const { requestId, source = 'graphql' } = caller;
    const value = await parts.store.transaction((tx) => {
      const auditAll = (entries: readonly AuditedChange[], at: number) => {
        const origin = { at: new Date(at), actor: caller.viewer.actor, source, requestId };
        return appendAudits(
          tx.sql,
          entries.map((entry) => ({ ...entry, ...origin })),
        );
      };
      return work({ ...tx, idempotencyKey: null, auditAll, audit: (entry, at) => auditAll([entry], at) });
    });
    return { ok: true, value };
  } catch (error) {
    if (error instanceof Rejection) return { ok: false, userErrors: error.userErrors };
    throw error;
  }
}

/** Turns a unique violation of the database into a user error where it happens; everything else goes on. */
export async function rejectDuplicate<T>(work: () => Promise<T>, error: UserError): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    // Prisma P2002: unique constraint failed.
    if (cause instanceof Error && 'code' in cause && cause.code === 'P2002') throw new Rejection([error]);
    throw cause;
  }
}
