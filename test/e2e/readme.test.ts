import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import packageJson from '../../package.json' with { type: 'json' };
import { ADMIN_TOKEN } from '../support/carillon.ts';
import { createSchedule } from '../support/httpSchedule.ts';
import { RUN } from '../support/operations.ts';
import { createHome } from '../support/process.ts';
import { openShell } from '../support/shell.ts';
import { until } from '../support/until.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const LIMIT = { timeout: 120_000 };
/** What the environment of a reader does not say: the defaults hold. */
const PLAIN = {
  CARILLON_ADMIN_TOKEN: '',
  CARILLON_HTTP_ALLOW_PRIVATE: '',
  CARILLON_RATE_LIMIT: '',
  CARILLON_KEEP_RUNS: '',
  CARILLON_KEEP_EVENTS: '',
  CARILLON_KEEP_LEDGER: '',
};
const START = /^((?:\w+=\S+ )*)npm start$/;

interface Step {
  /** Stands in the block, and in none before it. */
  says: string;
  /** The data of its answers, in order; parts that are as they are each time. */
  answers?: object[];
  /** Part of a line that it prints. */
  prints?: string;
  /** Codes of user errors that the README says may come. */
  announced?: string[];
  /** For a block that runs for ever: whether it has printed what the README promises. */
  enough?: (lines: readonly string[]) => boolean;
}

/** The tour after the start, block by block. */
const TOUR: Step[] = [
  { says: 'export CARILLON_URL=' },
  { says: 'createHttpTask', answers: [{ createHttpTask: { task: { key: 'ping' } } }] },
  {
    says: 'previewTrigger',
    answers: [
      {
        previewTrigger: {
          fireTimes: [
            { local: '2027-03-13T02:30:00', offset: '-05:00', inGap: false },
            { local: '2027-03-14T03:00:00', offset: '-04:00', inGap: true },
            { local: '2027-03-15T02:30:00', offset: '-04:00', inGap: false },
          ],
          lints: [{ code: 'IN_NEXT_DST_GAP' }],
        },
      },
    ],
  },
  { says: 'createSchedule', answers: [{ createSchedule: { schedule: { name: 'heartbeat' } } }] },
  {
    says: 'explain(',
    answers: [{ schedule: { explain: { fires: false, causes: [{ subject: 'second', passes: false }] } } }],
  },
  {
    says: 'watch-runs',
    enough(lines) {
      const states = lines.map((line) => /  heartbeat {2}ping {2}(\w+)$/.exec(line)?.[1]).filter((state) => state !== undefined);
      const first = states.indexOf('QUEUED');
      return first >= 0 && states.slice(first, first + 3).join() === 'QUEUED,RUNNING,SUCCEEDED';
    },
  },
  {
    says: 'updateSchedule',
    answers: [{ updateSchedule: { schedule: { version: 2 } } }],
    prints: '"summary":"every 10 seconds ',
  },
  {
    says: 'pauseSchedules',
    answers: [
      {
        pauseSchedules: {
          count: 1,
          schedules: [{ state: 'PAUSED', pause: { reason: 'looking around', by: { name: 'admin' } } }],
        },
      },
      { triggerSchedule: {} },
      { resumeSchedules: { count: 1, schedules: [{ state: 'ACTIVE' }] } },
    ],
    announced: ['ALREADY_RUNNING'],
  },
  {
    says: 'triggerTask',
    answers: [{ triggerTask: { run: { state: 'QUEUED' } } }],
    enough(lines) {
      const done = lines.map((line) => / {2}by hand {2}example\.count-primes {2}RUNNING {2}([\d.]+) % {2}\d+ primes$/.exec(line));
      const percents = done.flatMap((match) => (match === null ? [] : [Number(match[1])]));
      return percents.length > 1 && (percents.at(-1) as number) > (percents[0] as number);
    },
  },
  { says: 'cancelRun', answers: [{ cancelRun: { run: { state: 'CANCELING' } } }] },
  {
    says: 'runs(first: 5)',
    answers: [{ runs: {} }, { deleteSchedule: {} }, { deleteTask: {} }],
  },
];

interface Answer {
  data?: Record<string, unknown>;
  errors?: unknown;
}
interface Payload {
  userErrors?: { code?: string }[];
}

async function readTour(): Promise<string[]> {
  const readme = await readFile(path.join(ROOT, 'README.md'), 'utf8');
  const [tour] = /^## A tour of five minutes\n[^]*?(?=^## )/m.exec(readme) ?? [];
  assert.ok(tour !== undefined, 'the README has a tour');
  return [...tour.matchAll(/^```sh\n([^]*?)^```$/gm)].map((match) => (match[1] as string).trimEnd());
}

