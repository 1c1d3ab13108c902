import { defineTask, z } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'reports.sales',
  group: 'data',
  name: 'Sales report',
  description: 'Extracts, aggregates, renders and delivers the sales of a region.',
  labels: { team: 'data' },
  input: z.object({ region: z.enum(['emea', 'americas', 'apac', 'all']).default('all') }),
  timeout: 'PT30M',
  retry: { maxAttempts: 3, initialInterval: 'PT1M' },
  run: (context) => perform(CODE_WORKS['reports.sales'], context),
});
