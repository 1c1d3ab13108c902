import type { Client } from 'urql';
import { ScheduleSparksDocument } from './schedules.generated.ts';
import { ask } from './source.ts';
import type { SparkRun } from './spark.ts';
import { Touched } from './touched.ts';

/** Schedules whose runs are kept; beyond them the one that was read first is forgotten. */
const KEPT = 500;
const BATCH = 25;

/** The last runs of the schedules in view: read apart from their rows, for they are twenty times as much. */
export class Sparks {
  readonly #client: Client;
  readonly #runs = new Map<string, readonly SparkRun[]>();
  readonly #listeners = new Set<() => void>();
  /** What has not been read at all goes at once, as soon as the list comes to rest. */
  readonly #unknown: Touched;
  readonly #changed: Touched;
  #inView: ReadonlySet<string> = new Set();

  constructor(client: Client, looked: () => boolean) {
    this.#client = client;
    const read = (ids: readonly string[]) => this.#read(ids);
    this.#unknown = new Touched({ batch: BATCH, delayMs: 150, spacingMs: 150, looked, read });
    this.#changed = new Touched({ batch: BATCH, delayMs: 1000, spacingMs: 5000, looked, read });
  }

  /** null: not read yet. The same array until it is read again. */
  of(id: string): readonly SparkRun[] | null {
    return this.#runs.get(id) ?? null;
  }

  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  look(ids: ReadonlySet<string>): void {
    this.#inView = ids;
    this.#unknown.keepOnly((id) => ids.has(id));
    this.#unknown.touch([...ids].filter((id) => !this.#runs.has(id)));
  }

  /** Their runs are others by now; null: anything may be. What is out of view is read when it is looked at. */
  changed(ids: readonly string[] | null): void {
    const touched = ids ?? [...this.#runs.keys()];
    for (const id of touched) if (!this.#inView.has(id)) this.#runs.delete(id);
    this.#changed.touch(touched.filter((id) => this.#inView.has(id)));
  }

  wake(): void {
    this.#unknown.wake();
    this.#changed.wake();
  }

  async #read(ids: readonly string[]): Promise<void> {
    try {
      const { nodes } = await ask(this.#client, ScheduleSparksDocument, { ids: [...ids] });
      for (const node of nodes) {
        if (node?.__typename !== 'Schedule') continue;
        // Put at the end again: a Map keeps the order of insertion.
        this.#runs.delete(node.id);
        this.#runs.set(node.id, node.runs.nodes);
      }
    } catch {
      // The rows tell of a server that is away; these are read again with the next change.
      return;
    }
    for (const oldest of this.#runs.keys()) {
      if (this.#runs.size <= KEPT) break;
      this.#runs.delete(oldest);
    }
    for (const listener of this.#listeners) listener();
  }
}
