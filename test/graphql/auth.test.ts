import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeExecutableSchema } from '@graphql-tools/schema';
import { graphql, subscribe, parse } from 'graphql';
import { ROLES, roleAtLeast } from '../../src/auth/role.ts';
import type { Role } from '../../src/auth/role.ts';
import { enforceAuth } from '../../src/graphql/auth.ts';

const DIRECTIVE = 'directive @auth(role: Role!) on FIELD_DEFINITION enum Role { VIEWER OPERATOR EDITOR ADMIN }';

const as = (role: Role) => ({ viewer: { actor: { kind: 'USER' as const, id: 'u', name: null }, role } });

test('roles are ordered VIEWER < OPERATOR < EDITOR < ADMIN', () => {
  for (const [actualRank, actual] of ROLES.entries()) {
    for (const [neededRank, needed] of ROLES.entries()) {
      assert.equal(roleAtLeast(actual, needed), actualRank >= neededRank, `${actual} for ${needed}`);
    }
  }
});

test('each role may use the fields from its own role down, and is told what it lacks', async () => {
  const fields = ROLES.map((role) => `f${role}: Boolean @auth(role: ${role})`).join(' ');
  const rootValue = Object.fromEntries(ROLES.map((role) => [`f${role}`, true]));
  const schema = enforceAuth(makeExecutableSchema({ typeDefs: `${DIRECTIVE} type Query { ${fields} }` }));
  for (const actual of ROLES) {
    for (const needed of ROLES) {
      const { data, errors } = await graphql({ schema, source: `{ f${needed} }`, rootValue, contextValue: as(actual) });
      if (roleAtLeast(actual, needed)) {
        assert.equal(data?.[`f${needed}`], true);
        continue;
      }
      assert.equal(errors?.[0]?.message, `Query.f${needed} needs the role ${needed}; yours is ${actual}.`);
      assert.deepEqual(errors[0].extensions, { neededRole: needed, actualRole: actual, code: 'FORBIDDEN' });
    }
  }
});

test('a field below the root keeps its own role, in every place where its type is answered', async () => {
  const typeDefs = `${DIRECTIVE}
    interface Named { name: String }
    type Thing implements Named { name: String secret: String @auth(role: ADMIN) }
    type Query { thing: Thing @auth(role: VIEWER) named: Named @auth(role: VIEWER) }`;
  const thing = { __typename: 'Thing', name: 'n', secret: 's' };
  const schema = enforceAuth(makeExecutableSchema({ typeDefs }));
  const source = '{ thing { name secret } named { ... on Thing { name secret } } }';
  const { data, errors } = await graphql({ schema, source, rootValue: { thing, named: thing }, contextValue: as('EDITOR') });
  assert.deepEqual(JSON.parse(JSON.stringify(data)), { thing: { name: 'n', secret: null }, named: { name: 'n', secret: null } });
  assert.deepEqual(
    errors?.map((error) => error.extensions['code']),
    ['FORBIDDEN', 'FORBIDDEN'],
  );
});

test('a subscription is refused before its source is opened', async () => {
  let opened = false;
  const typeDefs = `${DIRECTIVE} type Query { a: Int @auth(role: VIEWER) } type Subscription { s: Int @auth(role: EDITOR) }`;
  const s = {
    subscribe: async function* open() {
      opened = true;
      yield { s: 1 };
    },
  };
  const schema = enforceAuth(makeExecutableSchema({ typeDefs, resolvers: { Subscription: { s } } }));
  const result = await subscribe({ schema, document: parse('subscription { s }'), contextValue: as('VIEWER') });
  assert.ok('errors' in result);
  assert.equal(result.errors?.[0]?.extensions['code'], 'FORBIDDEN');
  assert.equal(opened, false);
});

test('a context without a viewer may do nothing', async () => {
  const schema = enforceAuth(makeExecutableSchema({ typeDefs: `${DIRECTIVE} type Query { a: Int @auth(role: VIEWER) }` }));
  const { data, errors } = await graphql({ schema, source: '{ a }', rootValue: { a: 1 }, contextValue: {} });
  assert.equal(data?.['a'], null);
  assert.equal(errors?.length, 1);
});

const faulty = [
  {
    rule: 'every root field needs @auth, and all that lack it are named at once',
    types: 'type Query { a: Int } type Mutation { b: Int } type Subscription { c: Int }',
    message: /Query\.a has no @auth; Mutation\.b has no @auth; Subscription\.c has no @auth/,
  },
  {
    rule: '@auth on an interface field would not be enforced',
    types: 'interface I { a: Int @auth(role: ADMIN) } type T implements I { a: Int } type Query { t: T @auth(role: VIEWER) }',
    message: /I\.a is an interface field/,
  },
];
for (const { rule, types, message } of faulty) {
  test(`start fails: ${rule}`, () => {
    const resolverValidationOptions = { requireResolversToMatchSchema: 'ignore' as const };
    const schema = makeExecutableSchema({ typeDefs: `${DIRECTIVE} ${types}`, resolverValidationOptions });
    assert.throws(() => enforceAuth(schema), message);
  });
}

test('start fails: a role that the server does not know', () => {
  const typeDefs = 'directive @auth(role: Role!) on FIELD_DEFINITION enum Role { ROOT } type Query { a: Int @auth(role: ROOT) }';
  assert.throws(() => enforceAuth(makeExecutableSchema({ typeDefs })), /Query\.a asks for the unknown role ROOT/);
});

test('start fails: no @auth directive at all', () => {
  assert.throws(() => enforceAuth(makeExecutableSchema({ typeDefs: 'type Query { a: Int }' })), /no directive @auth/);
});
