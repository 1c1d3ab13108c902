import type { HttpTaskInput } from '../../src/commands/createHttpTask.ts';
import type { TaskDeclaration } from '../../src/commands/registerTask.ts';
import { ENDPOINTS } from '../works/httpWorks.ts';

const TASKS: Record<string, Omit<HttpTaskInput, 'key' | 'http'> & { http?: Partial<HttpTaskInput['http']> }> = {
  'web.health': {
    group: 'operations',
    name: 'Health check',
    description: 'Asks a site whether it is well.',
    labels: [{ key: 'team', value: 'platform' }],
    execution: { timeout: 'PT5S', retry: { maxAttempts: 2, initialInterval: 'PT1S' } },
  },
  'crm.contacts': {
    group: 'growth',
    name: 'Push contacts',
    description: 'Sends changed contacts to the CRM, which asks for patience now and then.',
    labels: [{ key: 'team', value: 'growth' }],
    execution: { retry: { maxAttempts: 4, initialInterval: 'PT5S', maxInterval: 'PT1M' } },
    http: { body: { source: 'shop', fields: ['mail', 'name', 'segment'] } },
  },
  'payments.settle': {
    group: 'billing',
    name: 'Settle payments',
    description: 'Closes the books of the payment provider for what was paid since the last time.',
    labels: [{ key: 'team', value: 'billing' }],
    execution: { timeout: 'PT20S', priority: 20 },
    http: { headers: { 'x-account': 'acct_demo' }, body: { currency: 'EUR' }, successStatuses: '200-201' },
  },
  'chat.digest': {
    group: 'growth',
    name: 'Post a digest',
    description: 'Posts the numbers of the day to a channel.',
    labels: [{ key: 'team', value: 'growth' }],
    http: { body: { channel: '#daily' } },
  },
  'partner.stock': {
    group: 'shop',
    name: 'Fetch stock of Acme',
    description: 'Reads what the partner Acme has in stock.',
    labels: [{ key: 'team', value: 'shop' }],
    execution: { timeout: 'PT10S', retry: { maxAttempts: 3, initialInterval: 'PT2S' } },
  },
  'supplier.prices': {
    group: 'shop',
    name: 'Fetch prices of Globex',
    description: 'Reads the price list of the supplier Globex.',
    labels: [{ key: 'team', value: 'shop' }],
  },
};

/** @param origin  of the target that they call */
export function httpTasks(origin: string): HttpTaskInput[] {
  return Object.entries(TASKS).map(([key, { http, ...task }]) => {
    const { method, path } = ENDPOINTS[key] as (typeof ENDPOINTS)[string];
    return { key, ...task, http: { url: `${origin}${path}`, method, ...http } };
  });
}

/** A code task that another worker has declared. That one is gone, and nobody here has its code. */
export const WAREHOUSE: TaskDeclaration = {
  key: 'warehouse.export',
  group: 'data',
  name: 'Export to the warehouse',
  description: 'Writes twelve tables to the landing zone of the warehouse. Only workers of the data team have its code.',
  scope: 'GLOBAL',
  inputSchema: null,
  execution: { timeout: 'PT30M', retry: { maxAttempts: 3, initialInterval: 'PT30S' } },
  labels: { team: 'data' },
};
