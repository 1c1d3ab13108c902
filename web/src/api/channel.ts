/** What a channel is made of. */
interface ChannelOptions<Event extends { cursor: string }> {
  /** What has been read so far was read after it. */
  from: string;
  /**
   * Subscribes behind `after()`, which is asked again whenever the line was cut.
   * @param ended  it tells nothing more, for this reason
   * @returns how to stop
   */
  subscribe(after: () => string, next: (event: Event) => void, ended: (problem: unknown) => void): () => void;
  /** The newest place there is. @throws Error when the server cannot be asked */
  readCursor(): Promise<string>;
  told(event: Event): void;
  /** What happened before what comes next is not known: it may be anything. */
  lost(): void;
  /** Whether it tells what happens. */
  onBroken(broken: boolean): void;
}

/** Milliseconds until it is subscribed again, ever more slowly. */
const AGAIN_MS = [1000, 2000, 4000, 8000, 15_000, 30_000];
/** The server does not say that it has subscribed: one that has not ended by then goes well. */
const SETTLED_MS = 2000;

/**
 * A subscription without an end: whatever ends it, it is begun again behind the last event. Where that place is gone it begins at the
 * newest one, and says so.
 * @returns how to stop
 */
export function openChannel<Event extends { cursor: string }>(options: ChannelOptions<Event>): () => void {
  const { subscribe, readCursor, told, lost, onBroken } = options;
  let cursor = options.from;
  let tries = 0;
  let closed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let stop = () => undefined as void;

  const goesWell = () => {
    tries = 0;
    onBroken(false);
  };
  const begin = () => {
    stop = subscribe(
      () => cursor,
      (event) => {
        cursor = event.cursor;
        if (tries > 0) {
          clearTimeout(timer);
          goesWell();
        }
        told(event);
      },
      (problem) => {
        if (closed) return;
        clearTimeout(timer);
        if (isExpired(problem)) void beginAnew();
        else again(begin);
      },
    );
    if (tries > 0 && !closed) timer = setTimeout(goesWell, SETTLED_MS);
  };
  const beginAnew = async () => {
    try {
      cursor = await readCursor();
    } catch {
      return again(() => void beginAnew());
    }
    if (closed) return;
    begin();
    lost();
  };
  const again = (step: () => void) => {
    if (closed) return;
    onBroken(true);
    timer = setTimeout(step, AGAIN_MS[Math.min(tries, AGAIN_MS.length - 1)]);
    tries += 1;
  };
  begin();
  return () => {
    closed = true;
    clearTimeout(timer);
    stop();
  };
}

/** The place to go on behind is not kept any more. */
function isExpired(problem: unknown): boolean {
  return Array.isArray(problem) && problem.some((error) => error?.extensions?.code === 'CURSOR_EXPIRED');
}
