import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'search.reindex',
  group: 'search',
  name: 'Rebuild the index',
  description: 'Writes the catalogue into a fresh index, shard by shard, and switches over: a long run with steps.',
  labels: { team: 'search' },
  timeout: 'PT2H',
  concurrency: 1,
  retry: { maxAttempts: 3, initialInterval: 'PT1M' },
  run: (context) => perform(CODE_WORKS['search.reindex'], context),
});
