import { applySchedules } from '../../src/commands/applySchedules.ts';
import type { Caller } from '../../src/commands/command.ts';
import { createApiToken } from '../../src/commands/createApiToken.ts';
import { createHttpTask } from '../../src/commands/createHttpTask.ts';
import { createSchedule } from '../../src/commands/createSchedule.ts';
import { putCalendar } from '../../src/commands/putCalendar.ts';
import { registerTask } from '../../src/commands/registerTask.ts';
import { revokeApiToken } from '../../src/commands/revokeApiToken.ts';
import { SERVER, registerTasks } from '../../src/codeTasks.ts';
import { billingSchedules } from '../fleet/billing.ts';
import { calendars } from '../fleet/calendars.ts';
import { dataSchedules, searchSchedules } from '../fleet/data.ts';
import { growthSchedules } from '../fleet/growth.ts';
import { ANNA, JONAS, MATEO, PRIYA, tokenCaller } from '../fleet/people.ts';
import { lively, platformSchedules } from '../fleet/platform.ts';
import { orderRepair, shopSchedules } from '../fleet/shop.ts';
import { cron } from '../fleet/spec.ts';
import type { Spec } from '../fleet/spec.ts';
import { WAREHOUSE, httpTasks } from '../fleet/tasks.ts';
import { DAY_MS, MINUTE_MS, agoIn, storyBegin, wellDone } from './stage.ts';
import type { Scene, Stage } from './stage.ts';
import { writeWorkers } from './write.ts';

/** The pipeline of the teams, which has a token. */
export function pipelineOf({ tokens }: Stage): Caller {
  const token = tokens.get('ci-deploy');
  if (token === undefined) throw new Error('the pipeline has no token yet');
  return tokenCaller(token);
}

/** How the fleet came to be: tokens, calendars, tasks and schedules. */
export function founding(stage: Stage): Scene[] {
  const { parts, world, codeTasks, origin, log, tokens } = stage;
  const { now } = world;
  const ago = agoIn(stage);
  const apply = (team: string, schedules: readonly Spec[]) =>
    wellDone(applySchedules(parts, pipelineOf(stage), { managedBy: `git:${team}`, schedules }));
  const create = (by: Caller, spec: Spec) => wellDone(createSchedule(parts, by, { spec }));
  const token = async (by: Caller, name: string, role: 'VIEWER' | 'OPERATOR' | 'EDITOR', expiresAt: number | null = null) => {
    const input = { name, role, expiresAt: expiresAt === null ? null : new Date(expiresAt) };
    const { apiToken } = await wellDone(createApiToken(parts, by, input));
    tokens.set(name, apiToken);
  };
  return [
    {
      at: storyBegin(now),
      async happen() {
        await token(ANNA, 'ci-deploy', 'EDITOR');
        await token(ANNA, 'grafana', 'VIEWER');
        await token(ANNA, 'old-pipeline', 'EDITOR');
        await token(JONAS, 'contractor-lena', 'OPERATOR', ago(4));
        for (const calendar of calendars(now)) await wellDone(putCalendar(parts, ANNA, calendar));
        await registerTasks(parts, log, codeTasks);
        await wellDone(registerTask(parts, SERVER, WAREHOUSE));
        for (const task of httpTasks(origin)) await wellDone(createHttpTask(parts, MATEO, task));
        await writeWorkers(parts.store.sql, world.workers);
        await apply('platform', platformSchedules());
        await apply('shop', shopSchedules(now));
        await apply('data', dataSchedules(now));
        for (const spec of searchSchedules()) await create(PRIYA, spec);
        for (const spec of growthSchedules()) await create(MATEO, spec);
      },
    },
    { at: storyBegin(now) + 20 * MINUTE_MS, happen: () => apply('billing', billingSchedules()) },
    { at: ago(6), happen: () => create(JONAS, orderRepair()) },
    ...lively().map(({ spec, hours }, index) => ({
      at: ago(0, hours) - index * 7_000,
      happen: () => create(spec.name.startsWith('health') ? ANNA : JONAS, spec),
    })),
    { at: ago(13), happen: () => wellDone(revokeApiToken(parts, ANNA, tokens.get('old-pipeline')?.id as string)) },
    { at: ago(7, 2), happen: () => apply('platform', platformSchedules().map(improved)) },
    { at: ago(4, 6), happen: () => token(JONAS, 'oncall-bot', 'OPERATOR', now + 90 * DAY_MS) },
  ];
}

/** As the repository of the platform team says it in its second version. */
function improved(spec: Spec): Spec {
  if (spec.name === 'clean-temp') return { ...spec, description: 'On every worker, in the quiet minutes of the hour.' };
  return spec.name === 'status-page' ? { ...spec, trigger: cron('0 * * * *') } : spec;
}
