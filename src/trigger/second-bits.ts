/**
 * The seconds of one day as bits: bit s & 31 of word s >> 5 is second s, and a day is 2,700 words without a rest. Sets of
 * thousands of runs ("every second second") cost here what one of ten runs costs: some microseconds for whatever is asked.
 */
export type Bits = Int32Array;

const DAY = 86_400;
const WORDS = DAY / 32;

export const emptyBits = (): Bits => new Int32Array(WORDS);

const at = (bits: Bits, word: number): number => bits[word] as number;
/** The bits from `bit` on, 0–31. */
const from = (bit: number): number => -1 << bit;
/** The bits before `bit`, 1–32. */
const before = (bit: number): number => -1 >>> (32 - bit);

/** Sets [start, end), which lies in the day and is not empty. */
export function fill(bits: Bits, start: number, end: number): void {
  const [first, last] = [start >> 5, (end - 1) >> 5];
  const tail = before(((end - 1) & 31) + 1);
  if (first === last) {
    bits[first] = at(bits, first) | (from(start & 31) & tail);
    return;
  }
  bits[first] = at(bits, first) | from(start & 31);
  bits.fill(-1, first + 1, last);
  bits[last] = at(bits, last) | tail;
}

/** Adds what `source` has in [start, end), moved by `distance`; what leaves the day is lost. `source` may be `bits` itself when the two ranges do not overlap. */
export function copyBits(bits: Bits, source: Bits, start: number, end: number, distance: number): void {
  const [low, high] = [Math.max(start, 0, -distance) + distance, Math.min(end, DAY, DAY - distance) + distance];
  if (low >= high) return;
  const [first, last] = [low >> 5, (high - 1) >> 5];
  // Second 32 × word of the target is bit `shift` of source word `word - words - 1` or the one after it.
  const words = Math.ceil(distance / 32);
  const shift = words * 32 - distance;
  for (let word = first; word <= last; word++) {
    const low32 = (source[word - words] ?? 0) >>> shift;
    let part = shift === 0 ? low32 : low32 | ((source[word - words + 1] ?? 0) << (32 - shift));
    if (word === first) part &= from(low & 31);
    if (word === last) part &= before(((high - 1) & 31) + 1);
    bits[word] = at(bits, word) | part;
  }
}

/** What is in both. */
export function andBits(a: Bits, b: Bits): Bits {
  const found = emptyBits();
  for (let word = 0; word < WORDS; word++) found[word] = at(a, word) & at(b, word);
  return found;
}

/** What is in either. */
export function orBits(a: Bits, b: Bits): Bits {
  const found = emptyBits();
  for (let word = 0; word < WORDS; word++) found[word] = at(a, word) | at(b, word);
  return found;
}

/** What is in the first and not in the second. */
export function andNotBits(a: Bits, b: Bits): Bits {
  const found = emptyBits();
  for (let word = 0; word < WORDS; word++) found[word] = at(a, word) & ~at(b, word);
  return found;
}

/** First member ≥ `second`, -1 when there is none. */
export function firstBit(bits: Bits, second: number): number {
  if (second >= DAY) return -1;
  const start = Math.max(second, 0);
  let word = start >> 5;
  let rest = at(bits, word) & from(start & 31);
  while (rest === 0) {
    if (++word >= WORDS) return -1;
    rest = at(bits, word);
  }
  return word * 32 + 31 - Math.clz32(rest & -rest);
}

/** Last member ≤ `second`, -1 when there is none. */
export function lastBit(bits: Bits, second: number): number {
  if (second < 0) return -1;
  const start = Math.min(second, DAY - 1);
  let word = start >> 5;
  let rest = at(bits, word) & before((start & 31) + 1);
  while (rest === 0) {
    if (--word < 0) return -1;
    rest = at(bits, word);
  }
  return word * 32 + 31 - Math.clz32(rest);
}

/** Members in [start, end). */
export function countBits(bits: Bits, start: number, end: number): number {
  const [low, high] = [Math.max(start, 0), Math.min(end, DAY)];
  if (low >= high) return 0;
  const [first, last] = [low >> 5, (high - 1) >> 5];
  let total = 0;
  for (let word = first; word <= last; word++) {
    let part = at(bits, word);
    if (word === first) part &= from(low & 31);
    if (word === last) part &= before(((high - 1) & 31) + 1);
    total += ones(part);
  }
  return total;
}

/** Whether there are more than so many stretches of members without a hole. */
export function hasMoreRuns(bits: Bits, most: number): boolean {
  let total = 0;
  for (let word = 0, carry = 0; word < WORDS; word++) {
    const part = at(bits, word);
    if (part !== 0) total += ones(part & ~((part << 1) | carry));
    if (total > most) return true;
    carry = part >>> 31;
  }
  return false;
}

/** The runs as start, end, start, end … */
export function edgesOf(bits: Bits): number[] {
  const edges: number[] = [];
  let carry = 0;
  for (let word = 0; word < WORDS; word++) {
    const part = at(bits, word);
    for (let changes = part ^ ((part << 1) | carry); changes !== 0; changes &= changes - 1)
      edges.push(word * 32 + 31 - Math.clz32(changes & -changes));
    carry = part >>> 31;
  }
  if (carry === 1) edges.push(DAY);
  return edges;
}

/**
 * Seconds that have a member of `bits` no more than `reach` seconds before them or on them.
 * @param covered  the seconds before this one have such a member on the day before
 */
export function reachBits(bits: Bits, reach: number, covered: number): Bits {
  let found = emptyBits();
  if (reach < 32) {
    found.set(bits);
    for (let reached = 0; reached < reach;) {
      const step = Math.min(reached + 1, reach - reached);
      const wider = found.slice();
      copyBits(wider, found, 0, DAY, step);
      [found, reached] = [wider, reached + step];
    }
    if (covered > 0) fill(found, 0, Math.min(covered, DAY));
    return found;
  }
  if (covered > 0) fill(found, 0, Math.min(covered, DAY));
  // Holes inside of one word are shorter than the reach: only the first and the last member of each word count.
  for (let word = 0, end = 0; word < WORDS; word++) {
    const part = at(bits, word);
    if (part === 0) continue;
    const start = word * 32 + 31 - Math.clz32(part & -part);
    const until = Math.min(word * 32 + 32 - Math.clz32(part) + reach, DAY);
    fill(found, Math.max(start, Math.min(end, until - 1)), until);
    end = until;
  }
  return found;
}

function ones(word: number): number {
  let v = word - ((word >>> 1) & 0x55555555);
  v = (v & 0x33333333) + ((v >>> 2) & 0x33333333);
  return Math.imul((v + (v >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
