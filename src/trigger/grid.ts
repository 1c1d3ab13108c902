import { FIRST_INSTANT, LAST_INSTANT } from './trigger.ts';

/** The instants anchor + n·every for every whole n, in milliseconds. */
export interface Grid {
  anchor: number;
  every: number;
}

export function greatestDivisor(a: number, b: number): number {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
}

/** Longer than all the time there is (years 1 to 9999): a grid with this distance has one point. */
const LONGEST = 400_000_000_000_000;

/** The points of the calendar that two grids have in common, by the Chinese remainder theorem; null: there are none. */
export function meet(a: Grid, b: Grid): Grid | null {
  if (a.every === LONGEST) return hasPoint(b, a.anchor) ? a : null;
  if (b.every === LONGEST) return meet(b, a);
  const divisor = greatestDivisor(a.every, b.every);
  if ((b.anchor - a.anchor) % divisor !== 0) return null;
  // Products of two grids of 100 years do not fit into a double.
  const [every, other, common] = [BigInt(a.every), BigInt(b.every), BigInt(divisor)];
  const distance = (BigInt(b.anchor) - BigInt(a.anchor)) / common;
  const steps = modulo(distance * inverse(every / common, other / common), other / common);
  const whole = (every / common) * other;
  const anchor = modulo(BigInt(a.anchor) + steps * every, whole);
  if (whole < LONGEST) return { anchor: Number(anchor), every: Number(whole) };
  const point = [Number(anchor), Number(anchor - whole)].find((at) => at >= FIRST_INSTANT && at <= LAST_INSTANT);
  return point === undefined ? null : { anchor: point, every: LONGEST };
}

const hasPoint = ({ anchor, every }: Grid, instant: number): boolean => (instant - anchor) % every === 0;

const modulo = (value: bigint, size: bigint): bigint => ((value % size) + size) % size;

/** x with value·x ≡ 1 modulo `size`, which have no common divisor. */
function inverse(value: bigint, size: bigint): bigint {
  let [previous, rest] = [size, modulo(value, size)];
  let [x, y] = [0n, 1n];
  while (rest > 1n) {
    const quotient = previous / rest;
    [previous, rest] = [rest, previous - quotient * rest];
    [x, y] = [y, x - quotient * y];
  }
  return modulo(y, size);
}
