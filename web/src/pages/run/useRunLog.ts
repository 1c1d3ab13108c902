import { useCallback, useEffect, useState } from 'react';
import { useSession } from '../../api/session.tsx';
import { EMPTY_LOG, append } from './logBuffer.ts';
import type { LogBuffer } from './logBuffer.ts';
import { RunLogDocument } from './run.generated.ts';
import type { RunLogSubscription } from './run.generated.ts';

/** The page is drawn anew this often at most, however much is said. */
const DRAW_MS = 100;

/** Follows the log of a run. After a cut it goes on behind the last batch that has come. */
export function useRunLog(runId: string): { log: LogBuffer; fault: string | null; again(): void } {
  const { live } = useSession();
  const [log, setLog] = useState(EMPTY_LOG);
  const [fault, setFault] = useState<string | null>(null);
  const [tries, setTries] = useState(0);

  useEffect(() => {
    let kept = EMPTY_LOG;
    let waiting: RunLogSubscription['runLogs'][] = [];
    let cursor: string | null = null;
    let timer: ReturnType<typeof setTimeout> | null = null;
    let begunAnew = false;
    let stop = () => undefined as void;

    const draw = () => {
      timer = null;
      kept = append(kept, waiting);
      waiting = [];
      setLog(kept);
    };
    const begin = () => {
      // The socket reads them each time it subscribes: again after a cut.
      const variables = {
        runId,
        get after() {
          return cursor;
        },
      };
      stop = live.follow(
        RunLogDocument,
        variables,
        ({ runLogs }) => {
          cursor = runLogs.cursor;
          waiting.push(runLogs);
          timer ??= setTimeout(draw, DRAW_MS);
        },
        (problem) => {
          if (problem?.includes('CURSOR_EXPIRED') === true && !begunAnew) {
            // The server knows less than what is shown: it was set back. What it has is read from its beginning.
            begunAnew = true;
            cursor = null;
            waiting = [];
            kept = EMPTY_LOG;
            begin();
          } else if (problem !== null) setFault(problem);
        },
      );
    };
    setLog(EMPTY_LOG);
    setFault(null);
    begin();
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [live, runId, tries]);

  return { log, fault, again: useCallback(() => setTries((count) => count + 1), []) };
}
