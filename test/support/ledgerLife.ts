import assert from 'node:assert/strict';
import { endAttempts } from '../../src/queue/finish.ts';
import { startEngine } from '../../src/engine/engine.ts';
import type { Engine } from '../../src/engine/engine.ts';
import type { MisfireMode, MisfirePolicy } from '../../src/domain/due.ts';
import type { Occurrence } from '../../src/domain/occurrences.ts';
import type { OverlapPolicy } from '../../src/domain/overlap.ts';
import { UNFINISHED_STATES } from '../../src/domain/runState.ts';
import { anchorOf } from '../../src/domain/schedule.ts';
import { timingOf } from '../../src/domain/timing.ts';
import { purgeRuns } from '../../src/store/retention.ts';
import { iso, startRuns } from '../../src/store/runs.ts';
import { findSchedulesById } from '../../src/store/schedules.ts';
import { compileTrigger } from '../../src/trigger/compile.ts';
import { formatDuration } from '../../src/trigger/duration.ts';
import type { TriggerSpec } from '../../src/trigger/trigger.ts';
import { allOccurrences, pageOf } from './occurrences.ts';
import { addSchedule, backfill, editSchedule, freeze, pause, removeSchedule, resumeWith, skip, thaw, trigger } from './parts.ts';
import type { Parts } from './parts.ts';
import { ReferenceLedger, checkRows } from './referenceLedger.ts';
import type { ReferenceFreeze, Terms } from './referenceLedger.ts';
import { addWorker } from './runs.ts';

/** What of a definition decides when and whether occurrences run. */
export interface Definition {
  triggerSpec: TriggerSpec;
  timeZone: string;
  overlapPolicy: OverlapPolicy;
  misfire: MisfirePolicy;
  /** Milliseconds. */
  spreadMs: number;
}
/** PER_TICK: every look is one of an engine that was started for it, as after a crash; nothing looks meanwhile. */
export type EngineMode = 'STAYS' | 'PER_TICK';

let names = 0;

/** One schedule with commands, runs and an engine on a real database, and beside it the ledger that all this has to make. */
export class LedgerLife {
  readonly #parts: Parts;
  readonly #mode: EngineMode;
  readonly #createdAt: number;
  readonly #id: string;
  readonly #reference: ReferenceLedger;
  readonly #ahead: number;
  /** Their ids, those that were ended left out. */
  readonly #freezes = new Map<string, ReferenceFreeze>();
  #definition: Definition;
  #engine: Engine | null = null;

  private constructor(parts: Parts, mode: EngineMode, definition: Definition, id: string, ahead: number) {
    this.#parts = parts;
    this.#mode = mode;
    this.#definition = definition;
    this.#id = id;
    this.#ahead = ahead;
    this.#createdAt = parts.clock.now();
    this.#reference = new ReferenceLedger(this.#termsOf(definition), this.#createdAt);
  }

  /** @param ahead  how far into what is planned to look, milliseconds */
  static async start(parts: Parts, mode: EngineMode, definition: Definition, ahead: number): Promise<LedgerLife> {
    names += 1;
    const { id } = await addSchedule(parts, { name: `life-${names}`, trigger: undefined, ...specOf(definition) });
    const life = new LedgerLife(parts, mode, definition, id, ahead);
    if (mode === 'STAYS') await life.#look();
    return life;
  }

