import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultOfRequest, faultsAt, faultsOf, withoutTouched } from '../../web/src/parts/faults.ts';
import { inputFieldsOf } from '../../web/src/form/inputFields.ts';
import { diffLines } from '../../web/src/pages/editor/lineDiff.ts';
import { compareEdits, mergeEdits, usualChoice } from '../../web/src/pages/editor/merge.ts';
import { getAt, setAt } from '../../web/src/parts/path.ts';
import { cleanSpec, copyOf, differingFields, patchOf } from '../../web/src/pages/editor/spec.ts';
import { TEMPLATES } from '../../web/src/pages/editor/templates.ts';
import { TRIGGER_KINDS, beginningOf, changeKind, heldBy, kindOf } from '../../web/src/pages/editor/triggers.ts';
import fc from '../support/properties.ts';

const CRON = { cron: { expression: '0 9 * * *' } };
const TODAY = '2026-03-01';

test('a change makes a copy along its path and shares all else; undefined takes a field or an item away', () => {
  const spec = { trigger: { anyOf: [CRON, { manual: true }] }, labels: [{ key: 'a', value: 'b' }] };
  const next = setAt(spec, ['trigger', 'anyOf', '0', 'cron', 'expression'], 'x') as typeof spec;
  assert.equal(getAt(next, ['trigger', 'anyOf', '0', 'cron', 'expression']), 'x');
  assert.equal(getAt(spec, ['trigger', 'anyOf', '0', 'cron', 'expression']), '0 9 * * *');
  assert.equal(next.labels, spec.labels);
  assert.deepEqual(getAt(setAt(spec, ['trigger', 'anyOf', '0'], undefined), ['trigger', 'anyOf']), [{ manual: true }]);
  assert.deepEqual(setAt({ a: 1, b: 2 }, ['a'], undefined), { b: 2 });
  assert.deepEqual(setAt({}, ['misfire', 'mode'], 'SKIP'), { misfire: { mode: 'SKIP' } });
});

test('what says nothing is no difference and is not sent', () => {
  const spec = { name: 'n', timeZone: 'UTC', overlapPolicy: 'SKIP', misfire: {}, labels: [], description: '', input: {} };
  assert.deepEqual(cleanSpec(spec), { name: 'n', input: {} });
  assert.deepEqual(differingFields({ name: 'n', timeZone: 'UTC' }, { name: 'n', misfire: {} }), []);
  // The order of fields in an object is none.
  assert.deepEqual(differingFields({ input: { a: 1, b: 2 } }, { input: { b: 2, a: 1 } }), []);
});

test('a patch says what differs; what is gone is null', () => {
  const before = { name: 'n', trigger: CRON, timeZone: 'Europe/Berlin', maxRuns: 3, misfire: { mode: 'SKIP' } };
  const after = { name: 'm', trigger: CRON, timeZone: 'UTC', misfire: { mode: 'SKIP', graceTime: 'PT5M' } };
  assert.deepEqual(patchOf(before, after), {
    name: 'm',
    timeZone: null,
    maxRuns: null,
    misfire: { mode: 'SKIP', graceTime: 'PT5M' },
  });
});

test('a copy has a name of its own that is no longer than names may be', () => {
  assert.equal(copyOf({ name: 'nightly' })['name'], 'nightly (copy)');
  assert.ok(String(copyOf({ name: 'x'.repeat(200) })['name']).length <= 200);
});

test('two edits of one definition: whose each change is, and none is lost unless it is given up', () => {
  const base = { name: 'n', trigger: CRON, maxRuns: 3, description: 'old' };
  const mine = { name: 'mine', trigger: CRON, maxRuns: 4, description: 'same' };
  const theirs = { name: 'n', trigger: { manual: true }, maxRuns: 5, description: 'same' };
  const changes = compareEdits(base, mine, theirs);
  assert.deepEqual(
    changes.map(({ field, by }) => [field, by]),
    [
      ['name', 'ME'],
      ['description', 'BOTH_ALIKE'],
      ['trigger', 'THEM'],
      ['maxRuns', 'BOTH'],
    ],
  );
  const merged = { name: 'mine', trigger: { manual: true }, maxRuns: 4, description: 'same' };
  assert.deepEqual(mergeEdits(theirs, changes, usualChoice), merged);
  assert.deepEqual(
    mergeEdits(theirs, changes, () => 'MINE'),
    mine,
  );
  assert.deepEqual(
    mergeEdits(theirs, changes, () => 'THEIRS'),
    theirs,
  );
});

