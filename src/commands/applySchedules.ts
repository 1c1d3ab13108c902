import { Forbidden, can } from '../auth/can.ts';
import { declaringTask } from '../domain/managed.ts';
import { Rejection, conflict, limitExceeded } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { Outdated } from './applyLocks.ts';
import { planApply } from './applyPlan.ts';
import type { ApplySchedulesInput, PlannedChange } from './applyPlan.ts';
import { readApplyWorld } from './applyWorld.ts';
import type { ApplyWorld } from './applyWorld.ts';
import { writeApply } from './applyWrite.ts';
import { runCommand } from './command.ts';
import type { Caller, CommandParts, CommandResult } from './command.ts';
import { Fields } from './fields.ts';
import { runOnce } from './once.ts';
import type { Memory } from './once.ts';

/** Most entries of one document, and those that it prunes with them. */
export const MOST_APPLIED = 5_000;
/** What somebody else changes meanwhile is looked at again so many times. */
const ATTEMPTS = 5;

/** What became of one schedule; with a dry run, or where everything is rejected, what would have. */
export interface ApplyChange extends Pick<
  PlannedChange,
  'action' | 'name' | 'before' | 'after' | 'fields' | 'firesAdded' | 'firesRemoved' | 'userErrors'
> {
  /** null: there is none, or not yet. */
  schedule: ScheduleRecord | null;
}
export interface ApplyOutcome {
  changes: ApplyChange[];
  /** Of all entries, where one that is rejected rejects everything. */
  userErrors: UserError[];
}

/** What is answered without anything being written: its key stays free. */
class NothingWritten extends Error {
  readonly outcome: ApplyOutcome;
  constructor(outcome: ApplyOutcome) {
    super('nothing was written');
    this.outcome = outcome;
  }
}

interface KeptOutcome {
  changes: (Omit<ApplyChange, 'schedule'> & { id: string | null })[];
}
/** Schedules are answered as they stand now; those that are gone are null. */
const APPLIED: Memory<ApplyOutcome, KeptOutcome> = {
  keep: ({ changes }) => ({ changes: changes.map(({ schedule, ...change }) => ({ ...change, id: schedule?.id ?? null })) }),
  async recall({ prisma }, { changes }) {
    const ids = changes.flatMap(({ id }) => id ?? []);
    const found = (await findSchedulesById(prisma, ids)).filter(({ deletedAt }) => deletedAt === null);
    const byId = new Map(found.map((record) => [record.id, record]));
    return {
      changes: changes.map(({ id, ...change }) => ({ ...change, schedule: (id !== null && byId.get(id)) || null })),
      userErrors: [],
    };
  },
};

/**
 * Makes the schedules of an owner what a document says: what is not there is created, what differs is updated, what is not listed is
 * deleted when it is to be pruned. The plan is made of what is read without locks; under the locks of what changes it is looked at
 * again whether it still holds, so that nothing waits for what stays as it is.
 */
export async function applySchedules(
  parts: CommandParts,
  caller: Caller,
  input: ApplySchedulesInput,
): Promise<CommandResult<ApplyOutcome>> {
  if (!can(caller.viewer, 'schedule.apply')) throw new Forbidden(caller.viewer, 'schedule.apply');
  const faults = faultsOf(input);
  if (faults.length > 0) return { ok: false, userErrors: faults };
  const refused = new Map<number, readonly UserError[]>();
  for (let attempt = 0; attempt < ATTEMPTS; attempt += 1) {
    try {
      return await (input.idempotencyKey == null || input.dryRun === true
        ? applyOnceMore(parts, caller, input, refused)
        : applyKeyed(parts, caller, input, refused));
    } catch (error) {
      if (error instanceof NothingWritten) return { ok: true, value: error.outcome };
      if (!(error instanceof Outdated)) throw error;
      for (const [index, errors] of error.refused) refused.set(index, errors);
    }
  }
  const message = `Others changed these schedules, or what they use, while they were applied, ${ATTEMPTS} times in a row; nothing was changed. Try again.`;
  return { ok: false, userErrors: [conflict('INVALID_STATE', ['input', 'schedules'], message, null)] };
}

