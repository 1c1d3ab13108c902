import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EMPTY_LOG, append, fieldsText, splitAt, textOf, viewOf, visible } from '../../web/src/pages/run/logBuffer.ts';
import type { LogLine, LogRow } from '../../web/src/pages/run/logBuffer.ts';

let places = 0;
function line(message: string, parts: Partial<LogLine> = {}): LogLine {
  places += 1;
  return {
    cursor: `c${places}`,
    at: '2026-03-02T10:00:00.250Z',
    level: 'INFO',
    message,
    attempt: 1,
    step: null,
    fields: null,
    ...parts,
  };
}
const logOf = (...lines: LogLine[]) => append(EMPTY_LOG, [{ cursor: 'end', lines, hasMorePast: false, final: false }]).lines;
const said = (rows: readonly LogRow[]) =>
  rows.map((row) =>
    row.kind === 'line' ? row.line.message : `#${row.attempt}${row.first ? '' : ' …'} ${row.step ?? ''}`.trim(),
  );

test('batches follow one another; the last cursor is where it goes on', () => {
  let log = append(EMPTY_LOG, [{ cursor: 'b1', lines: [line('one')], hasMorePast: true, final: false }]);
  assert.deepEqual([log.cursor, log.caughtUp, log.final], ['b1', false, false]);
  log = append(log, [
    { cursor: 'b2', lines: [line('two')], hasMorePast: false, final: false },
    { cursor: 'b3', lines: [], hasMorePast: false, final: true },
  ]);
  assert.deepEqual([log.cursor, log.caughtUp, log.final], ['b3', true, true]);
  assert.deepEqual(log.lines.map(({ message }) => message), ['one', 'two']); // prettier-ignore
  assert.equal(append(log, []), log);
});

const marks = [
  { rule: 'an attempt has a mark', lines: [line('a'), line('b')], rows: ['#1', 'a', 'b'] },
  { rule: 'so has each further attempt', lines: [line('a'), line('b', { attempt: 2 })], rows: ['#1', 'a', '#2', 'b'] },
  { rule: 'and each step', lines: [line('a'), line('b', { step: 's' }), line('c', { step: 's' })], rows: ['#1', 'a', '#1 … s', 'b', 'c'] },
  { rule: 'steps side by side speak in turns', lines: ['s', 't', 's'].map((name) => line(name, { step: name })), rows: ['#1 s', 's', '#1 … t', 't', '#1 … s', 's'] },
  { rule: 'what is said between steps needs none', lines: [line('a', { step: 's' }), line('b')], rows: ['#1 s', 'a', 'b'] },
]; // prettier-ignore
for (const { rule, lines, rows } of marks) {
  test(`marks: ${rule}`, () => assert.deepEqual(said(viewOf(logOf(...lines), 'TRACE', '').rows), rows));
}

test('lines below the level are left out, counted, and make no mark', () => {
  const lines = logOf(line('a', { level: 'DEBUG' }), line('b', { level: 'WARN' }), line('c', { level: 'DEBUG', attempt: 2 }));
  const view = viewOf(lines, 'WARN', '');
  assert.deepEqual([said(view.rows), view.hidden], [['#1', 'b'], 2]);
});

const searches = [
  { rule: 'in the message, whatever its case', search: 'WAREhouse', found: [1] },
  { rule: 'in fields', search: 'sku=a-17', found: [2] },
  { rule: 'in the name of the step', search: 'writing', found: [4] },
  { rule: 'nothing is found by nothing', search: '  ', found: [] },
  { rule: 'what is nowhere is not found', search: 'absent', found: [] },
];
for (const { rule, search, found } of searches) {
  test(`search: ${rule}`, () => {
    const lines = logOf(line('the warehouse'), line('price', { fields: { sku: 'A-17' } }), line('c', { step: 'writing' }));
    assert.deepEqual(viewOf(lines, 'TRACE', search).found, found);
  });
}

test('a text is parted where the search stands in it', () => {
  assert.deepEqual(splitAt('Row of rows', 'row'), ['', 'Row', ' of ', 'row', 's']);
  assert.deepEqual(splitAt('nothing', 'row'), ['nothing']);
  // One letter that is two in lower case: the places do not agree, and nothing is marked wrongly.
  assert.deepEqual(splitAt('İ row', 'row'), ['İ row']);
});

test('as text: one line each, with all that is known', () => {
  const lines = [line('copied', { fields: { files: 2 } }), line('broke\nat x', { level: 'ERROR', attempt: 2, step: 'copy' })];
  assert.equal(
    textOf(lines),
    '2026-03-02T10:00:00.250Z INFO  #1 copied {"files":2}\n2026-03-02T10:00:00.250Z ERROR #2 [copy] broke\n    at x\n',
  );
});

const hidden = [
  { rule: 'colours of terminals are left out', text: '\u001b[1;31mfailed\u001b[0m', shown: 'failed' },
  { rule: 'other sequences for terminals are seen and do nothing', text: 'a\u001b]0;title\u0007', shown: 'a␛]0;title␇' },
  { rule: 'a line does not write over itself', text: 'true\rfalse', shown: 'true␍false' },
  { rule: 'ends of lines of Windows are ends of lines', text: 'a\r\n\tb', shown: 'a\n\tb' },
  { rule: 'nothing turns the direction of the text', text: 'user\u202etxt.exe', shown: 'user\ufffdtxt.exe' },
  { rule: 'letters of all languages stay', text: 'Zürich 東京 🎼 עברית', shown: 'Zürich 東京 🎼 עברית' },
];
for (const { rule, text, shown } of hidden)
  test(`characters that are not seen: ${rule}`, () => {
    assert.equal(visible(text), shown);
    assert.equal(logOf(line(text))[0]?.message, shown);
  });

test('neither do fields, nor the log as text, hold characters that act unseen', () => {
  assert.equal(fieldsText({ path: 'a\u001b[2Jb' }), 'path=a␛[2Jb');
  assert.match(textOf([line('a\rb', { step: 'c\u001bd', fields: { e: '\u009b' } })]), /#1 \[c␛d\] a␍b \{"e":"\ufffd"\}\n$/);
});

test('10,000 lines are looked through in a moment', () => {
  const lines = logOf(...Array.from({ length: 10_000 }, (_, i) => line(`line ${i} ${'x'.repeat(150)}`, { fields: { i } })));
  const began = performance.now();
  assert.equal(viewOf(lines, 'DEBUG', 'line 9999').found.length, 1);
  assert.ok(performance.now() - began < 250);
});
