import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'ops.queue-depth',
  group: 'operations',
  name: 'Measure queues',
  description: 'Counts what waits in the message queues.',
  labels: { team: 'platform' },
  timeout: 'PT5S',
  retry: { maxAttempts: 2, initialInterval: 'PT1S' },
  run: (context) => perform(CODE_WORKS['ops.queue-depth'], context),
});
