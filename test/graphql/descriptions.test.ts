import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  buildSchema,
  getDirectiveValues,
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isIntrospectionType,
  isObjectType,
  isSpecifiedDirective,
  isSpecifiedScalarType,
} from 'graphql';
import type { GraphQLArgument, GraphQLDirective, GraphQLNamedType } from 'graphql';

/** Something that a client author can look up. */
interface Entry {
  /** Such as Query.runs(first). */
  path: string;
  /** What a description must not merely say again: its own name, and those of the type and the field that it belongs to. */
  names: string[];
  description: string | null | undefined;
}

const schema = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));

test('everything in schema.graphql has a description', () => {
  const entries = [...entriesOf(schema)];
  const bare = entries.filter(({ description }) => (description ?? '').trim() === '').map(({ path }) => path);
  assert.ok(entries.length > 1_000, `only ${entries.length} were looked at`);
  assert.deepEqual(bare, []);
});

test('no description merely repeats the name', () => {
  const empty = [...entriesOf(schema)].filter(({ description, names }) => repeats(description ?? '', names));
  assert.deepEqual(
    empty.map(({ path, description }) => `${path}: ${description}`),
    [],
  );
});

test('who needs more than VIEWER, or a token, for a field is told so: introspection does not show @auth', () => {
  const silent: string[] = [];
  for (const type of Object.values(schema.getTypeMap()).filter(isObjectType)) {
    for (const { name, astNode, description } of Object.values(type.getFields())) {
      const auth = astNode && getDirectiveValues(schema.getDirective('auth') as GraphQLDirective, astNode);
      if (auth === undefined || auth === null) continue;
      const [role, anonymous] = [auth['role'] as string, auth['anonymous'] as boolean];
      const told =
        (role === 'VIEWER' || description?.includes(role)) &&
        (anonymous || role !== 'VIEWER' || description?.includes('anonymous'));
      if (told !== true) silent.push(`${type.name}.${name}`);
    }
  }
  assert.deepEqual(silent, []);
});

const CASES: [description: string, names: string[], repeated: boolean][] = [
  ['The name.', ['Task', 'name'], true],
  ['Name of the task', ['Task', 'name'], true],
  ['Its schedules', ['Task', 'schedules'], true],
  ['The ids of these tasks', ['Task', 'id'], true],
  ['A retry policy.', ['RetryPolicy'], true],
  ['last run ended at', ['Task', 'lastRunEndedAt'], true],
  ['NOT FOUND', ['ErrorCode', 'NOT_FOUND'], true],
  ['Which is unique.', ['Task', 'key'], false],
  ['Alphabetically.', ['TaskOrderField', 'KEY'], false],
  ['Of the first entry; null when the page is empty.', ['PageInfo', 'startCursor'], false],
];
for (const [description, names, repeated] of CASES) {
  test(`"${description}" ${repeated ? 'says nothing' : 'says something'} about ${names.join('.')}`, () => {
    assert.equal(repeats(description, names), repeated);
  });
}

test('what lacks a description or says nothing is found, wherever it stands', () => {
  const bad = buildSchema(`
    directive @mark(how: Int) on FIELD_DEFINITION
    scalar Text
    enum Colour { "The red colour" RED }
    input In { size: Int }
    type Query { paint(colour: Colour): Text }`);
  const found = [...entriesOf(bad)].filter(({ description, names }) => description == null || repeats(description, names));
  const all = '@mark @mark(how) Colour Colour.RED In In.size Query Query.paint Query.paint(colour) Text';
  assert.deepEqual(found.map(({ path }) => path).sort(), all.split(' '));
});

function* entriesOf(from: typeof schema): Iterable<Entry> {
  for (const type of Object.values(from.getTypeMap())) {
    if (isIntrospectionType(type) || isSpecifiedScalarType(type)) continue;
    yield { path: type.name, names: [type.name], description: type.description };
    yield* membersOf(type);
  }
  for (const directive of from.getDirectives()) {
    if (isSpecifiedDirective(directive)) continue;
    const path = `@${directive.name}`;
    yield { path, names: [directive.name], description: directive.description };
    yield* argumentsOf(path, [directive.name], directive.args);
  }
}

function* membersOf(type: GraphQLNamedType): Iterable<Entry> {
  if (isEnumType(type)) {
    for (const { name, description } of type.getValues())
      yield { path: `${type.name}.${name}`, names: [type.name, name], description };
  } else if (isInputObjectType(type) || isObjectType(type) || isInterfaceType(type)) {
    for (const field of Object.values(type.getFields())) {
      const [path, names] = [`${type.name}.${field.name}`, [type.name, field.name]];
      yield { path, names, description: field.description };
      if ('args' in field) yield* argumentsOf(path, names, field.args);
    }
  }
}

function* argumentsOf(path: string, names: string[], args: readonly GraphQLArgument[]): Iterable<Entry> {
  for (const { name, description } of args) yield { path: `${path}(${name})`, names: [...names, name], description };
}

/** Words that tell nothing by themselves. */
const FILLERS = new Set(wordsOf('a an the this that these those of for its their it is are to in with and or'));

/** Whether nothing is left without fillers and the words of the names. */
function repeats(description: string, names: readonly string[]): boolean {
  const known = new Set(names.flatMap(wordsOf));
  return wordsOf(description).every((word) => FILLERS.has(word) || known.has(word));
}

/** In small letters and the singular; camelCase and UPPER_CASE are several words. */
function wordsOf(text: string): string[] {
  const apart = text.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return (apart.match(/[a-z\d]+/g) ?? []).map((word) => (word.length > 2 ? word.replace(/s$/, '') : word));
}
