import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Hooks } from './database.ts';
import { until } from './until.ts';

const LIMIT_MS = 60_000;
/** What the environment of whoever runs the tests must not decide. */
const OWN = /^(CARILLON_|NODE_)/;

/** One session of bash, as a reader of the README has it: what a block of commands sets is there for the next one. */
export interface Shell {
  /**
   * Runs a block of commands.
   * @param enough  for a block that runs for ever: asked with what it has printed so far, and Ctrl-C is pressed when it says so
   * @returns the lines that it printed
   * @throws Error when it ends with a failure, or takes more than 60 s
   */
  run(block: string, enough?: (lines: readonly string[]) => boolean): Promise<string[]>;
}

export function openShell(t: Hooks, cwd: string): Shell {
  const inherited = Object.entries(process.env).filter(([name]) => !OWN.test(name));
  // A group of its own: Ctrl-C reaches every process of the terminal's group, and no other.
  const bash = spawn('bash', ['--norc'], { cwd, env: Object.fromEntries(inherited), detached: true });
  const pid = bash.pid as number;
  const printed: string[] = [];
  const complaints: string[] = [];
  createInterface(bash.stdout).on('line', (line) => printed.push(line));
  createInterface(bash.stderr).on('line', (line) => complaints.push(line));
  let gone = false;
  const exited = new Promise<void>((resolve) => bash.once('close', resolve)).then(() => {
    gone = true;
  });
  t.after(() => {
    if (!gone) process.kill(-pid, 'SIGKILL');
    return exited;
  });
  // Ctrl-C ends what runs in the session and not the session itself.
  bash.stdin.write('trap : INT\n');

  let blocks = 0;
  return {
    async run(block, enough) {
      blocks += 1;
      const from = printed.length;
      const end = new RegExp(`^end of block ${blocks}: (\\d+)$`);
      bash.stdin.write(`{\n${block}\n} < /dev/null; echo "end of block ${blocks}: $?"\n`);
      const status = () => end.exec(printed.at(-1) ?? '')?.[1];
      const lines = () => printed.slice(from).filter((line) => !end.test(line));
      const fail = (what: string) => new Error(`${what}:\n${[block, ...lines(), ...complaints].join('\n')}`);
      const soon = async (ask: () => boolean, what: string) => {
        await until(ask, LIMIT_MS).catch(() => Promise.reject(fail(what)));
      };
      if (enough !== undefined) {
        await soon(() => status() !== undefined || enough(lines()), 'a block has not printed what is expected of it');
        if (status() !== undefined) throw fail('a block that runs for ever has ended by itself');
        process.kill(-pid, 'SIGINT');
      }
      await soon(() => gone || status() !== undefined, 'a block does not end');
      if (enough === undefined && status() !== '0') throw fail(`a block ended with ${status()}`);
      return lines();
    },
  };
}
