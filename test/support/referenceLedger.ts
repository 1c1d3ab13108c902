import assert from 'node:assert/strict';
import type { MisfireMode, MisfirePolicy } from '../../src/domain/due.ts';
import type { Occurrence } from '../../src/domain/occurrences.ts';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';
import type { OccurrenceVerdict } from '../../src/domain/verdict.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import { occurrences } from './cadences.ts';

/** What a definition says of when and whether its occurrences run. */
export interface Terms {
  trigger: Trigger;
  overlap: OverlapPolicy;
  misfire: MisfirePolicy;
  /** By how much every occurrence is due later than its nominal instant, milliseconds; 0 where there are freezes. */
  offset: number;
}
/** One occurrence, and what may be said of it: more than one verdict only where the reference does not follow each run. */
export interface Expected {
  at: number;
  verdicts: readonly OccurrenceVerdict[];
  version: number;
}
/** An occurrence that the misfire policy, or the exit of a freeze, lets through. */
interface Candidate {
  at: number;
  late: boolean;
}
/** Epoch ms, half-open. */
export interface ReferenceFreeze {
  from: number;
  until: number;
  exit: MisfireMode;
}

/**
 * What of the late ones runs. `late`: ascending, older than the grace time. Answers a verdict for each that does not run.
 * A policy that is added gets a line here and one in OVERLAPS.
 */
const MISFIRES: Record<
  MisfireMode,
  (late: number[], freshFollows: boolean, policy: MisfirePolicy, now: number) => Map<number, OccurrenceVerdict>
> = {
  SKIP: (late) => new Map(late.map((at) => [at, 'MISSED'])),
  FIRE_ONCE: (late, freshFollows, { catchupWindowMs }, now) => {
    const runs = freshFollows ? undefined : late.at(-1);
    const tooOld = (at: number) => at < now - catchupWindowMs;
    return new Map(
      late.filter((at) => at !== runs || tooOld(at)).map((at) => [at, tooOld(at) ? ('MISSED' as const) : ('COALESCED' as const)]),
    );
  },
  FIRE_ALL: (late, _, { catchupWindowMs, maxCatchupRuns }, now) => {
    const kept = late.filter((at) => at >= now - catchupWindowMs).slice(-maxCatchupRuns);
    return new Map(late.filter((at) => !kept.includes(at)).map((at) => [at, 'MISSED']));
  },
};

/** What becomes of those that the misfire policy lets through, in order. @param busy  a run of the schedule has not ended */
const OVERLAPS: Record<
  OverlapPolicy,
  (candidates: Candidate[], busy: boolean, misfire: MisfirePolicy) => (readonly OccurrenceVerdict[])[]
> = {
  ALLOW_ALL: (candidates) => candidates.map(() => ['FIRED']),
  SKIP: (candidates, busy, { mode }) =>
    candidates.map(({ late }, index) => {
      if (index === 0 && !busy) return ['FIRED'];
      if (mode !== 'FIRE_ALL') return ['OVERLAP_SKIPPED'];
      // The serial backlog: how much room it has depends on each run.
      return late ? ['FIRED', 'MISSED'] : ['FIRED', 'OVERLAP_SKIPPED'];
    }),
  BUFFER_ONE: buffered,
  BUFFER_ALL: buffered,
  CANCEL_OTHER: newestOnly,
  TERMINATE_OTHER: newestOnly,
};

/** How much room the buffer has depends on each run. */
function buffered(candidates: Candidate[], busy: boolean, { mode }: MisfirePolicy): (readonly OccurrenceVerdict[])[] {
  return candidates.map(({ late }, index) => {
    if (late && (mode === 'FIRE_ALL' || candidates.filter((other) => other.late).length > 1))
      return ['FIRED', 'BUFFER_FULL', 'MISSED'];
    return index === 0 && !busy ? ['FIRED'] : ['FIRED', 'BUFFER_FULL'];
  });
}
function newestOnly(candidates: Candidate[]): (readonly OccurrenceVerdict[])[] {
  return candidates.map((_, index) => [index === candidates.length - 1 ? 'FIRED' : 'OVERLAP_SKIPPED']);
}

/** The ledger of one schedule as it has to be, found by looking at each occurrence of the definitions that were in force. */
export class ReferenceLedger {
  terms: Terms;
  version = 1;
  paused = false;
  deleted = false;
  readonly decided: Expected[] = [];
  readonly skips = new Set<number>();
  /** In order of their creation. */
  readonly freezes: ReferenceFreeze[] = [];
  /** Of the terms, everything up to here was decided or does not count. */
  #settled: number;
  readonly #createdAt: number;

  constructor(terms: Terms, createdAt: number) {
    this.terms = terms;
    this.#createdAt = createdAt;
    this.#settled = createdAt;
  }

