import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import type { ApsFile } from './apscheduler.ts';
import { apsQuestions } from './apscheduler.ts';
import type { Dst } from './clock.ts';
import type { CronCase } from './crons.ts';
import type { KindCase } from './kinds.ts';

/** What previewTrigger is asked, and what it must answer. */
export interface Question {
  id: string;
  trigger: TriggerSpec;
  timeZone: string;
  dst: Partial<Dst> | null;
  after: string;
  first: number;
  /** Instants; null: it must be refused. */
  expected: readonly string[] | null;
}
/** The three formats of vectors. */
export type VectorFile = { source: string; cases: readonly (CronCase | KindCase)[] } | ApsFile;

export function questionsOf(file: VectorFile): Question[] {
  return isAps(file) ? apsQuestions(file) : file.cases.flatMap(ours);
}

const isAps = (file: VectorFile): file is ApsFile => file.source.startsWith('APScheduler');

function ours(entry: CronCase | KindCase): Question[] {
  if ('expression' in entry) {
    const { id, expression, timeZone, after, count, vixie, plain } = entry;
    const common = { trigger: { cron: { expression, timeZone } }, timeZone, after, first: count };
    return [
      { ...common, id: `${id} crontab`, dst: null, expected: vixie },
      { ...common, id: `${id} plain`, dst: { gap: 'SKIP', overlap: 'BOTH' }, expected: plain },
    ];
  }
  if (!('expected' in entry) || typeof entry.timeZone !== 'string')
    throw new TypeError(`${entry.id} has no format that is known`);
  const { id, trigger, timeZone, dst, after, count, expected } = entry as KindCase;
  return [{ id, trigger, timeZone, dst, after, first: count, expected }];
}