type Refused = ReadonlyMap<number, readonly UserError[]>;

/** Without a key: the transaction begins when it is known what is to be written. @throws NothingWritten, Outdated */
async function applyOnceMore(parts: CommandParts, caller: Caller, input: ApplySchedulesInput, refused: Refused) {
  const planned = await planOf(parts, parts.store, input, refused);
  if (Array.isArray(planned)) return { ok: false, userErrors: planned } as const;
  const { world, plan } = planned;
  if (!plan.some(isChange)) throw new NothingWritten(outcome(plan, new Map(), []));
  return runCommand(parts, caller, 'schedule.apply', async (scope) =>
    outcome(plan, await writeApply(parts, caller, scope, world, plan, input.managedBy), []),
  );
}

/** With a key: it is held before anything is read. @throws NothingWritten, Outdated */
function applyKeyed(parts: CommandParts, caller: Caller, input: ApplySchedulesInput, refused: Refused) {
  return runOnce(parts, caller, 'schedule.apply', input, APPLIED, async (scope) => {
    const planned = await planOf(parts, scope, input, refused);
    if (Array.isArray(planned)) throw new Rejection(planned);
    const { world, plan } = planned;
    const written = plan.some(isChange)
      ? await writeApply(parts, caller, scope, world, plan, input.managedBy)
      : new Map<string, ScheduleRecord>();
    return outcome(plan, written, []);
  });
}

const isChange = ({ action }: PlannedChange): boolean => action === 'CREATE' || action === 'UPDATE' || action === 'DELETE';

/** @returns user errors about the whole @throws NothingWritten when nothing is to be done, or everything is rejected */
async function planOf(
  parts: CommandParts,
  db: Parameters<typeof readApplyWorld>[0],
  input: ApplySchedulesInput,
  refused: Refused,
): Promise<{ world: ApplyWorld; plan: PlannedChange[] } | UserError[]> {
  const world = await readApplyWorld(db, input, parts.clock.now());
  const plan = await planApply(parts, world, input, refused);
  if (plan.length > MOST_APPLIED) return [tooMany(plan.length, 'with those that it prunes')];
  const rejected = plan.flatMap(({ userErrors }) => userErrors);
  const everything = rejected.length > 0 && input.errorPolicy !== 'REJECT_FAILED';
  if (input.dryRun === true || everything) throw new NothingWritten(outcome(plan, new Map(), everything ? rejected : []));
  return { world, plan };
}

function outcome(
  plan: readonly PlannedChange[],
  written: ReadonlyMap<string, ScheduleRecord>,
  userErrors: UserError[],
): ApplyOutcome {
  const changes = plan.map(({ index: _, parsed: __, paused: ___, record, ...change }) => ({
    ...change,
    schedule: written.get(change.name) ?? record,
  }));
  return { changes, userErrors };
}

function faultsOf({ managedBy, schedules }: ApplySchedulesInput): UserError[] {
  const fields = new Fields();
  const path = ['input', 'managedBy'];
  fields.line(path, managedBy, { min: 1, max: 200 });
  if (declaringTask(managedBy) !== null)
    fields.add(path, `managedBy is "${managedBy}"; task: begins the owners of schedules that code declares.`, 'not task:…');
  if (schedules.length > MOST_APPLIED) fields.errors.push(tooMany(schedules.length, 'in one document'));
  return fields.errors;
}

function tooMany(count: number, what: string): UserError {
  const message = `schedules has ${count} entries ${what}; allowed are ${MOST_APPLIED}. Give parts of them owners of their own.`;
  return limitExceeded(['input', 'schedules'], message, MOST_APPLIED);
}
