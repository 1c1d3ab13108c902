import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from '../support/properties.ts';
import { foldRuns } from '../../src/domain/foldRuns.ts';
import type { FiredRow, LedgerSpan } from '../../src/domain/foldRuns.ts';

const fired = (...instants: number[]) => instants.map((scheduledFor) => ({ scheduledFor, scheduleVersion: 1 }));
const span = (scheduledFor: number, through = scheduledFor): LedgerSpan => ({ scheduledFor, through });
const LAST: FiredRow = { id: 'last', scheduledFor: 1, through: 3, scheduleVersion: 1 };

const cases: { rule: string; rows: ReturnType<typeof foldRuns>; expected: string[] }[] = [
  { rule: 'neighbours become one row', rows: foldRuns(fired(1, 2, 3), [], null), expected: ['new 1–3 ×3'] },
  {
    rule: 'a skip between ends the row',
    rows: foldRuns(fired(1, 2, 5), [span(3, 4)], null),
    expected: ['new 1–2 ×2', 'new 5–5 ×1'],
  },
  { rule: 'a run that stays ends the row', rows: foldRuns(fired(1, 3), [span(2)], null), expected: ['new 1–1 ×1', 'new 3–3 ×1'] },
  { rule: 'what stays behind all of them does not', rows: foldRuns(fired(1, 2), [span(9)], null), expected: ['new 1–2 ×2'] },
  { rule: 'the last row goes on', rows: foldRuns(fired(5, 6), [], LAST), expected: ['last 1–6 +2'] },
  { rule: 'unless something stands between', rows: foldRuns(fired(5, 6), [span(4)], LAST), expected: ['new 5–6 ×2'] },
  {
    rule: 'and only as far as nothing does',
    rows: foldRuns(fired(5, 7), [span(6)], LAST),
    expected: ['last 1–5 +1', 'new 7–7 ×1'],
  },
  {
    rule: 'another version of the definition is another row',
    rows: foldRuns([...fired(1, 2), { scheduledFor: 3, scheduleVersion: 2 }], [], null),
    expected: ['new 1–2 ×2', 'new 3–3 ×1'],
  },
  { rule: 'also after the last row', rows: foldRuns(fired(5), [], { ...LAST, scheduleVersion: 2 }), expected: ['new 5–5 ×1'] },
  { rule: 'nothing leaves everything as it is', rows: foldRuns([], [span(4)], LAST), expected: [] },
];

for (const { rule, rows, expected } of cases) {
  test(`folding fired occurrences: ${rule}`, () => {
    const shown = rows.map(
      ({ id, scheduledFor, through, count }) => `${id ?? 'new'} ${scheduledFor}–${through} ${id ? '+' : '×'}${count}`,
    );
    assert.deepEqual(shown, expected);
  });
}

test('in batches or at once: every occurrence is counted once, and no row covers what stays', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('fired', 'kept', 'none'), { maxLength: 40 }),
      fc.array(fc.nat(40), { maxLength: 4 }),
      (kinds, cuts) => {
        const instants = (kind: string) => kinds.flatMap((each, index) => (each === kind ? [index] : []));
        const [due, kept] = [instants('fired'), instants('kept')];
        const edges = [...new Set([...cuts, Infinity])].toSorted((a, b) => a - b);
        const ledger: FiredRow[] = [];
        const counts = new Map<string, number>();
        let from = 0;
        for (const edge of edges) {
          const batch = due.filter((at) => at >= from && at < edge);
          from = edge;
          const last = ledger.findLast((row) => row.through < (batch[0] ?? Infinity)) ?? null;
          // Runs of later batches are still there.
          const there = [...kept, ...due.filter((at) => at >= edge)].toSorted((a, b) => a - b).map((at) => span(at));
          for (const row of foldRuns(
            fired(...batch),
            there.filter((each) => each.scheduledFor > (last?.through ?? -1)),
            last,
          )) {
            const id = row.id ?? `row${row.scheduledFor}`;
            const known = ledger.find((each) => each.id === id);
            if (known) known.through = row.through;
            else ledger.push({ ...row, id });
            counts.set(id, (counts.get(id) ?? 0) + row.count);
          }
        }
        for (const row of ledger) {
          const covered = (list: number[]) => list.filter((at) => at >= row.scheduledFor && at <= row.through).length;
          assert.equal(covered(due), counts.get(row.id));
          assert.equal(covered(kept), 0);
        }
        assert.equal(
          [...counts.values()].reduce((sum, count) => sum + count, 0),
          due.length,
        );
      },
    ),
  );
});
