import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'orders.sync',
  group: 'shop',
  name: 'Sync orders',
  description: 'Takes over the orders that came in since the last run.',
  labels: { team: 'shop' },
  timeout: 'PT20S',
  retry: { maxAttempts: 3, initialInterval: 'PT2S' },
  run: (context) => perform(CODE_WORKS['orders.sync'], context),
});