test('what I took away stays away when mine is chosen', () => {
  const base = { name: 'n', maxRuns: 3 };
  const changes = compareEdits(base, { name: 'n' }, { name: 'theirs', maxRuns: 3 });
  assert.deepEqual(mergeEdits({ name: 'theirs', maxRuns: 3 }, changes, usualChoice), { name: 'theirs' });
});

const told = [
  { path: ['input', 'spec', 'trigger', 'cron', 'expression'], at: ['trigger', 'cron', 'expression'] },
  { path: ['input', 'patch', 'labels', '0', 'key'], at: ['labels', '0', 'key'] },
  { path: ['input', 'reason'], at: ['reason'] },
  { path: ['trigger', 'anyOf', '0', 'cron', 'expression'], at: ['trigger', 'anyOf', '0', 'cron', 'expression'] },
  { path: null, at: [] },
];
for (const { path, at } of told)
  test(`a user error at ${path?.join('.') ?? 'nothing'} is a fault of ${at.join('.') || 'the whole'}`, () => {
    assert.deepEqual(faultsOf([{ message: 'm', path }]), [{ message: 'm', path: at }]);
  });

const refused = [
  {
    rule: 'a wrong type',
    message:
      'Variable "$trigger" got invalid value 5 at "trigger.anyOf[0].cron.expression"; String cannot represent a non string value: 5',
    fault: { path: ['trigger', 'anyOf', '0', 'cron', 'expression'], message: 'String cannot represent a non string value: 5' },
  },
  {
    rule: 'a missing field',
    message:
      'Variable "$trigger" got invalid value {} at "trigger.cron"; Field "expression" of required type "String!" was not provided.',
    fault: { path: ['trigger', 'cron', 'expression'], message: 'expression is missing.' },
  },
  {
    rule: 'an unknown field',
    message:
      'Variable "$input" got invalid value { expresion: "x" } at "input.spec.trigger.cron"; Field "expresion" is not defined by type "CronTriggerInput". Did you mean "expression"?',
    fault: { path: ['trigger', 'cron', 'expresion'], message: 'There is no field expresion here. Did you mean "expression"?' },
  },
  {
    rule: 'two kinds at once',
    message: 'Variable "$trigger" got invalid value {}; Exactly one key must be specified for OneOf type "TriggerInput".',
    fault: { path: ['trigger'], message: 'Exactly one field must be given here.' },
  },
  { rule: 'anything else', message: 'The server is full.', fault: { path: [], message: 'The server is full.' } },
];
for (const { rule, message, fault } of refused)
  test(`a refused request is a fault at the field: ${rule}`, () => assert.deepEqual(faultOfRequest(message), fault));

test('a field shows its own faults, a group only those of the whole; a change takes away those it may have mended', () => {
  const faults = ['a', 'a.b', 'a.b.c', 'd'].map((key) => ({ path: key.split('.'), message: key }));
  const keys = (list: typeof faults) => list.map(({ message }) => message);
  assert.deepEqual(keys(faultsAt(faults, ['a', 'b']) as typeof faults), ['a.b', 'a.b.c']);
  assert.deepEqual(keys(faultsAt(faults, ['a', 'b'], true) as typeof faults), ['a.b']);
  assert.deepEqual(keys(withoutTouched(faults, ['a', 'b']) as typeof faults), ['d']);
});

test('each kind of trigger is known again by what it begins with', () => {
  for (const kind of TRIGGER_KINDS) assert.equal(kindOf(beginningOf(kind, TODAY)), kind);
  for (const { label, trigger } of TEMPLATES) assert.notEqual(kindOf(trigger(`${TODAY}T10:00:00`)), null, label);
});

const undrawn = [null, 5, {}, { cron: 'x' }, { cron: {}, at: {} }, { anyOf: {} }, { manual: false }, { other: {} }];
for (const trigger of undrawn)
  test(`the builder does not draw ${JSON.stringify(trigger)}`, () => assert.equal(kindOf(trigger), null));

