/**
 * What one `next` costs: this calculus beside the libraries that others use, in one run, each expression parsed once and asked from
 * random instants. Medians in microseconds; the ratio is the fastest library over this calculus.
 * Usage: node bench/triggers.ts [instants]
 */
import { Cron } from 'croner';
import { CronExpressionParser } from 'cron-parser';
import { createTask } from 'node-cron';
import { compileTrigger } from '../src/trigger/compile.ts';
import { median } from './measure.ts';

const EXPRESSIONS = ['*/5 * * * *', '0 9 * * 1-5', '30 2 1 * *', '0 0 29 2 *'];
const ZONES = ['UTC', 'America/New_York'];
const FROM = Date.parse('2020-01-01T00:00:00Z');
const UNTIL = Date.parse('2040-01-01T00:00:00Z');
/** Calls measured together: one is shorter than the clock can tell. */
const BATCH = 20;
/** What takes longer than this for an expression is asked fewer times. */
const BUDGET_MS = 2_000;

/** Answers the first instant after `after`, epoch milliseconds. */
type Next = (after: number) => number | null;

function calculus(expression: string, timeZone: string): Next {
  const compiled = compileTrigger({ cron: { expression } }, { timeZone, dst: { gap: null, overlap: null }, anchorAt: 0 });
  if (!compiled.ok) throw new Error(compiled.errors.map((error) => error.message).join('; '));
  return compiled.trigger.next;
}

const LIBRARIES: Record<string, (expression: string, timeZone: string) => Next> = {
  croner(expression, timezone) {
    const cron = new Cron(expression, { timezone, paused: true });
    return (after) => cron.nextRun(new Date(after))?.getTime() ?? null;
  },
  'cron-parser'(expression, tz) {
    const cron = CronExpressionParser.parse(expression, { tz });
    return (after) => {
      cron.reset(new Date(after));
      return cron.next().getTime();
    };
  },
  /** It offers only the next one from now; what it asks itself for that takes an instant. */
  'node-cron'(expression, timezone) {
    const task = createTask(expression, () => undefined, { timezone });
    const { timeMatcher } = task as unknown as { timeMatcher: { getNextMatch(from: Date): Date | null } };
    return (after) => timeMatcher.getNextMatch(new Date(after))?.getTime() ?? null;
  },
};

/** @returns median microseconds of one call */
function measure(next: Next, instants: readonly number[]): number {
  const perCall: number[] = [];
  const startedAt = performance.now();
  for (let from = 0; from + BATCH <= instants.length && performance.now() - startedAt < BUDGET_MS; from += BATCH) {
    const before = performance.now();
    for (let index = from; index < from + BATCH; index += 1) next(instants[index] as number);
    perCall.push(((performance.now() - before) / BATCH) * 1_000);
  }
  return median(perCall);
}

/** Answers that differ from this calculus, of a few instants: another reading of daylight saving, or a fault. */
function differences(one: Next, other: Next, instants: readonly number[]): number {
  return instants.slice(0, 500).filter((instant) => one(instant) !== other(instant)).length;
}

const count = Number(process.argv[2] ?? 20_000);
if (!Number.isInteger(count) || count < BATCH) {
  console.error(`Usage: node bench/triggers.ts [instants, a whole number from ${BATCH}]`);
  process.exit(2);
}
const instants = Array.from({ length: count }, () => Math.floor(FROM + Math.random() * (UNTIL - FROM)));
const names = Object.keys(LIBRARIES);
const cell = (text: string | number) => String(text).padStart(13);
console.log(`median µs of one next(); in brackets: of 500 answers, how many differ from Carillon's. Node ${process.version}`);
console.log(`${'expression'.padEnd(16)}${'zone'.padEnd(18)}${['Carillon', ...names, 'fastest / own'].map(cell).join('')}`);
for (const zone of ZONES) {
  for (const expression of EXPRESSIONS) {
    const own = calculus(expression, zone);
    measure(own, instants.slice(0, 2_000));
    const mine = measure(own, instants);
    const others = names.map((name) => {
      const next = (LIBRARIES[name] as (typeof LIBRARIES)[string])(expression, zone);
      measure(next, instants.slice(0, 400));
      return { us: measure(next, instants), differ: differences(own, next, instants) };
    });
    const fastest = Math.min(...others.map(({ us }) => us));
    const shown = others.map(({ us, differ }) => `${us.toFixed(1)}${differ > 0 ? ` (${differ})` : ''}`);
    console.log(
      `${expression.padEnd(16)}${zone.padEnd(18)}${[mine.toFixed(2), ...shown, `${(fastest / mine).toFixed(1)}×`].map(cell).join('')}`,
    );
  }
}
