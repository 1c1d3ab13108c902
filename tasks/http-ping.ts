import { TaskError, defineTask, z } from 'carillon';

/** Asks an address and says whether it answers, and how fast. */
export default defineTask({
  key: 'example.http-ping',
  group: 'examples',
  name: 'HTTP ping',
  description: 'Sends a GET request and fails unless the answer has the expected status in time.',
  input: z.object({
    url: z.url({ protocol: /^https?$/ }),
    status: z.int().min(100).max(599).default(200),
    withinMs: z.int().min(1).max(60_000).default(5_000),
  }),
  timeout: 'PT1M',
  retry: { maxAttempts: 2, initialInterval: 'PT2S' },
  async run({ input, signal }) {
    const startedAt = performance.now();
    const late = AbortSignal.timeout(input.withinMs);
    let response: Response;
    try {
      response = await fetch(input.url, { redirect: 'manual', signal: AbortSignal.any([signal, late]) });
      await response.body?.cancel();
    } catch (error) {
      if (late.aborted) throw new TaskError('TOO_SLOW', `${input.url} did not answer within ${input.withinMs} ms`);
      throw new TaskError('UNREACHABLE', `${input.url} cannot be reached: ${(error as Error).message}`, { cause: error });
    }
    const ms = Math.round(performance.now() - startedAt);
    if (response.status !== input.status)
      throw new TaskError('WRONG_STATUS', `${input.url} answered ${response.status}, not ${input.status}`);
    return { status: response.status, ms };
  },
});