test('a trigger that becomes one that holds others is held by it, and what a set holds stays held', () => {
  for (const kind of ['anyOf', 'allOf', 'except', 'bounded'] as const)
    assert.deepEqual(heldBy(changeKind(CRON, kind, TODAY)), [CRON], kind);
  const two = { anyOf: [CRON, { interval: { every: 'PT1M' } }] };
  assert.deepEqual(heldBy(changeKind(two, 'allOf', TODAY)), two.anyOf);
  assert.deepEqual(heldBy(changeKind(two, 'except', TODAY)), [two]);
});

const asked = [
  { schema: { type: 'string', maxLength: 300 }, ask: { as: 'TEXT', long: true, maxLength: 300 } },
  { schema: { type: 'integer', minimum: 2, maximum: 9 }, ask: { as: 'NUMBER', whole: true, min: 2, max: 9 } },
  { schema: { type: 'number' }, ask: { as: 'NUMBER', whole: false } },
  { schema: { type: 'boolean' }, ask: { as: 'YES_NO' } },
  { schema: { enum: ['a', 1, null] }, ask: { as: 'CHOICE', options: ['a', 1, null] } },
  { schema: { const: 'a' }, ask: { as: 'CHOICE', options: ['a'] } },
  { schema: { anyOf: [{ type: 'boolean' }, { type: 'null' }] }, ask: { as: 'YES_NO' } },
  { schema: { $ref: '#/$defs/flag' }, ask: { as: 'YES_NO' } },
  { schema: { anyOf: [{ type: 'string' }, { type: 'number' }] }, ask: { as: 'JSON' } },
  { schema: { type: 'object', additionalProperties: { type: 'string' } }, ask: { as: 'JSON' } },
  { schema: { type: 'array' }, ask: { as: 'JSON' } },
  { schema: { $ref: '#/$defs/self' }, ask: { as: 'JSON' } },
  { schema: {}, ask: { as: 'JSON' } },
];
for (const { schema, ask } of asked)
  test(`an input of ${JSON.stringify(schema)} is asked for as ${ask.as}`, () => {
    const $defs = { flag: { type: 'boolean' }, self: { $ref: '#/$defs/self' } };
    const fields = inputFieldsOf({
      type: 'object',
      properties: { it: { ...schema, title: 'It', default: 0 } },
      required: ['it'],
      $defs,
    });
    assert.deepEqual(fields, [{ name: 'it', label: 'It', required: true, usual: 0, ask }]);
  });

test('objects and lists are drawn with what they hold; a schema that holds itself ends as JSON', () => {
  const fields = inputFieldsOf({
    type: 'object',
    properties: {
      to: { type: 'array', items: { type: 'object', properties: { name: { type: 'string', description: 'Whose' } } } },
    },
  });
  const name = { name: 'name', label: 'name', description: 'Whose', required: false, ask: { as: 'TEXT', long: false } };
  const item = { name: '', label: '', required: true, ask: { as: 'OBJECT', fields: [name] } };
  assert.deepEqual(fields, [{ name: 'to', label: 'to', required: false, ask: { as: 'LIST', item } }]);

  const tree = { type: 'object', properties: { child: { $ref: '#' } } };
  assert.match(JSON.stringify(inputFieldsOf(tree)), /"as":"JSON"/);
  assert.equal(inputFieldsOf(null), null);
  assert.equal(inputFieldsOf({ type: 'object' }), null);
});

test('a diff keeps what both have, in order, and tells what is gone from what came', () => {
  const said = diffLines('a\nb\nc\nd', 'a\nx\nc\nd\ne').map(({ is, text }) => `${is} ${text}`);
  assert.deepEqual(said, ['SAME a', 'GONE b', 'ADDED x', 'SAME c', 'SAME d', 'ADDED e']);
  assert.deepEqual(diffLines('', 'a'), [{ is: 'ADDED', text: 'a' }]);
});

test('both texts can be read out of their diff again', () => {
  const texts = fc.array(fc.constantFrom('a', 'b', 'c'), { minLength: 1, maxLength: 12 }).map((lines) => lines.join('\n'));
  fc.assert(
    fc.property(texts, texts, (before, after) => {
      const lines = diffLines(before, after);
      const without = (is: string) =>
        lines
          .filter((line) => line.is !== is)
          .map(({ text }) => text)
          .join('\n');
      assert.equal(without('ADDED'), before);
      assert.equal(without('GONE'), after);
    }),
  );
});
