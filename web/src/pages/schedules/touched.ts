interface TouchedOptions {
  /** How many are read at once at most. */
  batch: number;
  /** Milliseconds from the first touch to the reading: others may come meanwhile. */
  delayMs: number;
  /** Milliseconds from one reading to the next at least. */
  spacingMs: number;
  /** Whether anybody looks; what was touched waits for wake() until then. */
  looked(): boolean;
  read(ids: readonly string[]): Promise<void>;
}

/** Ids of what has changed, read again in batches and no more often than is worth it. */
export class Touched {
  readonly #options: TouchedOptions;
  readonly #ids = new Set<string>();
  #timer: ReturnType<typeof setTimeout> | null = null;
  #last = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: TouchedOptions) {
    this.#options = options;
  }

  touch(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.add(id);
    this.wake();
  }

  /** What need not be read any more, such as rows that are out of view. */
  keepOnly(wanted: (id: string) => boolean): void {
    for (const id of this.#ids) if (!wanted(id)) this.#ids.delete(id);
  }

  wake(): void {
    if (this.#timer !== null || this.#stopped || this.#ids.size === 0 || !this.#options.looked()) return;
    const { delayMs, spacingMs } = this.#options;
    this.#timer = setTimeout(() => void this.#read(), Math.max(delayMs, this.#last + spacingMs - Date.now()));
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #read(): Promise<void> {
    const ids = [...this.#ids].slice(0, this.#options.batch);
    for (const id of ids) this.#ids.delete(id);
    if (ids.length > 0) await this.#options.read(ids);
    this.#last = Date.now();
    this.#timer = null;
    this.wake();
  }
}
