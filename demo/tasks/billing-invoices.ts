import { defineTask, z } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'billing.invoices',
  group: 'billing',
  name: 'Send invoices',
  description: 'Collects what is due, renders the invoices and sends them: three steps, none of which is done twice.',
  labels: { team: 'billing' },
  input: z.object({ country: z.string().length(2).default('DE') }),
  timeout: 'PT15M',
  retry: { maxAttempts: 4, initialInterval: 'PT30S', nonRetryableErrors: ['TEMPLATE_BROKEN'] },
  run: (context) => perform(CODE_WORKS['billing.invoices'], context),
});
