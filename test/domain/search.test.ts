import assert from 'node:assert/strict';
import { test } from 'node:test';
import { matchesSearch } from '../../src/domain/search.ts';

const TEXTS = ['Nightly report', 'ops/report.v2', null, 'Größe 100% of a_b \\ (c) [d] $1 ^x'];
const cases = [
  { rule: 'a part of a word', search: 'repo', found: true },
  { rule: 'another case', search: 'NIGHTLY', found: true },
  { rule: 'another case, beyond ASCII', search: 'GRÖ', found: true },
  { rule: 'words in any order, in different texts', search: 'v2  nightly', found: true },
  { rule: 'one word that is nowhere', search: 'nightly v3', found: false },
  { rule: 'a word does not reach from one text into the next', search: 'reportops', found: false },
  { rule: '% is a character', search: '100%', found: true },
  { rule: '% is no wildcard', search: 'nightly%report', found: false },
  { rule: '_ is a character', search: 'a_b', found: true },
  { rule: '_ is no wildcard', search: 'a_', found: true },
  { rule: '_ is not any character', search: 'n_ghtly', found: false },
  { rule: '\\ is a character', search: '\\', found: true },
  { rule: '. is no wildcard', search: 'report.v', found: true },
  { rule: '. is not any character', search: 'report.V1', found: false },
  { rule: 'what patterns are made of', search: '(c) [d] $1 ^x', found: true },
  { rule: 'a beginning that PostgreSQL gives a meaning of its own', search: '***=a', found: false },
  { rule: 'no words', search: '  ', found: true },
];
for (const { rule, search, found } of cases) {
  test(`search: ${rule}`, () => assert.equal(matchesSearch(TEXTS, search), found));
}
