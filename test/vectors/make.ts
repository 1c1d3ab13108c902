// Writes cron.json and kinds.json: node test/vectors/make.ts. The same ones in every run, as long as the zone data is the same.
import { writeFileSync } from 'node:fs';
import { createRandom } from '../support/random.ts';
import { cronCase, PLACES } from './crons.ts';
import { kindCase, KINDS } from './kinds.ts';

const CRONS = 420;
const OF_EACH_KIND = 20;

/** One case a line, so that a difference is readable. */
function write(file: string, note: string, cases: readonly unknown[]): void {
  const head = JSON.stringify({ source: 'brute-force enumeration', tzdata: process.versions['tz'], note }).slice(1, -1);
  const lines = cases.map((entry) => JSON.stringify(entry)).join(',\n');
  writeFileSync(new URL(file, import.meta.url), `{\n${head},\n"cases": [\n${lines}\n]\n}\n`);
}

/** Tries until there are as many as wanted. */
function collect<T>(count: number, make: (i: number) => T | null): T[] {
  const cases: T[] = [];
  while (cases.length < count) {
    const made = make(cases.length);
    if (made !== null) cases.push(made);
  }
  return cases;
}

const random = createRandom(20_260_101);
write(
  'cron.json',
  "'after' is exclusive. vixie: the defaults of cron (RUN_AFTER, FIRST); plain: SKIP, BOTH. Made by make.ts from values, not from text, by laying every local time on the zone with Temporal.",
  collect(CRONS, (i) => cronCase(random, `cron-${i}`, PLACES[i % PLACES.length] ?? ['UTC', []], i % 2 === 0)),
);
write(
  'kinds.json',
  "'after' is exclusive; dst null: the defaults of each kind. Fewer than 'count' in 'expected': it has ended. Made by make.ts: lists of instants, and what the set operators make of them written out.",
  KINDS.flatMap((kind) => collect(OF_EACH_KIND, (i) => kindCase(random, kind, `${kind}-${i}`))),
);
