import { createClient } from 'graphql-ws';

/**
 * Prints a line for every change of a run until Ctrl-C. A broken connection is made anew, and the lines go on behind the last one.
 *   CARILLON_TOKEN=car_… npx node examples/watch-runs.ts
 */
const SERVER = process.env['CARILLON_URL'] ?? 'http://127.0.0.1:4000';
const TOKEN = process.env['CARILLON_TOKEN'];
/** How the server closes a connection whose token it does not take (docs/protocol.md). */
const FORBIDDEN = 4403;

interface RunEvent {
  cursor: string;
  at: string;
  state: string;
  taskKey: string;
  run: { schedule: { name: string } | null; progress: { percent: number | null; message: string | null } | null } | null;
}
const QUERY = `subscription ($after: Cursor) {
  runChanged(after: $after) { cursor at state taskKey run { schedule { name } progress { percent message } } }
}`;

if (TOKEN === undefined) fail('Set CARILLON_TOKEN to a token of the server.');
const client = createClient({
  url: `${SERVER.replace(/^http/, 'ws')}/graphql`,
  connectionParams: { token: TOKEN },
  retryAttempts: Infinity,
  shouldRetry: () => true,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 1_000)),
  on: {
    closed(event) {
      const { code } = event as { code: number };
      if (code === FORBIDDEN) fail(`${SERVER} does not take this CARILLON_TOKEN.`);
      console.error(`The connection is closed (${code}); trying again.`);
    },
  },
});

// The client sends this object again whenever it connects again, so the cursor in it is where the stream goes on.
const variables: { after?: string } = {};
const events = client.iterate<{ runChanged: RunEvent }>({ query: QUERY, variables });
// A stream that is refused throws its errors: when the events behind the cursor are not kept any more, for one.
for await (const { data, errors } of endWith(events, fail)) {
  if (data == null) fail(textOf(errors ?? []));
  const { cursor, at, state, taskKey, run } = data.runChanged;
  variables.after = cursor;
  const { percent = null, message = null } = run?.progress ?? {};
  const done = percent === null ? null : `${percent.toFixed(1)} %`;
  console.log([at, run?.schedule?.name ?? 'by hand', taskKey, state, done, message].filter((word) => word !== null).join('  '));
}

async function* endWith<Event>(source: AsyncIterable<Event>, told: (message: string) => never): AsyncIterable<Event> {
  try {
    yield* source;
  } catch (problem) {
    told(textOf(Array.isArray(problem) ? problem : [problem]));
  }
}

function textOf(problems: readonly { message?: string }[]): string {
  return problems.map(({ message }) => message).join('; ') || 'The stream has answered nothing.';
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
