import { useRef, useState } from 'react';
import type { Outcome } from '../../api/useAct.ts';
import { sayDone } from '../../parts/toasts.tsx';
import { inBatches } from './bulk.ts';
import { nounOf } from './targets.ts';
import type { Target } from './targets.ts';

/** Changes all of a target, a hundred at a time, for a dialog that asked for it. */
export function useBulk(target: Target): {
  /** How far it is. */
  status: string | null;
  /** All of it was changed. */
  done(): boolean;
  /** @param word  such as paused. @returns what is wrong; null: done */
  run(word: string, act: (ids: string[]) => Promise<Outcome<{ count: number }>>): Promise<string | null>;
} {
  const [status, setStatus] = useState<string | null>(null);
  const done = useRef(false);
  return {
    status,
    done: () => done.current,
    async run(word, act) {
      setStatus('Looking up which ones …');
      let ids: string[];
      try {
        ids = (await target.choices()).map(({ id }) => id);
      } catch {
        return 'The server cannot be reached. Nothing was changed.';
      }
      const result = await inBatches(ids, act, (changed) => setStatus(`${changed} of ${ids.length}`));
      if (result.fault !== null) return result.fault;
      done.current = true;
      sayDone(`${nounOf(result.done)} ${word}`);
      return null;
    },
  };
}
