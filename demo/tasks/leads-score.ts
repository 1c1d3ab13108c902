import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'leads.score',
  group: 'growth',
  name: 'Score leads',
  description: 'Guesses which of the leads will buy.',
  labels: { team: 'growth' },
  timeout: 'PT10M',
  priority: -10,
  run: (context) => perform(CODE_WORKS['leads.score'], context),
});
