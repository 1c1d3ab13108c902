import { applySchedules } from '../../commands/applySchedules.ts';
import { backfillSchedule } from '../../commands/backfillSchedule.ts';
import { cancelBackfill } from '../../commands/cancelBackfill.ts';
import { cancelRun } from '../../commands/cancelRun.ts';
import { cancelRuns } from '../../commands/cancelRuns.ts';
import type { CommandResult } from '../../commands/command.ts';
import { createFreeze } from '../../commands/createFreeze.ts';
import { createHttpTask } from '../../commands/createHttpTask.ts';
import { createApiToken } from '../../commands/createApiToken.ts';
import { createSchedule } from '../../commands/createSchedule.ts';
import { deleteCalendar } from '../../commands/deleteCalendar.ts';
import { deleteSchedule } from '../../commands/deleteSchedule.ts';
import { deleteTask } from '../../commands/deleteTask.ts';
import { endFreeze } from '../../commands/endFreeze.ts';
import { pauseSchedules, resumeSchedules } from '../../commands/pauseSchedules.ts';
import { pauseTask, resumeTask } from '../../commands/pauseTask.ts';
import { putCalendar } from '../../commands/putCalendar.ts';
import { retryRun } from '../../commands/retryRun.ts';
import { revokeApiToken } from '../../commands/revokeApiToken.ts';
import { skipOccurrence } from '../../commands/skipOccurrence.ts';
import { triggerSchedule } from '../../commands/triggerSchedule.ts';
import { triggerTask } from '../../commands/triggerTask.ts';
import { updateHttpTask } from '../../commands/updateHttpTask.ts';
import { updateSchedule } from '../../commands/updateSchedule.ts';
import type { RunRecord } from '../../store/runRecords.ts';
import { countSuppressedBy } from '../freezes.ts';
import type { MutationResolvers } from '../generated.ts';

