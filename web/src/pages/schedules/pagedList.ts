/** A long list of the server, of which the part that is looked at is here: pages by cursor, found by their place in the list. */

/** Rows of a page; the API gives no more at once. */
export const PAGE = 100;
/** Pages that are kept: those further from what is looked at are read again when they are needed. */
const KEPT_PAGES = 20;
/** Rows that are read before they come into view. */
const AHEAD = PAGE;
/** Requests at the same time; those for what is in view go first. */
const AT_ONCE = 2;
/** Pages beside the one it was on, in which a row is looked for after the list has changed. */
const DRIFT_PAGES = 2;

interface PageAnswer<Row> {
  rows: readonly Row[];
  /** null: the page is empty. */
  endCursor: string | null;
  hasNext: boolean;
  /** Only when it was asked for. */
  total?: number;
  /** There are more than total. */
  capped?: boolean;
}

export interface ListSource<Row> {
  page(after: string | null, counted: boolean): Promise<PageAnswer<Row>>;
  /** Where the page behind this one begins, without reading its rows; null: there is none. */
  step(after: string | null): Promise<string | null>;
}

interface Loaded<Row> {
  /** By page: the cursor behind which it begins. */
  cursors: (string | null)[];
  pages: Map<number, readonly Row[]>;
  total: number;
  capped: boolean;
}

export class PagedList<Row extends { id: string }> {
  readonly #source: ListSource<Row>;
  readonly #listeners = new Set<() => void>();
  #state: Loaded<Row> | null = null;
  /** Pages that are shown until they are read again. */
  #stale = new Set<number>();
  readonly #reading = new Set<number>();
  #walking = false;
  #view = { from: 0, to: 0 };
  #version = 0;
  #fault: unknown = null;
  #moved = 0;
  #renewal: Promise<void> | null = null;
  #again = false;
  /** Answers of an earlier generation belong to a list that has gone. */
  #generation = 0;
  #scrolled = false;

  constructor(source: ListSource<Row>) {
    this.#source = source;
  }

  /** Another one after each change of what is answered here. */
  get version(): number {
    return this.#version;
  }
  /** null: nothing has been read yet. */
  get total(): number | null {
    return this.#state?.total ?? null;
  }
  get capped(): boolean {
    return this.#state?.capped ?? false;
  }
  /** Why the last reading failed; null: it did not. */
  get fault(): unknown {
    return this.#fault;
  }
  /** What is looked at. */
  get view(): { from: number; to: number } {
    return this.#view;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  row(index: number): Row | undefined {
    return this.#state?.pages.get(Math.floor(index / PAGE))?.[index % PAGE];
  }

  /** Says which rows are looked at, both included: they and what is near them are read. */
  look(from: number, to: number): void {
    if (from > 0) this.#scrolled = true;
    this.#view = { from, to };
    this.#advance();
  }

  /** Puts in the newest of rows that are here already. */
  patch(rows: readonly Row[]): void {
    if (!this.#state) return;
    const fresh = new Map(rows.map((row) => [row.id, row]));
    for (const [page, old] of this.#state.pages) {
      if (old.some(({ id }) => fresh.has(id)))
        this.#state.pages.set(
          page,
          old.map((row) => fresh.get(row.id) ?? row),
        );
    }
    this.#tell();
  }

  /** By how many places what was looked at has moved down since the last call: the view is to move with it. */
  takeMoved(): number {
    const moved = this.#moved;
    this.#moved = 0;
    return moved;
  }

  /** All rows between two places, also those that were never in view. */
  async between(from: number, to: number): Promise<Row[]> {
    const rows: Row[] = [];
    let after: string | null | undefined;
    for (let page = Math.floor(from / PAGE); page <= Math.floor(to / PAGE); page += 1) {
      let known = this.#state?.pages.get(page);
      if (!known) {
        after = this.#state?.cursors[page] ?? after ?? (await this.#walkTo(page));
        const answer = await this.#source.page(after ?? null, false);
        known = answer.rows;
        after = answer.endCursor;
      }
      rows.push(...known.filter((_, place) => page * PAGE + place >= from && page * PAGE + place <= to));
    }
    return rows;
  }

