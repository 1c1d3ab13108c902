import { withinBounds } from '../domain/bounds.ts';
import { limitReached } from '../domain/runLimit.ts';
import { invalid } from '../domain/userError.ts';
import type { UserError } from '../domain/userError.ts';
import { changesBetween } from '../store/audit.ts';
import type { ClaimedSchedule } from '../store/claims.ts';
import { lockFreezes } from '../store/freezes.ts';
import { newId } from '../store/ids.ts';
import { insertSchedules, updateDefinitions } from '../store/scheduleBatches.ts';
import type { DefinitionWrite } from '../store/scheduleBatches.ts';
import { findSchedulesById } from '../store/schedules.ts';
import type { ScheduleRecord } from '../store/schedules.ts';
import { Outdated, lockForApply } from './applyLocks.ts';
import type { PlannedChange } from './applyPlan.ts';
import type { ApplyWorld } from './applyWorld.ts';
import type { Caller, CommandParts, CommandScope } from './command.ts';
import type { ParsedDefinition } from './definition.ts';
import { followFreezesOfAll } from './followFreezes.ts';
import { keepSkips } from './keepSkips.ts';
import { lastSettledOf, settleAll } from './lockedSchedule.ts';
import { removeSchedules } from './removeSchedules.ts';
import { scheduleEvents } from './scheduleEvent.ts';
import { definitionOf, isRetimed, stampEdit, stampNew } from './scheduleStamp.ts';
import { holdOf } from './taskPause.ts';

type Created = PlannedChange & { parsed: ParsedDefinition };
type Updated = Created & { record: ScheduleRecord };
type Deleted = PlannedChange & { record: ScheduleRecord };

/**
 * Does what is planned, in as many statements for many as for one; what is UNCHANGED or rejected is not touched, nor locked.
 * @returns what was written and deleted, as it stands then, by name
 * @throws Outdated: the transaction has to be rolled back
 */
export async function writeApply(
  parts: CommandParts,
  caller: Caller,
  scope: CommandScope,
  world: ApplyWorld,
  plan: readonly PlannedChange[],
  managedBy: string,
): Promise<Map<string, ScheduleRecord>> {
  const creates = plan.filter((change): change is Created => change.action === 'CREATE');
  const updates = plan.filter((change): change is Updated => change.action === 'UPDATE');
  const deleted = plan.filter((change): change is Deleted => change.action === 'DELETE').map(({ record }) => record);
  await lockFreezes(scope.sql, 'keep');
  const locks = await lockForApply(parts, scope, world, {
    updated: updates.map(({ record }) => record),
    deleted,
    parsed: [...creates, ...updates].map(({ parsed }) => parsed),
  });
  const { now, claimed } = locks;
  await settleAll(parts, scope, now, claimed);
  const settled = await readById(scope, claimed);

  const reason = `applySchedules of "${managedBy}"`;
  const author = ({ definition }: ParsedDefinition) => {
    const hold = holdOf(world.tasks.get(definition.taskId)?.pause ?? null, now);
    return { by: caller.viewer.actor, hold };
  };
  const edits = await planEdits(parts, scope, updates, { now, claimed, settled, author });
  const births = creates.map(({ parsed, paused }): DefinitionWrite => {
    const id = newId('sch');
    return {
      id,
      version: 1,
      definition: parsed.definition,
      stamp: stampNew(id, parsed, { ...author(parsed), now: world.now, paused }),
    };
  });

  await updateDefinitions(scope.sql, edits);
  if ((await insertSchedules(scope.sql, births, managedBy)).length < births.length) throw new Outdated();
  await removeSchedules(parts, scope, deleted, { now, reason, tasks: locks.waited });

  const written = await readById(scope, [...edits, ...births, ...deleted]);
  const triggers = new Map([...updates, ...creates].map(({ name, parsed }) => [name, parsed]));
  const standings = [...edits, ...births].map(({ id }) => written.get(id) as ScheduleRecord);
  for (const record of await followFreezesOfAll(scope, now, standings)) {
    const { trigger, definition } = triggers.get(record.name) as ParsedDefinition;
    written.set(record.id, await keepSkips(scope, record, () => withinBounds(trigger, definition)));
  }
  const createdOnes = births.map(({ id, definition }) => {
    const changes = { definition: { before: null, after: definition } };
    return { action: 'schedule.create', targetId: id, reason, changes };
  });
  const updatedOnes = updates.map(({ record, parsed }) => {
    const changes = changesBetween(definitionOf(record), parsed.definition);
    return { action: 'schedule.update', targetId: record.id, reason, changes };
  });
  await scope.auditAll([...createdOnes, ...updatedOnes], now);
  const standing = (id: string) => written.get(id) ?? null;
  const created = births.map(({ id }) => ({ before: null, after: standing(id) }));
  const updated = edits.map(({ id }) => ({ before: settled.get(id) ?? null, after: standing(id) }));
  await scheduleEvents(scope, now, 'CREATED', created);
  await scheduleEvents(scope, now, 'UPDATED', updated);
  scope.signal('schedules', 'events');
  return new Map([...written.values()].map((record) => [record.name, record]));
}

interface Settled {
  now: number;
  claimed: readonly ClaimedSchedule[];
  settled: ReadonlyMap<string, ScheduleRecord>;
  author(parsed: ParsedDefinition): Pick<Parameters<typeof stampEdit>[0], 'by' | 'hold'>;
}

/** @throws Outdated refusing those that would not fire any more, now that what was due is settled */
async function planEdits(
  parts: CommandParts,
  scope: CommandScope,
  updates: readonly Updated[],
  { now, claimed, settled, author }: Settled,
): Promise<DefinitionWrite[]> {
  // The others go on where they stand: what is behind them is of no matter.
  const counting = new Set(
    updates
      .filter(({ record, parsed }) => isRetimed(record, parsed.definition) || limitReached(settled.get(record.id) ?? record))
      .map(({ record }) => record.id),
  );
  const asked = claimed
    .filter(({ id }) => counting.has(id))
    .map((one) => ({ claimed: one, settled: settled.get(one.id) ?? null }));
  const known = asked.filter((one): one is { claimed: ClaimedSchedule; settled: ScheduleRecord } => one.settled !== null);
  const ends = await lastSettledOf(parts, scope, known);
  const lastSettled = new Map(known.map(({ claimed: { id } }, index) => [id, ends[index] as number]));

  const refused = new Map<number, UserError[]>();
  const edits = updates.map(({ index, record, parsed }): DefinitionWrite => {
    const standing = settled.get(record.id) as ScheduleRecord;
    const edit = { before: definitionOf(record), settled: standing, lastSettled: lastSettled.get(record.id) ?? -Infinity };
    const { stamp, faults } = stampEdit({ ...edit, ...author(parsed), now }, parsed);
    const path = ['input', 'schedules', String(index)];
    if (faults.length > 0 && index !== null)
      refused.set(
        index,
        faults.map(({ field, message }) => invalid([...path, field], message)),
      );
    return { id: record.id, version: record.version + 1, definition: parsed.definition, stamp };
  });
  if (refused.size > 0) throw new Outdated(refused);
  return edits;
}

async function readById({ prisma }: CommandScope, those: readonly { id: string }[]): Promise<Map<string, ScheduleRecord>> {
  const records =
    those.length === 0
      ? []
      : await findSchedulesById(
          prisma,
          those.map(({ id }) => id),
        );
  return new Map(records.map((record) => [record.id, record]));
}