test('the tour of the README does what it says, block by block, in one shell', LIMIT, async (t) => {
  const [start = '', ...blocks] = await readTour();
  assert.deepEqual(
    blocks.map((block, index) => (block.includes(TOUR[index]?.says ?? '') ? TOUR[index]?.says : block)),
    TOUR.map((step) => step.says),
    'the test knows every block',
  );
  const settings = START.exec(start)?.[1];
  assert.ok(settings !== undefined, `the first block starts the server: ${start}`);
  assert.match(packageJson.scripts.start, /(^| )exec node src\/main\.ts$/, 'which is what a home starts');

  const home = await createHome(t);
  const env = Object.fromEntries(settings.split(' ').flatMap((setting) => (setting === '' ? [] : [setting.split('=')])));
  const server = await home.start({ ...PLAIN, CARILLON_TASKS: path.join(ROOT, 'tasks'), ...env });
  const shell = openShell(t, ROOT);
  const answered: Answer[] = [];
  for (const [index, { enough, answers = [], prints = '', announced = [] }] of TOUR.entries()) {
    const block = (blocks[index] as string).replaceAll('127.0.0.1:4000', new URL(server.url).host);
    const lines = await shell.run(block.replaceAll('.carillon', home.dataDir), enough);
    const given = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line) as Answer);
    assert.ok(lines.join('\n').includes(prints), lines.join('\n'));
    assert.equal(given.length, answers.length, `${block}\n${lines.join('\n')}`);
    for (const [place, answer] of given.entries()) {
      assert.equal(answer.errors, undefined, JSON.stringify(answer));
      for (const payload of Object.values(answer.data ?? {})) {
        const unexpected = ((payload as Payload).userErrors ?? []).filter((error) => !announced.includes(error.code ?? ''));
        assert.deepEqual(unexpected, []);
      }
      assert.partialDeepStrictEqual(answer.data, answers[place]);
    }
    answered.push(...given);
    if (block.includes('cancelRun')) await untilCanceled();
  }

  const [{ runs }] = answered.flatMap(({ data }) => (data?.['runs'] === undefined ? [] : [data])) as unknown as [{ runs: Runs }];
  const said = runs.nodes.map(({ task, state, origin, error }) => [task.key, origin, state, error?.code ?? null].join(' '));
  assert.ok(said.includes('example.count-primes MANUAL CANCELED CANCELED'), said.join('\n'));
  assert.ok(said.includes('ping MANUAL SUCCEEDED '), said.join('\n'));
  assert.deepEqual(await server.end('SIGTERM'), { code: 0, signal: null });

  /** A moment later, the README says. */
  async function untilCanceled(): Promise<void> {
    const token = (await readFile(path.join(home.dataDir, 'admin-token'), 'utf8')).trim();
    const trigger = answered.find(({ data }) => data?.['triggerTask'] !== undefined) as { data: { triggerTask: Triggered } };
    const { id } = trigger.data.triggerTask.run;
    await until(async () => {
      const { data } = await server.ask<{ run: { state: string } }>(RUN, { id }, token);
      return data.run.state === 'CANCELED';
    });
  }
});

interface Runs {
  nodes: { task: { key: string }; state: string; origin: string; error: { code: string } | null }[];
}
interface Triggered {
  run: { id: string };
}

test(
  'examples/watch-runs.ts goes on behind its last line when the server was away: nothing missed, nothing twice',
  LIMIT,
  async (t) => {
    const home = await createHome(t);
    const first = await home.start();
    const { port } = new URL(first.url);
    await first.ask(
      `mutation { createHttpTask(input: {key: "ping", name: "Ping", http: {url: "${first.url}/livez", method: GET}}) { task { id } } }`,
    );
    await createSchedule(first, 'ping', 'beat', { trigger: { cron: { expression: '* * * * * *' } } });

    const shell = openShell(t, ROOT);
    await shell.run(`export CARILLON_URL=${first.url} CARILLON_TOKEN=${ADMIN_TOKEN}`);
    let seen: readonly string[] = [];
    const queuedAt = () => seen.filter((line) => line.endsWith('  QUEUED')).map((line) => line.split('  ')[0] as string);
    let stopped = false;
    const watched = shell.run('npx node examples/watch-runs.ts', (lines) => {
      seen = lines;
      return stopped;
    });
    await Promise.race([watched, until(() => queuedAt().length > 1)]);
    await first.end('SIGTERM');
    const before = queuedAt().length;
    const second = await home.start({ PORT: port });
    await Promise.race([watched, until(() => queuedAt().length > before + 2)]);
    await second.ask('mutation { pauseSchedules(input: {select: {names: ["beat"]}, reason: "enough"}) { count } }');
    const { data } = await second.ask<{ runs: { nodes: { queuedAt: string }[] } }>(
      '{ runs(first: 100, orderBy: {direction: ASC}) { nodes { queuedAt } } }',
    );
    const all = data.runs.nodes.map((run) => run.queuedAt).filter((at) => at >= (queuedAt()[0] as string));
    await until(() => queuedAt().length >= all.length);
    // A run that the stop has broken off is queued once more: of that one the list has the later time only.
    assert.deepEqual(
      all.filter((at) => !queuedAt().includes(at)),
      [],
      'nothing missed',
    );
    assert.equal(new Set(queuedAt()).size, queuedAt().length, 'nothing twice');
    stopped = true;
    await watched;
  },
);
