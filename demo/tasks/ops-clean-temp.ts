import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'ops.clean-temp',
  group: 'operations',
  name: 'Clean temporary files',
  description: 'Removes old temporary files, on every worker.',
  labels: { team: 'platform' },
  scope: 'LOCAL',
  timeout: 'PT1M',
  run: (context) => perform(CODE_WORKS['ops.clean-temp'], context),
});
