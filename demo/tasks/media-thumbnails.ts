import { defineTask } from 'carillon';
import { CODE_WORKS } from '../works/codeWorks.ts';
import { perform } from '../works/perform.ts';

export default defineTask({
  key: 'media.thumbnails',
  group: 'shop',
  name: 'Make thumbnails',
  description: 'Makes small pictures of what was uploaded.',
  labels: { team: 'shop' },
  timeout: 'PT2M',
  concurrency: 3,
  run: (context) => perform(CODE_WORKS['media.thumbnails'], context),
});
