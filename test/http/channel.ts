/**
 * A hand-written source: its `return()` settles a pending `next()`, which an async generator's would wait for.
 * Tests push values and await what was done to it.
 */
export class Channel<T> implements AsyncIterableIterator<T> {
  readonly #values: T[] = [];
  #waiting: PromiseWithResolvers<IteratorResult<T, undefined>> | null = null;
  #over = false;
  readonly #returned = Promise.withResolvers<void>();
  readonly #asked = Promise.withResolvers<void>();
  /** How many values were taken. */
  taken = 0;

  /** Settles when the consumer has ended the source. */
  get returned(): Promise<void> {
    return this.#returned.promise;
  }

  /** Settles when the consumer has asked for a first value. */
  get asked(): Promise<void> {
    return this.#asked.promise;
  }

  push(value: T): void {
    if (this.#waiting) this.#settle({ done: false, value });
    else this.#values.push(value);
  }

  end(): void {
    this.#over = true;
    this.#settle({ done: true, value: undefined });
  }

  fail(error: unknown): void {
    this.#waiting?.reject(error);
    this.#waiting = null;
  }

  next(): Promise<IteratorResult<T, undefined>> {
    this.#asked.resolve();
    this.taken += 1;
    const value = this.#values.shift();
    if (value !== undefined) return Promise.resolve({ done: false, value });
    if (this.#over) return Promise.resolve({ done: true, value: undefined });
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.end();
    this.#returned.resolve();
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  #settle(result: IteratorResult<T, undefined>): void {
    this.#waiting?.resolve(result);
    this.#waiting = null;
  }
}