  async #walkTo(page: number): Promise<string | null> {
    const cursors = [...(this.#state?.cursors ?? [null])];
    let after = cursors[Math.min(page, cursors.length - 1)] ?? null;
    for (let at = Math.min(page, cursors.length - 1); at < page; at += 1) after = await this.#source.step(after);
    return after;
  }

  /**
   * Reads the list anew where it is looked at, for rows may have come, gone or moved. What was read before stays until then, and the
   * first row in view keeps its place on the screen. One at a time: a call while it lasts makes it read once more.
   */
  renew(): Promise<void> {
    this.#again = true;
    this.#renewal ??= this.#renewAll().finally(() => {
      this.#renewal = null;
    });
    return this.#renewal;
  }

  async #renewAll(): Promise<void> {
    while (this.#again) {
      this.#again = false;
      await this.#renew();
    }
  }

  async #renew(): Promise<void> {
    const place = this.#view.from;
    const anchor = place > 0 ? this.row(place)?.id : undefined;
    const near = Math.floor(place / PAGE);
    try {
      const cursors: (string | null)[] = [null];
      const begin = anchor === undefined ? 0 : Math.max(0, near);
      while (cursors.length <= begin) {
        const next = await this.#source.step(cursors.at(-1) ?? null);
        if (next === null) break;
        cursors.push(next);
      }
      const state: Loaded<Row> = { cursors, pages: new Map(), total: 0, capped: false };
      await this.#readInto(state, Math.min(begin, cursors.length - 1), true);
      const last = Math.floor(this.#view.to / PAGE);
      let index = anchor === undefined ? place : placeOf(state, anchor);
      for (let off = 1; index === null && off <= DRIFT_PAGES; off += 1) {
        for (const page of [begin + off, begin - off]) {
          if (page >= 0 && page < state.cursors.length && !state.pages.has(page)) await this.#readInto(state, page, false);
        }
        index = placeOf(state, anchor as string);
      }
      for (let page = begin + 1; page <= last && page < state.cursors.length; page += 1)
        if (!state.pages.has(page)) await this.#readInto(state, page, false);
      const moved = index === null ? 0 : index - place;
      // Nothing has moved: what lies elsewhere is most likely right, and shown until it is read again.
      this.#stale = new Set();
      if (moved === 0 && this.#state)
        for (const [page, rows] of this.#state.pages) {
          if (state.pages.has(page) || page * PAGE >= state.total) continue;
          state.pages.set(page, rows);
          this.#stale.add(page);
        }
      this.#generation += 1;
      this.#reading.clear();
      this.#walking = false;
      this.#moved += moved;
      this.#view = { from: this.#view.from + moved, to: this.#view.to + moved };
      this.#state = state;
      this.#fault = null;
    } catch (problem) {
      this.#fault = problem;
    }
    this.#tell();
    if (this.#fault === null) this.#advance();
  }

  async #readInto(state: Loaded<Row>, page: number, counted: boolean): Promise<void> {
    const answer = await this.#source.page(state.cursors[page] ?? null, counted);
    state.pages.set(page, answer.rows);
    if (answer.hasNext) state.cursors[page + 1] ??= answer.endCursor;
    if (answer.total !== undefined) state.total = answer.total;
    if (answer.capped !== undefined) state.capped = answer.capped;
  }

  /** Reads what is missing, what is in view first. */
  #advance(): void {
    const state = this.#state;
    if (!state) return;
    const last = Math.max(0, Math.ceil(state.total / PAGE) - 1);
    const clamp = (index: number) => Math.min(last, Math.max(0, Math.floor(index / PAGE)));
    const { from, to } = this.#view;
    const wanted = [...new Set([clamp(from), clamp(to), clamp(to + AHEAD), clamp(from - AHEAD)])];
    for (const page of wanted) {
      if ((state.pages.has(page) && !this.#stale.has(page)) || this.#reading.has(page)) continue;
      if (page >= state.cursors.length) continue;
      if (this.#reading.size >= AT_ONCE) break;
      void this.#read(state, page);
    }
    // Who scrolls may drag the bar anywhere: the places where pages begin are found out ahead, which costs the server next to nothing.
    const goal = this.#scrolled ? last : Math.max(...wanted);
    if (!this.#walking && state.cursors.length <= goal) void this.#walk(state, goal);
  }

  async #read(state: Loaded<Row>, page: number): Promise<void> {
    const generation = this.#generation;
    this.#reading.add(page);
    try {
      const answer = await this.#source.page(state.cursors[page] ?? null, false);
      if (generation !== this.#generation) return;
      state.pages.set(page, answer.rows);
      this.#stale.delete(page);
      if (answer.hasNext) state.cursors[page + 1] ??= answer.endCursor;
      this.#forgetFar(state);
      this.#fault = null;
    } catch (problem) {
      if (generation === this.#generation) this.#fault = problem;
    }
    if (generation !== this.#generation) return;
    this.#reading.delete(page);
    this.#tell();
    if (this.#fault === null) this.#advance();
  }

  async #walk(state: Loaded<Row>, goal: number): Promise<void> {
    const generation = this.#generation;
    this.#walking = true;
    let fault: unknown = null;
    while (state.cursors.length <= goal && fault === null) {
      const known = state.cursors.length;
      let next: string | null = null;
      try {
        next = await this.#source.step(state.cursors.at(-1) ?? null);
      } catch (problem) {
        fault = problem;
      }
      if (generation !== this.#generation) return;
      if (next === null) break;
      // A page that was read meanwhile may have found it, too.
      state.cursors[known] ??= next;
      this.#advance();
    }
    this.#walking = false;
    if (fault === null) return;
    this.#fault = fault;
    this.#tell();
  }

  #forgetFar(state: Loaded<Row>): void {
    const middle = (this.#view.from + this.#view.to) / 2 / PAGE;
    const byDistance = [...state.pages.keys()].sort((a, b) => Math.abs(a - middle) - Math.abs(b - middle));
    for (const page of byDistance.slice(KEPT_PAGES)) state.pages.delete(page);
  }

  #tell(): void {
    this.#version += 1;
    for (const listener of this.#listeners) listener();
  }
}

function placeOf<Row extends { id: string }>(state: Loaded<Row>, id: string): number | null {
  for (const [page, rows] of state.pages) {
    const place = rows.findIndex((row) => row.id === id);
    if (place !== -1) return page * PAGE + place;
  }
  return null;
}
