import { planDue } from '../../src/domain/due.ts';
import type { MisfireMode, MisfirePolicy, Skip } from '../../src/domain/due.ts';
import { planHeld, planResumed } from '../../src/domain/held.ts';
import type { HeldStretch } from '../../src/domain/held.ts';
import { resolveOverlap } from '../../src/domain/overlap.ts';
import type { OverlapPolicy, PlannedRun } from '../../src/domain/overlap.ts';
import { entries } from '../../src/store/fire.ts';
import type { Trigger } from '../../src/trigger/trigger.ts';
import type { FakeClock } from './clock.ts';

/** A row of the ledger. */
export interface Entry {
  id: string;
  /** Epoch milliseconds, like `through`. */
  first: number;
  through: number;
  count: number;
  verdict: string;
  reason: string;
  scheduleVersion: number;
}
interface Run extends PlannedRun {
  /** Triggered by hand: no occurrence. */
  manual: boolean;
}
/** What a tick did, and what it found under way. */
export interface Tick {
  now: number;
  items: (PlannedRun | Skip)[];
  before: { active: number; backlog: number };
}

/** A schedule from its creation on: what the engine, the workers and the commands do to one, without their database. */
export class Lifetime {
  readonly trigger: Trigger;
  readonly overlap: OverlapPolicy;
  readonly misfire: MisfirePolicy;
  readonly clock: FakeClock;
  /** First occurrence without a verdict; null when there are no more. */
  next: number | null;
  /** All that fired, in the order in which it was decided. */
  readonly fired: PlannedRun[] = [];
  readonly ledger: Entry[] = [];
  #unfinished: Run[] = [];
  #open: Entry | null = null;
  #version = 1;

  constructor(trigger: Trigger, overlap: OverlapPolicy, misfire: MisfirePolicy, clock: FakeClock) {
    this.trigger = trigger;
    this.overlap = overlap;
    this.misfire = misfire;
    this.clock = clock;
    this.next = trigger.next(clock.now());
  }

  get underway(): { active: number; backlog: number } {
    const backlog = this.#unfinished.filter((run) => !run.manual && (run.state === 'BUFFERED' || run.origin === 'CATCH_UP'));
    return { active: this.#unfinished.filter((run) => run.state === 'QUEUED').length, backlog: backlog.length };
  }

  /** @param limit  most fires of this tick */
  tick(limit: number): Tick {
    const [now, before] = [this.clock.now(), this.underway];
    if (this.next === null) return { now, items: [], before };
    const plan = planDue(this.trigger, this.next, now, this.misfire, limit);
    const items = resolveOverlap(plan.items, this.overlap, this.misfire, before);
    this.#write(items, plan.next);
    return { now, items, before };
  }

  /** Nothing is planned during a pause; its end decides what becomes of what it held back. */
  resume(mode: MisfireMode): Tick {
    const [now, before] = [this.clock.now(), this.underway];
    if (this.next === null) return { now, items: [], before };
    const policy = { ...this.misfire, mode };
    const plan = planResumed(this.trigger, this.next, now, policy);
    const items = resolveOverlap(plan.items, this.overlap, policy, before);
    this.#write(items, plan.next);
    return { now, items, before };
  }

  /** The pause has ended by itself at these instants, one after the other, whenever that is noticed. */
  lapse(stretches: readonly HeldStretch[]): void {
    if (this.next === null) return;
    const plan = planHeld(this.trigger, this.next, stretches);
    this.#write(resolveOverlap(plan.items, this.overlap, this.misfire, this.underway), plan.next);
  }

  /** Changes something that leaves the trigger as it is. */
  edit(): void {
    this.#version += 1;
  }

  triggerByHand(): void {
    const scheduledFor = this.clock.now();
    this.#unfinished.push({
      kind: 'fire',
      scheduledFor,
      effectiveAt: scheduledFor,
      origin: 'SCHEDULE',
      state: 'QUEUED',
      manual: true,
    });
  }

  /** Ends an active run and lets the oldest that waits go when none is active any more. */
  finishOne(): void {
    const ended = this.#unfinished.find((run) => run.state === 'QUEUED');
    this.#unfinished = this.#unfinished.filter((run) => run !== ended);
    if (this.underway.active > 0) return;
    const [oldest] = this.#unfinished.toSorted((a, b) => a.scheduledFor - b.scheduledFor);
    if (oldest !== undefined) oldest.state = 'QUEUED';
  }

  #write(items: (PlannedRun | Skip)[], next: number | null): void {
    const open = this.#open;
    const { added, extend, openId } = entries({ id: 'sch_1', version: this.#version, open }, items);
    if (extend !== null) {
      const row = this.ledger.find(({ id }) => id === extend.id) as Entry;
      row.through = Date.parse(extend.through);
      row.count += extend.count;
    }
    for (const { scheduledFor, through, ...row } of added) {
      this.ledger.push({ ...row, first: Date.parse(scheduledFor), through: Date.parse(through) });
    }
    this.#open = this.ledger.find(({ id }) => id === openId) ?? null;
    for (const item of items) {
      if (item.kind !== 'fire') continue;
      this.fired.push(item);
      this.#unfinished.push({ ...item, manual: false });
    }
    this.next = next;
  }
}
