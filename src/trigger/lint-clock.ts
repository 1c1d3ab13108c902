import type { OnTheClock } from './explain-clock.ts';
import { gapText, jumpBefore, overlapText } from './explain-clock.ts';
import type { TriggerLint } from './lint.ts';
import { zoneOf } from './zone.ts';

/** Epoch milliseconds, both inclusive. */
export interface Window {
  from: number;
  until: number;
}
type Next = (reading: number) => number;

/**
 * What becomes of the trigger's times in the zone's next gap and its next overlap. Not for what follows the real clock: its times
 * are none that could be missed.
 * @param next  first reading ≥ a reading that the trigger names, in milliseconds; Infinity when there is none
 */
export function lintOnClock(trigger: OnTheClock, next: Next, { from, until }: Window): TriggerLint[] {
  if (trigger.dst.followsRealClock || from > until) return [];
  const zone = zoneOf(trigger.timeZone);
  const lints: TriggerLint[] = [];
  const seen = { gap: false, overlap: false };
  for (let i = zone.index(Math.floor(from / 1000)) + 1; zone.start(i) * 1000 <= until && !(seen.gap && seen.overlap); i++) {
    const forward = zone.offset(i) > zone.offset(i - 1);
    if (forward ? seen.gap : seen.overlap) continue;
    if (forward) seen.gap = true;
    else seen.overlap = true;
    const lint = forward ? inGap(trigger, next, i) : inOverlap(trigger, next, i, from);
    if (lint !== null && (lint.at ?? 0) <= until) lints.push(lint);
  }
  return lints;
}

/** @param segment  begins with a jump forward */
function inGap({ timeZone, dst }: OnTheClock, next: Next, segment: number): TriggerLint | null {
  const jump = jumpBefore(segment, timeZone);
  if (jump === null) return null;
  const missing = next(jump.at + jump.before);
  if (missing >= jump.at + jump.after) return null;
  const at = dst.gap === 'SHIFT' ? missing - jump.before : jump.at;
  return { code: 'IN_NEXT_DST_GAP', message: `${gapText(jump, missing, timeZone, dst)}.`, at };
}

/** @param segment  begins with a jump back */
function inOverlap({ timeZone, dst }: OnTheClock, next: Next, segment: number, from: number): TriggerLint | null {
  const zone = zoneOf(timeZone);
  const start = zone.start(segment) * 1000;
  const [before, after] = [zone.offset(segment - 1) * 1000, zone.offset(segment) * 1000];
  // Of what comes twice, a first pass that is over already is nothing to look ahead to.
  const reading = next(Math.max(start + after, dst.overlap === 'LAST' ? -Infinity : from + before));
  if (reading >= start + before) return null;
  const twice = { reading, first: reading - before, last: reading - after };
  const at = dst.overlap === 'LAST' ? twice.last : twice.first;
  return { code: 'IN_NEXT_DST_OVERLAP', message: `${overlapText(twice, timeZone, dst)}.`, at };
}
