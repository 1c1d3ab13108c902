import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql } from 'graphql';
import { takeCursorFirst } from '../../src/graphql/cursorFirst.ts';

const typeDefs = 'type Query { list: String eventCursor: String }';

/** What happens, in order, when a source is asked. The cursor takes a turn of the event loop to be taken. */
async function steps(source: string): Promise<string[]> {
  const happened: string[] = [];
  let cursor: Promise<string> | undefined;
  const take = async () => {
    await new Promise(setImmediate);
    happened.push('cursor taken');
    return 'c';
  };
  const contextValue = { eventCursor: () => (cursor ??= take()) };
  const Query = { list: () => void happened.push('list read'), eventCursor: () => contextValue.eventCursor() };
  const schema = takeCursorFirst(makeExecutableSchema({ typeDefs, resolvers: { Query } }));
  assert.equal((await graphql({ schema, source, contextValue })).errors, undefined);
  return happened;
}

const cases = [
  { rule: 'the cursor is taken before a list is read that stands before it', source: '{ list eventCursor }' },
  { rule: 'and when it stands in a fragment', source: 'query { list ...F } fragment F on Query { eventCursor }' },
  { rule: 'and in an inline fragment, under another name', source: '{ list ... on Query { place: eventCursor } }' },
];
for (const { rule, source } of cases) {
  test(rule, async () => assert.deepEqual(await steps(source), ['cursor taken', 'list read']));
}

test('a list alone waits for nothing', async () => assert.deepEqual(await steps('{ list }'), ['list read']));
