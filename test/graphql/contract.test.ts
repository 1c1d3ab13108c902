import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import {
  TypeInfo,
  buildSchema,
  getIntrospectionQuery,
  isInterfaceType,
  isObjectType,
  parse,
  printSchema,
  validate,
  visit,
  visitWithTypeInfo,
} from 'graphql';
import type { GraphQLSchema } from 'graphql';
import { createSchema } from '../../src/graphql/schema.ts';
import { startTestCarillon } from '../support/carillon.ts';
import * as operations from '../support/operations.ts';

const documents = Object.entries(operations).map(([name, text]) => ({ name, document: parse(text) }));

test('the schema that is served is schema.graphql, descriptions included', async () => {
  const contract = buildSchema(await readFile(new URL('../../schema.graphql', import.meta.url), 'utf8'));
  assert.equal(printSchema(createSchema()), printSchema(contract));
});

test('tools can introspect all of it, within the limits of an operation', async (t) => {
  const { errors } = await (await startTestCarillon(t)).ask(getIntrospectionQuery({ inputValueDeprecation: true }));
  assert.equal(errors, undefined);
});

for (const { name, document } of documents) {
  test(`the operation ${name} follows the contract`, () => {
    assert.deepEqual(validate(createSchema(), document), []);
  });
}

test('every field of the contract stands in an operation that the tests use', () => {
  const schema = createSchema();
  const asked = new Set<string>();
  const typeInfo = new TypeInfo(schema);
  for (const { document } of documents) {
    visit(
      document,
      visitWithTypeInfo(typeInfo, {
        Field() {
          const [parent, field] = [typeInfo.getParentType(), typeInfo.getFieldDef()];
          if (!parent || !field) return;
          const types = isInterfaceType(parent) ? [parent, ...schema.getPossibleTypes(parent)] : [parent];
          for (const type of types) asked.add(`${type.name}.${field.name}`);
        },
      }),
    );
  }
  assert.deepEqual(
    fieldsOf(schema).filter((field) => !asked.has(field)),
    [],
  );
});

/** Node and ChangeEvent are asked through the types that implement them. */
function fieldsOf(schema: GraphQLSchema): string[] {
  return Object.values(schema.getTypeMap()).flatMap((type) =>
    isObjectType(type) && !type.name.startsWith('__')
      ? Object.keys(type.getFields()).map((field) => `${type.name}.${field}`)
      : [],
  );
}
