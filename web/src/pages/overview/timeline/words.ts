import { RUN_LOOKS } from '../../../parts/states.ts';
import { BROWSER_ZONE, formatInstant, formatRelative, formatStretch } from '../../../time/format.ts';
import type { Item } from './geometry.ts';

/** What is said about one thing on the timeline, on pointing at it and to screen readers. */
export interface Told {
  title: string;
  state: string;
  href: string;
  lines: readonly (readonly [name: string, value: string])[];
}

const instant = (at: number): string => `${formatInstant(at, BROWSER_ZONE)} ${BROWSER_ZONE}`;

export function tell(item: Item, titleOf: (scheduleId: string | null, taskKey: string) => string, now: number): Told {
  if (item.kind === 'planned') {
    const { plan } = item.outline;
    const lines: [string, string][] = [['Due', `${instant(plan.dueAt)}, ${formatRelative(plan.dueAt, now)}`]];
    if (plan.scheduledFor !== plan.dueAt) lines.push(['Scheduled for', instant(plan.scheduledFor)]);
    lines.push(['Expected to take', plan.expectedMs === null ? 'not known yet' : formatStretch(plan.expectedMs)]);
    const title = titleOf(plan.scheduleId, item.row.title);
    return { title, state: 'Planned', href: `/schedules/${plan.scheduleId}`, lines };
  }
  const { run } = item.bar;
  const lines: [string, string][] = [['Task', run.taskKey]];
  lines.push(['Due', instant(run.dueAt)]);
  if (run.startedAt !== null) lines.push(['Started', `${instant(run.startedAt)}`]);
  if (run.latenessMs !== null) lines.push(['Late by', formatStretch(Math.max(0, run.latenessMs))]);
  if (run.finishedAt !== null) lines.push(['Ended', instant(run.finishedAt)]);
  if (run.startedAt !== null)
    lines.push([run.finishedAt === null ? 'Takes so far' : 'Took', formatStretch((run.finishedAt ?? now) - run.startedAt)]);
  return { title: titleOf(run.scheduleId, run.taskKey), state: RUN_LOOKS[run.state].word, href: `/runs/${run.id}`, lines };
}

/** All of it as one sentence. */
export const sentence = ({ title, state, lines }: Told): string =>
  `${title}: ${state}. ${lines.map(([name, value]) => `${name}: ${value}.`).join(' ')}`;
