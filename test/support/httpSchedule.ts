import type { Client } from './carillon.ts';
import { CREATE_SCHEDULE, CREATE_TASK, TRIGGER_SCHEDULE } from './operations.ts';

interface Payload {
  task?: { id: string };
  schedule?: { id: string };
  run?: { id: string };
  userErrors: unknown[];
}

async function mutate(client: Client, query: string, input: unknown): Promise<Payload> {
  const { data, errors } = await client.ask<Record<string, Payload>>(query, { input });
  const payload = Object.values(data ?? {})[0];
  if (payload === undefined || payload.userErrors.length > 0) throw new Error(JSON.stringify(errors ?? payload));
  return payload;
}

/** @returns the id of a task that sends its requests to `url` */
export async function createHttpTask(client: Client, key: string, url: string, execution?: object): Promise<string> {
  const { task } = await mutate(client, CREATE_TASK, { key, name: key, http: { url }, ...(execution && { execution }) });
  return (task as { id: string }).id;
}

/** @param spec  over a schedule that never fires by itself within a test. @returns its id */
export async function createSchedule(client: Client, taskKey: string, name: string, spec: object = {}): Promise<string> {
  const trigger = { interval: { every: 'P365D' } };
  const { schedule } = await mutate(client, CREATE_SCHEDULE, { spec: { name, task: { key: taskKey }, trigger, ...spec } });
  return (schedule as { id: string }).id;
}

/** @returns the id of the run */
export async function triggerSchedule(client: Client, name: string): Promise<string> {
  const { run } = await mutate(client, TRIGGER_SCHEDULE, { ref: { name } });
  return (run as { id: string }).id;
}