  async stop(): Promise<void> {
    await this.#engine?.stop();
    await this.#parts.store.prisma.freeze.deleteMany();
    if (!this.#reference.deleted) await removeSchedule(this.#parts, this.#id);
  }

  /** Time passes, or steps back. An engine that stays sees it at once. */
  async wait(ms: number): Promise<void> {
    // Asked before: the engine's own timer may go off as the clock passes it.
    const busy = await this.#busy();
    this.#parts.clock.advanceTo(this.#now + ms);
    if (this.#mode === 'STAYS') await this.#tick(busy);
  }

  async waitForNext(lateBy: number): Promise<void> {
    const { nextFire, terms } = this.#reference;
    const due = nextFire === null ? this.#now : nextFire + terms.offset;
    await this.wait(Math.max(0, due + lateBy - this.#now));
  }

  async tick(): Promise<void> {
    await this.#tick(await this.#busy());
  }

  async #tick(busy: boolean): Promise<void> {
    await this.#look();
    this.#reference.tick(this.#now, busy);
  }

  async pause(): Promise<void> {
    const busy = await this.#busy();
    await pause(this.#parts, this.#id);
    this.#reference.pause(this.#now, busy);
  }

  async resume(mode: MisfireMode): Promise<void> {
    const busy = await this.#busy();
    await resumeWith(this.#parts, mode, this.#id);
    this.#reference.resume(this.#now, mode, busy);
  }

  async edit(change: Partial<Definition>): Promise<void> {
    const definition = { ...this.#definition, ...change };
    const terms = this.#termsOf(definition);
    const retimed = this.#isRetimed(definition);
    const wasDue = this.#reference.due(this.#now).at(-1) ?? -Infinity;
    // One that would never fire again is refused.
    if (retimed && terms.trigger.next(Math.max(this.#reference.startOf(this.#now, terms), wasDue)) === null) return;
    // What a shorter offset makes due an engine that stays fires at a moment of its own.
    if (this.#mode === 'STAYS' && terms.offset < this.#reference.terms.offset) return;
    const { version } = await findOne(this.#parts, this.#id);
    const busy = await this.#busy();
    const edited = await editSchedule(this.#parts, this.#id, specOf(definition));
    if (edited.version > version) this.#reference.edit(terms, retimed, this.#now, busy);
    this.#definition = definition;
  }

  /** @param index  which of the planned ones */
  async skip(index: number): Promise<void> {
    const { trigger: planned } = this.#reference.terms;
    const { offset } = this.#reference.terms;
    let at = planned.next(Math.max(this.#now - offset, (this.#reference.next ?? Infinity) - 1));
    for (let step = 0; step < index && at !== null; step += 1) at = planned.next(at);
    if (at === null) return;
    await skip(this.#parts, this.#id, new Date(at));
    this.#reference.skips.add(at);
  }

  /** @param index  which of those that have not come */
  async undo(index: number): Promise<void> {
    const open = [...this.#reference.skips].filter((at) => at + this.#reference.terms.offset > this.#now).sort((a, b) => a - b);
    const at = open[index % open.length];
    if (at === undefined) return;
    await skip(this.#parts, this.#id, new Date(at), { undo: true });
    this.#reference.skips.delete(at);
  }

  /** @param after  from now, milliseconds */
  async freeze(after: number, lasts: number, exit: MisfireMode): Promise<void> {
    const from = this.#now + after;
    const begins = after === 0 ? {} : { from: new Date(from) };
    const made = await freeze(this.#parts, from + lasts, { ...begins, exit }, this.#id);
    const frozen = { from, until: from + lasts, exit };
    this.#freezes.set(made.freeze.id, frozen);
    this.#reference.freezes.push(frozen);
  }

  /** @param index  which of those that have not ended */
  async thaw(index: number): Promise<void> {
    const open = [...this.#freezes].filter(([, { until }]) => until > this.#now);
    const [id, frozen] = open[index % open.length] ?? [];
    if (id === undefined || frozen === undefined) return;
    const busy = await this.#busy();
    await thaw(this.#parts, id);
    this.#freezes.delete(id);
    frozen.until = Math.max(this.#now, frozen.from);
    // What it lets run is due at once.
    if (this.#mode === 'STAYS') await this.#tick(busy);
  }

  /** Fills the past again, for which the ledger has its verdicts: they stay. */
  async backfill(): Promise<void> {
    const range = { from: new Date(this.#now - this.#ahead), until: new Date(this.#now) };
    await backfill(this.#parts, this.#id, { range, only: 'ALL', concurrency: 2, maxRuns: 100_000 });
  }

  async triggerByHand(): Promise<void> {
    await trigger(this.#parts, this.#id, { overlapPolicy: 'ALLOW_ALL' });
  }

  /** The oldest of the waiting runs is begun and ends. */
  async endRun(state: 'SUCCEEDED' | 'FAILED' | 'RETRY_WAIT'): Promise<void> {
    const { store, queue } = this.#parts;
    const where = { scheduleId: this.#id, state: 'QUEUED' };
    const run = await store.prisma.run.findFirst({ where, orderBy: { scheduledFor: 'asc' } });
    if (run === null) return;
    const hold = { runId: run.id, attempt: run.attempt, lease: crypto.randomUUID() };
    const now = this.#now;
    const error = state === 'SUCCEEDED' ? null : { code: 'BROKEN', name: 'Broken', message: 'it broke', retryable: true };
    const retryAt = state === 'RETRY_WAIT' ? iso(now + 1) : null;
    const worker = await addWorker(this.#parts);
    await startRuns(store.sql, now, worker, now + 60_000, [hold], store.signals.payload(['events']));
    await store.hotTransaction((tx) => endAttempts(tx, queue, now, [{ ...hold, state, output: null, error, retryAt }]));
  }

  /** Retention removes all runs that have ended. */
  async purge(): Promise<void> {
    await purgeRuns(this.#parts.store, this.#now + 10 * 365 * 86_400_000, this.#now);
  }

  async delete(): Promise<void> {
    const busy = await this.#busy();
    await removeSchedule(this.#parts, this.#id);
    this.#reference.delete(this.#now, busy);
  }

  get isDeleted(): boolean {
    return this.#reference.deleted;
  }

  /** The schedule stands where it has to, and its list says of each occurrence what may be said of it. */
  async check(): Promise<void> {
    const rows = await allOccurrences(this.#parts, this.#id, this.#createdAt, this.#until);
    checkRows(rows, this.#reference.tell(this.#now, this.#until));
    const { state, nextScheduledFor, nextFireAt, skipCount, deletedAt } = await findOne(this.#parts, this.#id);
    const { next, nextFire, skips } = this.#reference;
    assert.equal(skipCount, deletedAt === null ? skips.size : 0);
    if (deletedAt !== null) return;
    assert.deepEqual([state, nextScheduledFor?.getTime() ?? null], [this.#reference.state, next]);
    const due = nextFire === null ? null : nextFire + this.#reference.terms.offset;
    if (state === 'ACTIVE') assert.equal(nextFireAt?.getTime() ?? null, due);
  }

  /** Page by page it is the same list. @param size  of a page, if that does not make too many */
  async checkPages(size: number): Promise<void> {
    const range = { from: this.#createdAt, until: this.#until };
    const whole = await allOccurrences(this.#parts, this.#id, range.from, range.until);
    const first = Math.min(100, Math.max(size, Math.ceil(whole.length / 20)));
    const nodes: Occurrence[] = [];
    for (let after: string | null = null, more = true; more;) {
      const page = await pageOf(this.#parts, this.#id, range, first, after);
      nodes.push(...page.nodes);
      after = page.pageInfo.endCursor;
      more = page.pageInfo.hasNextPage === true;
    }
    assert.deepEqual(nodes, whole);
  }

  get #now(): number {
    return this.#parts.clock.now();
  }

  get #until(): number {
    return Math.max(this.#now, this.#reference.decided.at(-1)?.at ?? 0) + this.#ahead;
  }

  async #look(): Promise<void> {
    const engine = this.#engine ?? startEngine(this.#parts);
    await engine.settle();
    if (this.#mode === 'STAYS') this.#engine = engine;
    else await engine.stop();
  }

  /** Whether a run holds the schedule's place, or waits for it; those of a backfill do neither. */
  async #busy(): Promise<boolean> {
    const where = { scheduleId: this.#id, state: { in: [...UNFINISHED_STATES] }, backfillId: null };
    return (await this.#parts.store.prisma.run.count({ where })) > 0;
  }

  #termsOf({ triggerSpec, timeZone, overlapPolicy, misfire, spreadMs }: Definition): Terms {
    const context = { timeZone, dst: { gap: null, overlap: null }, anchorAt: anchorOf(this.#createdAt) };
    const compiled = compileTrigger(triggerSpec, context);
    assert.ok(compiled.ok, JSON.stringify(compiled));
    // The same for every occurrence, computed from the schedule's id.
    const offset = timingOf({ id: this.#id, spreadMs, jitterMs: 0 }, compiled.trigger).effective(0);
    assert.ok(offset >= 0 && (offset < spreadMs || spreadMs === 0));
    return { trigger: compiled.trigger, overlap: overlapPolicy, misfire, offset };
  }

  #isRetimed({ triggerSpec, timeZone }: Definition): boolean {
    return triggerSpec !== this.#definition.triggerSpec || timeZone !== this.#definition.timeZone;
  }
}

async function findOne(parts: Parts, id: string) {
  return (await findSchedulesById(parts.store.prisma, [id]))[0]!;
}

function specOf({ misfire, spreadMs, ...rest }: Definition) {
  const { mode, graceMs, catchupWindowMs, maxCatchupRuns } = misfire;
  const durations = { graceTime: formatDuration(graceMs), catchupWindow: formatDuration(catchupWindowMs) };
  return { ...rest, spread: formatDuration(spreadMs), misfire: { mode, maxCatchupRuns, ...durations } };
}
