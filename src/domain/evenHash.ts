/**
 * A number in [0, 1) that is always the same for the same text, and spread evenly over texts, similar ones too. It is for ever: stored
 * schedules keep their instants only as long as this answers what it answered. No secret is safe in it.
 *
 * cyrb53 (bryc, public domain): two multiplicative hashes of 32 bits side by side, mixed by the finalizers of MurmurHash3.
 */
export function evenHash(text: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  for (let index = 0; index < text.length; index += 1) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  const mixedHigh = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  const mixedLow = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(mixedHigh ^ (mixedHigh >>> 13), 0xc2b2ae35);
  // 21 bits of the one before 32 of the other: all that a double holds exactly.
  return ((mixedLow & 0x1fffff) * 0x1_0000_0000 + (mixedHigh >>> 0)) / 2 ** 53;
}
