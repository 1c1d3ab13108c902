import { mkdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { defineTask, z } from 'carillon';

/** A report over Carillon's own runs, as a table in a Markdown file: what ran, how it ended, how late it was. */
export default defineTask({
  key: 'example.run-report',
  group: 'examples',
  name: 'Run report',
  description: "Writes a report over Carillon's own runs of the last hours to a Markdown file.",
  input: z.object({
    hours: z.int().min(1).max(744).default(24).describe('How far back the report looks'),
    folder: z.string().min(1).default('reports').describe("Where the file goes, from the server's working directory"),
  }),
  timeout: 'PT5M',
  schedules: [
    {
      name: 'example.run-report',
      description: 'Every morning.',
      trigger: { cron: { expression: '5 6 * * *' } },
      timeZone: 'UTC',
    },
  ],
  async run({ input, scheduledFor, signal, progress, query }) {
    const from = new Date(scheduledFor.getTime() - input.hours * 3_600_000);
    const tasks = new Map<string, { runs: number; succeeded: number; failed: number; worstLatenessMs: number }>();
    let seen = 0;
    let after: string | null = null;
    do {
      signal.throwIfAborted();
      const { runs }: Page = await query(RUNS, { from, until: scheduledFor, after });
      for (const run of runs.nodes) {
        const row = tasks.get(run.task.key) ?? { runs: 0, succeeded: 0, failed: 0, worstLatenessMs: 0 };
        row.runs += 1;
        if (run.state === 'SUCCEEDED') row.succeeded += 1;
        if (run.state === 'FAILED' || run.state === 'TIMED_OUT') row.failed += 1;
        row.worstLatenessMs = Math.max(row.worstLatenessMs, run.latenessMs ?? 0);
        tasks.set(run.task.key, row);
      }
      seen += runs.nodes.length;
      progress(seen, runs.totalCountCapped ? undefined : runs.totalCount, 'reading runs');
      after = runs.pageInfo.hasNextPage ? runs.pageInfo.endCursor : null;
    } while (after !== null);

    const file = path.resolve(input.folder, `runs-${scheduledFor.toISOString().slice(0, 16).replace(':', '')}Z.md`);
    await mkdir(path.dirname(file), { recursive: true });
    // Under another name first: who reads the folder never meets half a report.
    await writeFile(`${file}.part`, table(from, scheduledFor, tasks));
    await rename(`${file}.part`, file);
    return { file, runs: seen, tasks: tasks.size };
  },
});

const RUNS = `query ($from: DateTime!, $until: DateTime!, $after: Cursor) {
  runs(first: 100, after: $after, filter: { scheduledFor: { from: $from, until: $until } }) {
    nodes { state latenessMs task { key } }
    totalCount totalCountCapped
    pageInfo { hasNextPage endCursor }
  }
}`;

interface Page {
  runs: {
    nodes: { state: string; latenessMs: number | null; task: { key: string } }[];
    totalCount: number;
    totalCountCapped: boolean;
    pageInfo: { hasNextPage: boolean; endCursor: string | null };
  };
}

function table(
  from: Date,
  until: Date,
  tasks: ReadonlyMap<string, { runs: number; succeeded: number; failed: number; worstLatenessMs: number }>,
): string {
  const rows = [...tasks].sort(([a], [b]) => (a < b ? -1 : 1));
  return [
    `# Runs from ${from.toISOString()} to ${until.toISOString()}`,
    '',
    '| task | runs | succeeded | failed | worst lateness |',
    '| --- | ---: | ---: | ---: | ---: |',
    ...rows.map(([key, row]) => `| ${key} | ${row.runs} | ${row.succeeded} | ${row.failed} | ${row.worstLatenessMs} ms |`),
    '',
  ].join('\n');
}
