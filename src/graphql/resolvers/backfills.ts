import { RUN_ORDERS, pageRuns } from '../../store/runLists.ts';
import type { ScheduleRecord } from '../../store/schedules.ts';
import { readPageArgs } from '../connections.ts';
import type { Resolvers } from '../generated.ts';

export const backfillResolvers: NonNullable<Resolvers['Backfill']> = {
  schedule: async ({ scheduleId }, _, { loaders }) => (await loaders.schedule.load(scheduleId)) as ScheduleRecord,
  progress: ({ finished, total, updatedAt }) => ({ done: finished, total, message: null, updatedAt: updatedAt.toISOString() }),
  runs({ id }, args, { parts }, info) {
    const request = readPageArgs(args, info, RUN_ORDERS.SCHEDULED_FOR, 'ASC');
    return pageRuns(parts.store.prisma, { backfillId: id }, {}, request);
  },
};
