import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { parse } from 'graphql';
import type { ViewerContext } from '../../src/graphql/auth.ts';
import { startSubscription } from '../../src/graphql/subscription.ts';

const REFUSED = () => Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
const context = () => ({ viewer: { actor: { kind: 'TOKEN', id: 'tok_0', name: null }, role: 'VIEWER' } }) satisfies ViewerContext;

/** One event whose field answers these in turn, the last from then on. */
async function open(...answers: (string | (() => Error))[]) {
  let asked = 0;
  const schema = makeExecutableSchema({
    typeDefs: 'type Query { no: Int } type Tick { label: String } type Subscription { ticks: Tick! }',
    resolvers: {
      Subscription: {
        ticks: {
          async *subscribe() {
            yield { ticks: {} };
          },
        },
      },
      Tick: {
        label() {
          const answer = answers[Math.min(asked, answers.length - 1)];
          asked += 1;
          if (typeof answer === 'function') throw answer();
          return answer;
        },
      },
    },
  });
  const document = parse('subscription { ticks { label } }');
  const started = await startSubscription(schema, { document, operationName: null, variables: {} } as never, context);
  assert.ok(started.ok);
  return { results: started.results, asked: () => asked };
}

test('an event that meets an outage of the database is made anew until it is whole', async () => {
  const { results, asked } = await open(REFUSED, 'whole');
  const { value } = await results.next();
  assert.deepEqual(JSON.parse(JSON.stringify(value)), { data: { ticks: { label: 'whole' } } });
  assert.equal(asked(), 2);
});

test('any other error of a field is delivered as it is', async () => {
  const { results, asked } = await open(() => new Error('broken'), 'whole');
  const { value } = await results.next();
  assert.deepEqual([(value as { errors: Error[] }).errors[0]?.message, asked()], ['broken', 1]);
});

test('a client that leaves during an outage is waited for by nobody', async () => {
  const { results, asked } = await open(REFUSED);
  const pending = results.next();
  await results.return();
  await pending;
  const before = asked();
  assert.ok(before <= 2, 'at most the try that was under way and the one that sees the end');
});
