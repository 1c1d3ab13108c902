import { defineTask } from 'carillon';

/** Ends at once: what is measured with it is Carillon's own. */
export default defineTask({ key: 'bench.nothing', group: 'bench', run: () => null });
