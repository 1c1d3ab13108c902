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
    url: GRAPHQL_URL,
    preferGetMethod: false,
    requestPolicy: 'cache-and-network',
    exchanges: [
      // What has an id is the same object wherever it is shown.
      cacheExchange({ keys: Object.fromEntries(PARTS.map((name) => [name, () => null])) }),
      fetchExchange,
    ],
    fetchOptions: { headers: token === null ? {} : { authorization: `Bearer ${token}` } },
  });
}
