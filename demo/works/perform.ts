import { setTimeout as delay } from 'node:timers/promises';
import { TaskError } from '../../src/task/defineTask.ts';
import type { TaskContext, TaskLog } from '../../src/task/defineTask.ts';
import { attemptChance } from '../chance.ts';
import type { Part, Work } from './work.ts';

/** How often an attempt says how far it is. */
const SLICE_MS = 500;
/** Nobody who looks at a demo waits for minutes. */
const LONGEST_PART_MS = 45_000;

/** Acts out an attempt in real time. The same attempt of the same run does the same. */
export async function perform(work: Work, context: TaskContext<unknown>): Promise<unknown> {
  const { runId, attempt, input, signal, step, log, progress } = context;
  const { parts, output, progress: counted } = work(attemptChance(runId, attempt), input as Record<string, unknown>);
  const total = parts.reduce((sum, part) => sum + lengthOf(part), 0);
  let before = 0;
  for (const part of parts) {
    const tell = (ms: number) => {
      if (counted === undefined) return;
      const done = Math.floor((counted.total * (before + ms)) / total);
      progress(done, counted.total, `${done} of ${counted.total} ${counted.unit}`);
    };
    const act = (partLog: TaskLog) => play(part, signal, partLog, tell);
    if (part.step === null) await act(log);
    else await step(part.step, ({ log: stepLog }) => act(stepLog));
    before += lengthOf(part);
  }
  return output;
}

async function play(part: Part, signal: AbortSignal, log: TaskLog, tell: (ms: number) => void): Promise<unknown> {
  const duration = lengthOf(part);
  const waiting = [...part.said];
  for (let ms = 0; ; ms = Math.min(ms + SLICE_MS, duration)) {
    while (waiting[0] !== undefined && waiting[0].share * duration <= ms) {
      const { level, message, fields } = waiting.shift() as (typeof waiting)[number];
      log[level.toLowerCase() as Lowercase<typeof level>](message, fields);
    }
    tell(ms);
    if (ms >= duration) break;
    await delay(Math.min(SLICE_MS, duration - ms), undefined, { signal });
  }
  if (part.error !== undefined) throw new TaskError(part.error.code, part.error.message, { retryable: part.error.retryable });
  return part.output ?? null;
}

const lengthOf = ({ durationMs }: Part): number => Math.max(1, Math.min(Math.round(durationMs), LONGEST_PART_MS));
