import { pan, rangeOf, RANGES, spanOf, spanOfRange, viewAround, zoom } from './view.ts';
import type { RangeName, View } from './view.ts';

/** Where a timeline looks: along with the present, or at a place of its own. It moves without React: sixty times a second. */
export class Camera {
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #span: number;
  /** null: it follows the present. */
  #view: View | null = null;

  constructor(now: () => number, range: RangeName) {
    this.#now = now;
    this.#span = spanOfRange(RANGES[range]);
  }

  get view(): View {
    return this.#view ?? viewAround(this.#now(), this.#span);
  }

  get follows(): boolean {
    return this.#view === null;
  }

  get range(): RangeName | null {
    return rangeOf(this.#span);
  }

  /** Changes when what buttons show of it does. */
  readonly sign = (): string => `${this.follows} ${this.range}`;

  readonly onMove = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  follow(range?: RangeName): void {
    if (range !== undefined) this.#span = spanOfRange(RANGES[range]);
    this.#view = null;
    this.#tell();
  }

  /** @param center  stays where it is; while it follows, that is the present */
  zoom(factor: number, center?: number): void {
    const view = zoom(this.view, factor, this.follows ? this.#now() : (center ?? (this.view.from + this.view.until) / 2));
    this.#span = spanOf(view);
    if (!this.follows) this.#view = view;
    this.#tell();
  }

  /** @param share  of what is seen, later is positive */
  pan(share: number): void {
    this.#view = pan(this.view, share * this.#span, this.#now());
    this.#tell();
  }

  #tell(): void {
    for (const listener of this.#listeners) listener();
  }
}