/** Each mutation is one command; what it answers becomes the payload, with what failed beside it. */
export const Mutation: MutationResolvers = {
  createHttpTask: async (_, { input }, { parts, caller }) => {
    const result = await createHttpTask(parts.commands, caller, input);
    return { task: valueOf(result), ...errorsOf(result) };
  },
  updateHttpTask: async (_, { task, patch }, { parts, caller }) => {
    const result = await updateHttpTask(parts.commands, caller, task, patch);
    return { task: valueOf(result), ...errorsOf(result) };
  },
  deleteTask: async (_, { task }, { parts, caller }) => {
    const result = await deleteTask(parts.commands, caller, task);
    return { deletedId: valueOf(result), ...errorsOf(result) };
  },
  triggerTask: async (_, { input }, { parts, caller }) => {
    const result = await triggerTask(parts.commands, caller, input);
    return runPayload(result);
  },
  pauseTask: async (_, { task, ...input }, { parts, caller }) => {
    const result = await pauseTask(parts.commands, caller, task, input);
    return { task: valueOf(result), ...errorsOf(result) };
  },
  resumeTask: async (_, { task }, { parts, caller }) => {
    const result = await resumeTask(parts.commands, caller, task);
    return { task: valueOf(result), ...errorsOf(result) };
  },
  createSchedule: async (_, { input }, { parts, caller }) => {
    const result = await createSchedule(parts.commands, caller, input);
    return { schedule: valueOf(result), ...replayedOf(result), ...errorsOf(result) };
  },
  updateSchedule: async (_, { input }, { parts, caller }) => {
    const result = await updateSchedule(parts.commands, caller, input);
    return { schedule: valueOf(result), ...replayedOf(result), ...errorsOf(result) };
  },
  deleteSchedule: async (_, { input }, { parts, caller }) => {
    const result = await deleteSchedule(parts.commands, caller, input);
    return { deletedId: valueOf(result), ...errorsOf(result) };
  },
  applySchedules: async (_, { input }, { parts, caller }) => {
    const result = await applySchedules(parts.commands, caller, input);
    return { dryRun: input.dryRun === true, ...replayedOf(result), ...(valueOf(result) ?? { changes: [], ...errorsOf(result) }) };
  },
  pauseSchedules: async (_, { input }, { parts, caller }) => {
    const result = await pauseSchedules(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { schedules: [], count: 0 }), ...errorsOf(result) };
  },
  resumeSchedules: async (_, { input }, { parts, caller }) => {
    const result = await resumeSchedules(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { schedules: [], count: 0 }), ...errorsOf(result) };
  },
  skipOccurrence: async (_, { input }, { parts, caller }) => {
    const result = await skipOccurrence(parts.commands, caller, input);
    return { schedule: valueOf(result), ...replayedOf(result), ...errorsOf(result) };
  },
  createFreeze: async (_, { input }, { parts, caller }) => {
    const result = await createFreeze(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { freeze: null, suppressedPreview: 0 }), ...errorsOf(result) };
  },
  endFreeze: async (_, { id }, context) => {
    const freeze = await endFreeze(context.parts.commands, context.caller, id);
    const suppressedPreview = freeze.ok ? await countSuppressedBy(freeze.value, context) : 0;
    return { freeze: valueOf(freeze), suppressedPreview, ...errorsOf(freeze) };
  },
  backfillSchedule: async (_, { input }, { parts, caller }) => {
    const result = await backfillSchedule(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { backfill: null, fireTimes: [] }), ...replayedOf(result), ...errorsOf(result) };
  },
  cancelBackfill: async (_, { id, cancelRuns }, { parts, caller }) => {
    const result = await cancelBackfill(parts.commands, caller, id, cancelRuns ?? true);
    return { backfill: valueOf(result), fireTimes: [], ...replayedOf(result), ...errorsOf(result) };
  },
  triggerSchedule: async (_, { input }, { parts, caller }) => {
    const result = await triggerSchedule(parts.commands, caller, input);
    return runPayload(result);
  },
  cancelRun: async (_, { input }, { parts, caller }) => {
    const result = await cancelRun(parts.commands, caller, input);
    return runPayload(result.ok ? { ok: true, value: [result.value] } : result);
  },
  cancelRuns: async (_, { input }, { parts, caller }) => {
    const result = await cancelRuns(parts.commands, caller, input);
    return { runs: valueOf(result) ?? [], ...errorsOf(result) };
  },
  retryRun: async (_, { input }, { parts, caller }) => {
    const result = await retryRun(parts.commands, caller, input);
    return runPayload(result);
  },
  putCalendar: async (_, { input }, { parts, caller }) => {
    const result = await putCalendar(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { calendar: null, movedSchedules: [] }), ...errorsOf(result) };
  },
  deleteCalendar: async (_, { name }, { parts, caller }) => {
    const result = await deleteCalendar(parts.commands, caller, name);
    return { deletedId: valueOf(result), ...errorsOf(result) };
  },
  createApiToken: async (_, { input }, { parts, caller }) => {
    const result = await createApiToken(parts.commands, caller, input);
    return { ...(valueOf(result) ?? { apiToken: null, secret: null }), ...errorsOf(result) };
  },
  revokeApiToken: async (_, { id }, { parts, caller }) => {
    const result = await revokeApiToken(parts.commands, caller, id);
    return { apiToken: valueOf(result), secret: null, ...errorsOf(result) };
  },
};

function valueOf<T>(result: CommandResult<T>): T | null {
  return result.ok ? result.value : null;
}

function runPayload(result: CommandResult<RunRecord[]>) {
  const runs = valueOf(result) ?? [];
  return { run: runs[0] ?? null, runs, ...replayedOf(result), ...errorsOf(result) };
}

function errorsOf(result: CommandResult<unknown>) {
  return { userErrors: result.ok ? [] : result.userErrors };
}

function replayedOf({ replayed = false }: CommandResult<unknown>) {
  return { replayed };
}