  /** Neither decided nor due later than now. */
  due(now: number): number[] {
    return occurrences(this.terms.trigger, this.#settled + 1, now - this.terms.offset);
  }

  /** The first one without a verdict. */
  get next(): number | null {
    return this.terms.trigger.next(this.#settled);
  }

  /** The first one without a verdict that is to fire. */
  get nextFire(): number | null {
    let at = this.next;
    while (at !== null && (this.skips.has(at) || this.#freezeOver(at)?.exit === 'SKIP')) at = this.terms.trigger.next(at);
    const freeze = at === null ? null : this.#freezeOver(at);
    return freeze === null ? at : this.#releaseOf(freeze);
  }

  /** Of those that lie over it the one that ends last, of two that end together the later one. */
  #freezeOver(at: number): ReferenceFreeze | null {
    const over = this.freezes.filter(({ from, until }) => from <= at && at < until);
    return over.reduce<ReferenceFreeze | null>((last, one) => (last === null || one.until >= last.until ? one : last), null);
  }

  /** When it and what follows it without a gap have ended. */
  #releaseOf({ until }: ReferenceFreeze): number {
    const further = this.freezes.filter((other) => other.from < other.until && other.from <= until && other.until > until);
    return further.length === 0 ? until : this.#releaseOf(further.reduce((last, one) => (one.until > last.until ? one : last)));
  }

  /** What of a freeze nobody skipped, decided or not, from the place on: something that it lets run, or nothing. */
  #letsRun(freeze: ReferenceFreeze): boolean {
    const { trigger } = this.terms;
    const own = occurrences(trigger, Math.max(this.#settled + 1, freeze.from), freeze.until - 1);
    return freeze.exit !== 'SKIP' && own.some((at) => !this.skips.has(at) && this.#freezeOver(at) === freeze);
  }

  get state(): string {
    if (this.paused) return 'PAUSED';
    return this.next === null ? 'COMPLETED' : 'ACTIVE';
  }

  /** The engine looks. For skipped ones alone it does not wake, unless nothing else is left. */
  tick(now: number, busy: boolean): void {
    if (this.paused || this.deleted) return;
    const { nextFire, next } = this;
    const { offset } = this.terms;
    if (nextFire === null ? next !== null && next <= now : nextFire + offset <= now) this.#decideDue(now, busy, {});
    if (this.nextFire === null) this.#decideSkipped(now);
  }

  /** Everything due gets its verdict, but for what a freeze still keeps to let it run. @param change  it is not waited for */
  settle(now: number, busy: boolean, change = false): void {
    this.#decideDue(now, busy, { change });
    if (!this.paused) this.#decideSkipped(now);
  }

  /** Skipped ones that no other comes before wait for nobody, whatever offset they have. */
  #decideSkipped(now: number): void {
    if (this.terms.offset === 0) return;
    for (let at = this.next; at !== null && at <= now && this.skips.has(at); at = this.next) {
      this.decided.push({ at, verdicts: ['SKIPPED_BY_USER'], version: this.version });
      this.#settled = at;
    }
    this.#dropSkips();
  }

  /** @param resumed  at the end of a pause: what becomes of what it held back */
  #decideDue(now: number, busy: boolean, { change = false, resumed }: { change?: boolean; resumed?: MisfireMode }): void {
    const { overlap, offset } = this.terms;
    // Whoever ends a pause has chosen: nothing is on time, and nothing too old.
    const all = resumed === undefined ? {} : { mode: resumed, graceMs: -1, catchupWindowMs: Infinity };
    const misfire = { ...this.terms.misfire, ...all };
    let due = this.due(now);
    let reached = now - offset;
    const decide = (at: number, ...verdicts: OccurrenceVerdict[]) => this.decided.push({ at, verdicts, version: this.version });
    if (this.paused && (resumed ?? 'SKIP') === 'SKIP') for (const at of due) decide(at, 'PAUSED');
    else {
      const missed = new Map<number, OccurrenceVerdict>();
      const candidates: Candidate[] = [];
      let policy = misfire;
      for (const { freeze, of } of this.#stretches(due)) {
        const open = of.filter((at) => !this.skips.has(at));
        const kept = freeze !== null && this.#releaseOf(freeze) > now;
        if (kept && !change) {
          reached = (of[0] as number) - 1;
          due = due.filter((at) => at <= reached);
          break;
        }
        const frozen = open.filter((at) => kept || (freeze === null && this.#freezeOver(at)?.exit === 'SKIP'));
        const rest = open.filter((at) => !frozen.includes(at));
        const late = freeze === null ? rest.filter((at) => at + offset < now - misfire.graceMs) : rest;
        const own = freeze === null ? misfire : { ...misfire, mode: freeze.exit, catchupWindowMs: Infinity };
        if (freeze?.exit === 'FIRE_ALL' && !kept) policy = own;
        for (const at of frozen) missed.set(at, 'FROZEN');
        for (const [at, verdict] of MISFIRES[own.mode](late, rest.length > late.length, own, now - offset))
          missed.set(at, verdict);
        candidates.push(...rest.filter((at) => !missed.has(at)).map((at) => ({ at, late: late.includes(at) })));
      }
      const verdicts = OVERLAPS[overlap](candidates, busy, policy);
      const run = new Map(candidates.map(({ at }, index) => [at, verdicts[index] as readonly OccurrenceVerdict[]]));
      for (const at of due) {
        if (this.skips.has(at)) decide(at, 'SKIPPED_BY_USER');
        else decide(at, ...(run.get(at) ?? [missed.get(at) as OccurrenceVerdict]));
      }
    }
    this.#settled = Math.max(this.#settled, reached);
    this.#dropSkips();
  }

  /** Cut where freezes begin and end that let run what they held back: each of these is for itself. */
  #stretches(due: readonly number[]): { freeze: ReferenceFreeze | null; of: number[] }[] {
    const stretches: { freeze: ReferenceFreeze | null; of: number[] }[] = [];
    for (const at of due) {
      const over = this.#freezeOver(at);
      const freeze = over !== null && this.#letsRun(over) ? over : null;
      const last = stretches.at(-1);
      if (last?.freeze === freeze) last.of.push(at);
      else stretches.push({ freeze, of: [at] });
    }
    return stretches;
  }

  pause(now: number, busy: boolean): void {
    if (this.paused) return;
    this.settle(now, busy, true);
    this.paused = this.next !== null;
  }

  resume(now: number, mode: MisfireMode, busy: boolean): void {
    if (!this.paused) return;
    this.#decideDue(now, busy, { resumed: mode });
    this.paused = false;
  }

  /**
   * What new terms count from, once what is due is settled: an instant that was due, or has its verdict, does not come again. Nor does
   * one that the terms until then had, and that had passed, nor one from before the schedule was there.
   */
  startOf(now: number, { offset }: Terms): number {
    const passed = this.terms.trigger.previous(this.next ?? Infinity) ?? -Infinity;
    return Math.max(now - offset, this.decided.at(-1)?.at ?? -Infinity, passed, this.#createdAt);
  }

  /** @param retimed  the trigger or what it is read with is another */
  edit(terms: Terms, retimed: boolean, now: number, busy: boolean): void {
    this.settle(now, busy, true);
    // An edit of the offset alone moves no nominal instant.
    if (retimed) this.#settled = this.startOf(now, terms);
    this.terms = terms;
    this.version += 1;
    this.#dropSkips();
  }

  delete(now: number, busy: boolean): void {
    this.settle(now, busy, true);
    this.deleted = true;
  }

  /** All occurrences before `until`, with what is to be said of them at `now`. */
  tell(now: number, until: number): Expected[] {
    if (this.deleted) return this.decided.filter(({ at }) => at < until);
    const planned = occurrences(this.terms.trigger, this.#settled + 1, until - 1).map((at): Expected => {
      const held = this.paused && at + this.terms.offset <= now;
      const open = this.#freezeOver(at) === null ? 'PLANNED' : 'FROZEN';
      const verdict = held ? 'PAUSED' : this.skips.has(at) ? 'SKIPPED_BY_USER' : open;
      return { at, verdicts: [verdict], version: this.version };
    });
    return [...this.decided.filter(({ at }) => at < until), ...planned];
  }

  #dropSkips(): void {
    for (const at of this.skips) if (at <= this.#settled || !this.terms.trigger.matches(at)) this.skips.delete(at);
  }
}

/** Every expected occurrence is in exactly one row, which counts what it spans and says of all of them what may be said. */
export function checkRows(rows: readonly Occurrence[], expected: readonly Expected[]): void {
  let index = 0;
  for (const row of rows) {
    const held = expected.slice(index, index + row.count);
    index += row.count;
    const told = `${tell(row.scheduledFor)} to ${tell(row.through)} ${row.verdict} ${row.count}`;
    assert.deepEqual([row.scheduledFor, row.through].map(tell), [held[0]?.at, held.at(-1)?.at].map(tell), `${told}: its ends`);
    for (const { at, verdicts, version } of held) {
      assert.ok(verdicts.includes(row.verdict), `${told}: of ${tell(at)} only ${verdicts.join(' or ')} may be said`);
      assert.equal(row.scheduleVersion, version, `${told}: the version of ${tell(at)}`);
    }
    assert.ok(row.verdict === 'FIRED' || row.runIds.length === 0, `${told}: has runs`);
  }
  assert.deepEqual(
    expected.slice(index).map(({ at }) => tell(at)),
    [],
    'none is unaccounted for',
  );
}

const tell = (at: number | undefined): string => (at === undefined ? 'nothing' : new Date(at).toISOString());
