import assert from 'node:assert/strict';
import { test } from 'node:test';
import { evenHash } from '../../src/domain/evenHash.ts';

// Stored schedules keep their instants by these: they may never change.
const forever: [text: string, hash: number][] = [
  ['', 0.37069325695158317],
  ['a', 0.8803288988526959],
  ['spread:sch_1', 0.7465212431002786],
  ['spread:sch_2', 0.04003924344194243],
  ['jitter:sch_1:1772445600000', 0.08506140234539283],
  ['jitter:sch_1:1772445660000', 0.5820300693350604],
  ['jitter:sch_1:-62135596800000', 0.40110823672051044],
  ['ü€😀', 0.22433502006373107],
];
for (const [text, hash] of forever) {
  test(`"${text}" is ${hash}, today and ever`, () => assert.equal(evenHash(text), hash));
}

const COUNT = 50_000;
const families: [name: string, texts: string[]][] = [
  ['ids that count up', Array.from({ length: COUNT }, (_, n) => `spread:sch_${n}`)],
  ['instants a minute apart', Array.from({ length: COUNT }, (_, n) => `jitter:sch_1:${Date.UTC(2026, 2, 2) + n * 60_000}`)],
  ['instants a second apart', Array.from({ length: COUNT }, (_, n) => `jitter:sch_1:${Date.UTC(2026, 2, 2) + n * 1_000}`)],
];
for (const [name, texts] of families) {
  test(`${name} are spread evenly, and neighbours have nothing to do with each other`, () => {
    const hashes = texts.map(evenHash);
    assert.ok(hashes.every((hash) => hash >= 0 && hash < 1));
    assert.equal(new Set(hashes).size, COUNT);
    const tenths = Array.from({ length: 10 }, (_, tenth) => hashes.filter((hash) => Math.floor(hash * 10) === tenth).length);
    // Chi-square of 9 degrees: above 33.7 once in ten thousand sets of real dice.
    const chi = tenths.reduce((sum, found) => sum + (found - COUNT / 10) ** 2 / (COUNT / 10), 0);
    assert.ok(chi < 33.7, `chi-square ${chi} of ${tenths.join(' ')}`);
    const mean = (of: readonly number[]) => of.reduce((sum, each) => sum + each, 0) / of.length;
    const correlation = mean(hashes.slice(1).map((hash, n) => (hash - 0.5) * ((hashes[n] as number) - 0.5))) * 12;
    assert.ok(Math.abs(correlation) < 4 / Math.sqrt(COUNT), `correlation ${correlation}`);
  });
}
