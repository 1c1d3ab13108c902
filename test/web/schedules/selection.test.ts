import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  EVERYTHING,
  NOTHING,
  addRange,
  countSelected,
  isSelected,
  rangeTo,
  toggle,
  tristate,
} from '../../../web/src/pages/schedules/selection.ts';

const choice = (n: number) => ({ id: `id-${n}`, name: `name-${n}` });
const chosen = (selection: typeof NOTHING) => [0, 1, 2, 3, 4].filter((n) => isSelected(selection, `id-${n}`));

test('a row is selected by one click and released by the next', () => {
  const once = toggle(NOTHING, choice(2), 2);
  assert.deepEqual([chosen(once), countSelected(once, 5), once.anchor], [[2], 1, 2]);
  assert.deepEqual(chosen(toggle(once, choice(2), 2)), []);
  assert.deepEqual(chosen(NOTHING), []);
});

test('a range reaches from the last click to this one, downwards and upwards, and releases nothing', () => {
  const begun = toggle(toggle(NOTHING, choice(2), 2), choice(3), 3);
  assert.deepEqual([rangeTo(begun, 4), rangeTo(begun, 1), rangeTo(NOTHING, 4)], [[3, 4], [1, 3], [4, 4]]); // prettier-ignore
  const ranged = addRange(begun, [1, 2, 3].map(choice), 1);
  assert.deepEqual([chosen(ranged), ranged.anchor], [[1, 2, 3], 1]);
});

test('of all that match, some can be left out and taken in again', () => {
  const without = toggle(EVERYTHING, choice(1), 1);
  assert.deepEqual([chosen(without), countSelected(without, 5), tristate(without, 5)], [[0, 2, 3, 4], 4, 'SOME']);
  assert.equal(tristate(toggle(without, choice(1), 1), 5), 'ALL');
  assert.deepEqual(chosen(addRange(without, [0, 1, 2].map(choice), 2)), [0, 1, 2, 3, 4]);
});

test('the box over all rows shows none, some or all', () => {
  assert.deepEqual(
    [tristate(NOTHING, 5), tristate(EVERYTHING, 5), tristate(toggle(NOTHING, choice(0), 0), 1)],
    ['NONE', 'ALL', 'ALL'],
  );
  assert.equal(tristate(EVERYTHING, 0), 'NONE');
});
