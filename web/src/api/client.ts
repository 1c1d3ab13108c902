import { Client, fetchExchange } from '@urql/core';
import { cacheExchange } from '@urql/exchange-graphcache';
import { GRAPHQL_URL } from './addresses.ts';

/** Things without an id of their own: they are parts of what holds them. */
const PARTS = [
  'Actor', 'AllOfTrigger', 'AnyOfTrigger', 'ApplyChange', 'AtTrigger', 'BoundedTrigger', 'CalendarIntervalTrigger', 'CalendarTrigger', 'Cause',
  'ConflictError', 'CronTrigger', 'DstPolicy', 'EffectiveDst', 'ExceptTrigger', 'ExecutionPolicy', 'Explanation', 'FireTime', 'HttpRequest',
  'IdempotencyError', 'IntervalTrigger', 'InvalidInputError', 'Label', 'LimitError', 'LogLine', 'ManualTrigger', 'MisfirePolicy', 'NotFoundError',
  'Occurrence', 'PageInfo', 'Pause', 'PlannedFire', 'PlannedFires', 'Progress', 'RetentionPolicy', 'RetryPolicy', 'RRuleTrigger', 'RunAttempt',
  'RunError', 'RunStateCount', 'RunStats', 'RunStep', 'ServerInfo', 'StatsBucket', 'TaskWorker', 'TriggerLint', 'TriggerPreview', 'VersionConflictError',
  'Viewer',
  ...['Audit', 'Log', 'Occurrence', 'Run', 'Schedule', 'Task'].flatMap((list) => [`${list}Connection`, `${list}Edge`]),
]; // prettier-ignore

export function createApiClient(token: string | null): Client {
  return new Client({
    ...settings(token),
    requestPolicy: 'cache-and-network',
    exchanges: [
      // What has an id is the same object wherever it is shown.
      cacheExchange({ keys: Object.fromEntries(PARTS.map((name) => [name, () => null])) }),
      fetchExchange,
    ],
  });
}

/** Remembers nothing: for lists of thousands that keep what they need themselves. */
export function createPlainClient(token: string | null): Client {
  return new Client({ ...settings(token), requestPolicy: 'network-only', exchanges: [fetchExchange] });
}

function settings(token: string | null) {
  const headers: Record<string, string> = token === null ? {} : { authorization: `Bearer ${token}` };
  return { url: GRAPHQL_URL, preferGetMethod: false as const, fetchOptions: { headers } };
}
